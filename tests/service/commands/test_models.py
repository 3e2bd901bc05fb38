import json
import re
from dataclasses import replace

import pytest

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.storage import artifact
from service.commands.manifests import RANKERS
from tests.models.storage.test_loading import seal
from tests.pool import NEED_IDS, tables
from training import publishing


@pytest.fixture
def registry(home):
    """Three versions; the second is active, and the first was before."""
    registry = ModelRegistry(Workspace(home))
    first = registry.active()
    for name in ("29990101T000000-aaaaaa", "29990102T000000-bbbbbb"):
        folder = registry.folder / name
        folder.mkdir()
        for path in registry.path(first).iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    registry.activate("29990101T000000-aaaaaa")
    return registry


def test_training_an_empty_workspace_fails_in_one_line(run, tmp_path):
    ended = run("train")
    assert ended.code == 1
    assert ended.out == ""
    assert "the workspace holds no enterprise" in ended.said
    assert not (tmp_path / "home" / "models").exists()


def test_training_prints_figures_and_activates(run, home):
    ended = run("train", "--seed", "5")
    assert ended.code == 0
    lines = ended.out.splitlines()
    at = lines.index(f"held-out needs: {len(NEED_IDS)} needs, 0 left out")
    assert lines[at + 1].split() == ["ndcg@10", "precision@10", "recall@50"]
    for label, line in zip(RANKERS.values(), lines[at + 2 :], strict=False):
        assert re.fullmatch(rf"  {label} +(\d\.\d{{3}} \[\d\.\d{{3}}, \d\.\d{{3}}\] *){{3}}", line)
    version = ModelRegistry(Workspace(home)).active()
    assert ended.out.splitlines()[-1] == f"model {version}: active"
    assert "weigh factors: 1/1" in ended.err
    assert ModelRegistry(Workspace(home)).show(version)["seed"] == 5


def test_training_replaces_an_active_version_of_another_format(run, home):
    registry = ModelRegistry(Workspace(home))
    before = registry.active()
    path = registry.path(before) / artifact.MANIFEST
    path.write_text(json.dumps(artifact.manifest(path.parent) | {"format": 1}), encoding="utf-8")
    ended = run("train")
    assert ended.code == 0
    assert registry.active() != before


def test_training_with_json_prints_one_document(run, home):
    before = ModelRegistry(Workspace(home)).active()
    ended = run("train", "--no-activate", "--json")
    found = json.loads(ended.out)
    assert found["activated"] is False
    assert "--no-activate" in found["why_not"]
    assert found["data"]["enterprises"] == tables()["enterprises"].height
    assert ModelRegistry(Workspace(home)).active() == before


def test_a_first_training_on_enterprises_alone_serves(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "enterprise_id,name,products\n1,甲光电有限公司,LED灯;LED屏\n2,乙光电有限公司,LED灯\n",
        encoding="utf-8",
    )
    run("import", "enterprises", path)
    ended = run("train")
    assert ended.code == 0
    assert "held out: nothing (too few judgements)" in ended.out
    found = json.loads(run("recommend", "--text", "LED灯", "--json").out)
    assert found["leads"][0]["enterprise"]["name"].endswith("光电有限公司")
    assert found["total"] == 2


def test_versions_are_listed_and_the_active_one_marked(run, registry):
    lines = run("models", "list").out.splitlines()
    assert [line[:24] for line in lines[:2]] == [
        "  29990102T000000-bbbbbb",
        "* 29990101T000000-aaaaaa",
    ]
    found = json.loads(run("models", "list", "--json").out)
    assert [version["active"] for version in found] == [False, True, False]


def test_without_any_version_the_list_says_what_to_do(run):
    ended = run("models", "list")
    assert (ended.code, ended.out.strip()) == (0, "no version yet: run `lianzhao train`")
    assert json.loads(run("models", "list", "--json").out) == []


def test_a_version_is_shown(run, registry):
    ended = run("models", "show", registry.active())
    assert ended.code == 0
    for said in (
        "(active)",
        "encoder: hashed-1",
        "as_of: ",
        "events: 2025-06-01 to 2025-06-01",
        "产品对应",
        "held-out enterprises",
        "split hashes: cold ",
        "numpy ",
    ):
        assert said in ended.out
    assert "cannot serve here" not in ended.out
    found = json.loads(run("models", "show", registry.active(), "--json").out)
    assert (found["active"], found["problem"]) == (True, None)
    assert found["tables"]["enterprises"]


def test_the_notes_of_training_are_printed_and_kept(run, home, monkeypatch):
    fit, note = publishing.fit, "3 events dated after 2026-01-01: left out"

    def noting(*given, **named):
        found = fit(*given, **named)
        return replace(found, interactions=replace(found.interactions, notes=(note,)))

    monkeypatch.setattr(publishing, "fit", noting)
    assert run("train").out.splitlines()[0] == f"note: {note}"
    version = ModelRegistry(Workspace(home)).active()
    assert f"note: {note}" in run("models", "show", version).out.splitlines()
    assert json.loads(run("models", "show", version, "--json").out)["notes"] == [note]


def test_a_damaged_version_is_shown_with_what_is_wrong(run, registry):
    (registry.path(registry.active()) / "blend.warm.npy").unlink()
    ended = run("models", "show", registry.active())
    assert ended.code == 0
    assert "cannot serve here: model file" in ended.out
    assert "blend.warm.npy is damaged" in run("models", "list").out


def test_a_version_for_an_older_schema_is_not_activated(run, registry):
    version = "29990102T000000-bbbbbb"
    seal(registry.path(version), schema="older")
    ended = run("models", "activate", version)
    assert ended.code == 1
    assert f"model {version} was made with the table schema older" in ended.said
    assert "nothing has changed" in ended.said
    assert registry.active() == "29990101T000000-aaaaaa"
    listed = run("models", "list").out.splitlines()[0]
    assert "made for an older table schema" in listed


def test_rolling_back_to_an_older_schema_changes_nothing(run, registry):
    before = registry.active()
    seal(registry.path(registry.list()[2]["version"]), schema="older")
    ended = run("models", "rollback")
    assert ended.code == 1
    assert "table schema older" in ended.said
    assert registry.active() == before


@pytest.fixture
def spoilt(home):
    """Return the versions of a workspace whose products now belong to other enterprises."""
    workspace = Workspace(home)
    old = workspace.read("enterprises")
    products = old.sample(fraction=1, shuffle=True, seed=1)["products"]
    workspace.commit({"enterprises": old.with_columns(products)})
    return ModelRegistry(workspace)


def test_a_worse_version_is_refused_reported_and_marked(run, spoilt):
    before = spoilt.active()
    ended = run("train")
    assert ended.code == 3
    refused = spoilt.list()[0]["version"]
    why = rf"NDCG@10 is below that of the active version {before}: .*enterprises -0\.\d+ \["
    assert re.search(why, ended.said)
    assert ended.said.startswith(f"model {refused} does not serve: NDCG@10 is below")
    assert "changed since then: enterprises; --force activates it anyway" in ended.said
    assert ended.out.splitlines()[-1] == f"model {refused}: saved, not activated"
    assert spoilt.active() == before
    lines = run("models", "list").out.splitlines()
    assert re.match(rf"  {refused}  .*; refused: NDCG@10", lines[0])
    assert re.search(why, run("models", "show", refused).out)
    ended = run("models", "activate", refused)
    assert (ended.code, ended.out) == (0, f"model {refused}: active\n")
    assert "training had refused it" in ended.err


def test_a_refusal_with_json_is_one_document_and_one_line(run, spoilt):
    ended = run("train", "--json")
    assert ended.code == 3
    found = json.loads(ended.out)
    assert (found["activated"], found["forced"]) == (False, False)
    assert found["refused"] in found["why_not"]
    assert found["why_not"] in ended.said


@pytest.mark.parametrize("how", ["cut", "needs removed", "all gone"])
def test_labels_that_vanish_do_not_take_the_guard_along(run, registry, home, how):
    workspace, before = Workspace(home), registry.active()
    rows = workspace.read("judgements")
    if how == "needs removed":
        needs = workspace.read("needs")
        for need in NEED_IDS:
            assert run("remove", "need", need).code == 0
        workspace.commit({"needs": needs})
    else:
        workspace.commit({"judgements": rows.head(4 if how == "cut" else 0)})
    ended = run("train")
    assert ended.code == 3
    assert "cannot be compared with the active version" in ended.said
    assert f"judgements has {workspace.read('judgements').height} rows, {rows.height}" in ended.err
    assert registry.active() == before
    assert run("train", "--force").code == 0
    # What is active now was never judged, and may be replaced.
    assert run("train").code == 0


def test_force_activates_it_and_is_shown(run, spoilt):
    ended = run("train", "--force")
    assert ended.code == 0
    version = spoilt.active()
    assert ended.out.splitlines()[-1] == f"model {version}: active"
    assert "; forced; refused: NDCG@10" in run("models", "list").out.splitlines()[0]
    assert "forced: activated by --force, in spite of that" in run("models", "show", version).out
    assert json.loads(run("models", "show", version, "--json").out)["forced"] is True


def test_two_versions_are_compared_over_the_needs_of_both(run, spoilt):
    before = spoilt.active()
    run("train")
    after = spoilt.list()[0]["version"]
    found = json.loads(run("models", "compare", before, after, "--json").out)
    assert found["changed_tables"] == ["enterprises"]
    assert found["same_splits"] is False  # pairs are drawn by content, which has changed
    assert found["kinds"]["cold"]["needs"] == len(NEED_IDS)
    assert found["kinds"]["warm"]["ndcg@10"]["difference"]["high"] < 0
    told = run("models", "compare", after, before).out
    assert "trained on: other enterprises" in told
    lines = told.splitlines()
    at = lines.index(f"held-out enterprises: {len(NEED_IDS)} needs judged for both")
    assert re.fullmatch(r"  ndcg@10 +0\.\d+ +\d\.\d+ +0\.\d+ \[0.*\]", lines[at + 2])
    assert "the same tables" in run("models", "compare", before, before).out


def test_what_keeps_no_figures_need_by_need_is_not_compared(run, registry):
    version = registry.active()
    facts = artifact.manifest(registry.path(version))
    del facts["judged"]
    older = "29990103T000000-cccccc"
    artifact.save(registry.folder / older, artifact.load(registry.path(version)), facts)
    ended = run("models", "compare", version, older)
    assert ended.code == 1
    assert f"model {older} has no figures per need" in ended.said


def test_activate_and_rollback(run, registry):
    assert run("models", "activate", "29990102T000000-bbbbbb").code == 0
    assert registry.active() == "29990102T000000-bbbbbb"
    assert run("models", "rollback").out == "model 29990101T000000-aaaaaa: active\n"
    assert run("models", "rollback").code == 0
    ended = run("models", "rollback")
    assert ended.code == 1
    assert "no version to roll back to" in ended.said


@pytest.mark.parametrize("command", ["show", "activate"])
def test_an_unknown_version_is_a_failure(run, registry, command):
    ended = run("models", command, "v9")
    assert ended.code == 1
    assert "no model version 'v9'" in ended.said


def test_pruning_keeps_the_active_version(run, registry):
    pools = registry.workspace.home / "prepared"
    for version in registry.list():
        (pools / version["version"] / "0").mkdir(parents=True)
    ended = run("models", "prune", "--keep", "1")
    assert ended.code == 0
    # All three stay: the newest, the active one, and the one that a rollback returns to.
    assert ended.out == "deleted 0\n"
    assert run("models", "rollback").code == 0
    assert run("models", "prune", "--keep", "0").out.startswith("deleted 2: ")
    assert {path.name for path in pools.iterdir()} == {each["version"] for each in registry.list()}
    assert len(registry.list()) == 1
    assert run("models", "prune", "--keep", "1").out == "deleted 0\n"


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_seed_that_no_generator_takes_is_wrong_usage(run, registry, command):
    protocol = ["--protocol", "cold-need"] if command == "evaluate" else []
    assert run(command, *protocol, "--seed", 2**32).code == 2


def test_a_damaged_model_is_reported_in_one_line_with_the_file(run, registry):
    path = registry.path(registry.active()) / "space.lsa.directions.npy"
    path.write_bytes(path.read_bytes()[:-4])
    ended = run("recommend", "--need", NEED_IDS[0])
    assert ended.code == 1
    assert str(path) in ended.said


def test_settings_are_set_kept_and_text(run, home):
    ended = run("train", "--set", "hybrid.components=7", "--set", "hybrid.epochs=2", "--json")
    assert ended.code == 0
    done = json.loads(ended.out)
    assert done["settings"]["hybrid"]["components"] == 7
    shown = json.loads(run("models", "show", done["version"], "--json").out)
    assert shown["settings"] == done["settings"]
    told = run("models", "show", done["version"]).out
    assert "settings: hybrid.components=7, hybrid.epochs=2" in told.splitlines()


def test_a_wrong_setting_is_wrong_usage_and_nothing_is_trained(run, home):
    before = run("models", "list", "--json").out
    ended = run("train", "--set", "hybrid.components=zero")
    assert ended.code == 2
    assert ended.said == (
        "--set hybrid.components must be a whole number from 1 to 1024; got 'zero'"
    )
    assert run("models", "list", "--json").out == before


def test_training_on_refusals_alone_says_so(run, tmp_path):
    path = tmp_path / "a.csv"
    for table, text in {
        "enterprises": "enterprise_id,name,products\n1,甲光电公司,LED灯\n2,乙光电公司,LED灯\n",
        "needs": "need_id,industry\nn,LED灯\n",
        "judgements": "need_id,enterprise_id,grade\nn,1,0\n",
    }.items():
        path.write_text(text, encoding="utf-8")
        assert run("import", table, path).code == 0
    ended = run("train")
    assert "note: every judgement says no (1)" in ended.out
    assert "held out: nothing (every judgement says no)" in ended.out
    told = run("recommend", "--need", "n").out
    assert "甲光电公司" not in told
    assert "评定为不合适 1 家（--include signed,local,unfit 可列出）" in told
    page = json.loads(run("recommend", "--need", "n", "--json").out)
    assert page["left_out"] == {"unfit": 1}
    assert [lead["enterprise"]["enterprise_id"] for lead in page["leads"]] == ["2"]


@pytest.mark.parametrize("shards", [1, 2])
def test_a_version_is_prepared_ahead_of_time_by_several_workers(run, home, tmp_path, shards):
    ended = run("models", "prepare", "--json", "--shards", shards)
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert (told["enterprises"], told["workers"]) == (tables()["enterprises"].height, shards)
    (folder,) = (home / "prepared" / told["version"]).glob("[!.]*")
    before = folder.stat().st_mtime_ns
    assert run("models", "prepare").code == 0, "what is there is kept"
    assert folder.stat().st_mtime_ns == before
    assert run("models", "prepare", "v0").code == 1
