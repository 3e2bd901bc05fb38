import json
from types import SimpleNamespace

import pytest

from features.workspace import Workspace
from tests.pool import NEED_IDS, STRUCK

CSV = "企业编号,企业名称,主营产品\n1,甲光电有限公司,LED灯:0.6\n2,乙食品有限公司,食醋\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "企业.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_importing_the_same_file_twice_changes_nothing(run, path, tmp_path):
    assert "read 2, added 2, replaced 0" in run("import", "enterprises", path).out
    version = Workspace(tmp_path / "home").version("enterprises")
    again = run("import", "enterprises", path)
    assert (again.code, again.err) == (0, "")
    assert "read 2, added 0, replaced 2 (2 unchanged), rejected 0" in again.out
    assert Workspace(tmp_path / "home").version("enterprises") == version


def test_json_is_one_document_and_nothing_else(run, path):
    path.write_text(CSV + "3,,\n", encoding="utf-8")
    ended = run("import", "enterprises", path, "--json")
    assert ended.code == 0
    found = json.loads(ended.out)
    assert {key: found[key] for key in ("read", "added", "replaced", "rejected")} == {
        "read": 3,
        "added": 2,
        "replaced": 0,
        "rejected": 1,
    }
    assert found["problems"][0]["row"] == 4


def test_a_bad_row_is_reported_on_stderr_and_the_good_ones_load(run, path, tmp_path):
    path.write_text(CSV + "3,,\n", encoding="utf-8")
    ended = run("import", "enterprises", path)
    assert ended.code == 0
    assert "added 2" in ended.out
    assert "row 4, 企业名称: is empty" in ended.err
    assert (tmp_path / "home" / "rejected.csv").exists()


def test_strict_loads_nothing_when_a_row_is_bad(run, path, tmp_path):
    path.write_text(CSV + "3,,\n", encoding="utf-8")
    ended = run("import", "enterprises", path, "--strict")
    assert ended.code == 1
    assert "nothing was imported: 1 of 3 rows" in ended.said
    assert Workspace(tmp_path / "home").read("enterprises").is_empty()


def test_a_dry_run_writes_nothing(run, path, tmp_path):
    ended = run("import", "enterprises", path, "--dry-run")
    assert ended.code == 0
    assert "added 2" in ended.out
    assert "nothing written" in ended.out
    assert Workspace(tmp_path / "home").read("enterprises").is_empty()


def test_an_unknown_column_is_warned_of(run, path):
    path.write_text("企业编号,企业名称,颜色\n1,甲,红\n", encoding="utf-8")
    ended = run("import", "enterprises", path)
    assert ended.code == 0
    assert "warning: " in ended.err
    assert "颜色" in ended.err


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_named(run, tmp_path, name):
    ended = run("import", "enterprises", tmp_path / name)
    assert ended.code == 1
    assert str(tmp_path / name) in ended.said


def test_a_judgement_about_nobody_is_a_bad_row(run, home, path):
    path.write_text(f"need_id,enterprise_id\n{NEED_IDS[0]},nobody\n", encoding="utf-8")
    ended = run("import", "judgements", path)
    assert "rejected 1" in ended.out
    assert "nobody" in ended.err


def test_removing_takes_effect_on_answers_at_once(run, home):
    recommend = ("recommend", "--need", NEED_IDS[0], "-k", "9999", "--json")
    before = json.loads(run(*recommend).out)
    first = before["leads"][0]["enterprise"]["enterprise_id"]
    ended = run("remove", "enterprise", first)
    assert ended.code == 0
    assert f"removed enterprise {first}: rows 1 of enterprises, 1 of judgements" in ended.out
    after = json.loads(run(*recommend).out)
    ids = [lead["enterprise"]["enterprise_id"] for lead in after["leads"]]
    assert after["total"] == before["total"] - 1
    assert first not in ids
    assert first not in json.dumps(after["leads"][0], ensure_ascii=False)


def test_removing_a_need_takes_its_judgements_along(run, home):
    ended = run("remove", "need", NEED_IDS[0], "--json")
    assert json.loads(ended.out) == {
        "kind": "need",
        "id": NEED_IDS[0],
        "removed": {"needs": 1, "judgements": 5, "events": 1},
    }
    assert run("recommend", "--need", NEED_IDS[0]).code == 1


def test_removing_an_event(run, home):
    assert run("remove", "event", "v1").code == 0
    assert Workspace(home).read("events").is_empty()


@pytest.mark.parametrize("kind", ["enterprise", "need", "event"])
def test_removing_what_is_not_there_is_a_failure(run, home, kind):
    ended = run("remove", kind, "nothing")
    assert ended.code == 1
    assert "'nothing'" in ended.said


def test_struck_off_is_found_but_never_listed(run, home):
    ended = run("recommend", "--need", NEED_IDS[0], "-k", "9999", "--json")
    assert STRUCK not in ended.out


def test_an_input_output_table_goes_in_and_out_again(run, tmp_path):
    path = tmp_path / "io.csv"
    path.write_text("input_code,input,output_code,output,coefficient\n1,煤,2,钢,0.1\n", "utf-8")
    assert "read 1, added 1" in run("import", "input_output", path).out
    ended = run("remove", "table", "input_output", "--json")
    assert json.loads(ended.out) == {
        "kind": "table",
        "id": "input_output",
        "removed": {"input_output": 1},
    }
    ended = run("remove", "table", "input_output")
    assert ended.code == 1
    assert "no table 'input_output' was imported" in ended.err


def test_own_words_take_effect_at_once(run, home, tmp_path):
    def words_of(text):
        page = json.loads(run("recommend", "--text", text, "-k", 3, "--json").out)
        return [word["word"] for word in page["understood"]["words"]]

    text = "植物专项"
    assert "精甲醇" not in words_of(text)
    own = tmp_path / "own.csv"
    own.write_text(f"concept,words\n{text},精甲醇;粗甲醇\n", encoding="utf-8")
    assert run("import", "words", own).code == 0
    assert "精甲醇" in words_of(text)
    assert run("remove", "table", "words").code == 0
    assert "精甲醇" not in words_of(text)


def test_one_judgement_is_removed_alone(run, home):
    workspace = Workspace(home)
    before = workspace.read("judgements")
    need, enterprise = before.select("need_id", "enterprise_id").row(0)
    ended = run("remove", "judgement", need, enterprise)
    assert (ended.code, ended.out) == (
        0,
        f"removed judgement {need} {enterprise}: rows 1 of judgements\n",
    )
    after = workspace.read("judgements")
    assert after.height == before.height - 1
    assert after.filter(need_id=need, enterprise_id=enterprise).is_empty()
    ended = run("remove", "judgement", need, enterprise)
    assert ended.code == 1
    assert f"no judgement of '{enterprise}' for '{need}'" in ended.said


@pytest.mark.parametrize(
    "words", [("judgement", "n"), ("need", "n", "e"), ("enterprise", "e", "n"), ("table", "a", "b")]
)
def test_a_removal_with_too_few_or_too_many_ids_is_wrong_usage(run, home, words):
    assert run("remove", *words).code == 2


def test_related_rows_are_named_and_confirmed(run, home, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    asked = []
    monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text))
    ended = run("remove", "need", NEED_IDS[0])
    assert "5 judgements and 1 events go along with need" in ended.err
    assert len(asked) == 1
    assert run("remove", "need", NEED_IDS[1], "--yes").code == 0
    assert len(asked) == 1


def test_duplicates_are_listed_joined_and_parted(run, home):
    ended = run("duplicates")
    assert ended.code == 0
    assert "same name:\n  X-twin-a  双子光电有限公司  (" in ended.out
    found = json.loads(run("duplicates", "--json").out)
    assert [(pair["why"], pair["other"]["enterprise_id"]) for pair in found["pairs"]] == [
        ("name", "X-twin-b")
    ]
    assert run("duplicates", "--join", "X-twin-b", "X-twin-a").code == 0
    found = json.loads(run("duplicates", "--json").out)
    assert found == {"pairs": [], "joined": {"X-twin-a": "X-twin-b"}}
    page = json.loads(run("recommend", "--need", NEED_IDS[0], "-k", "500", "--json").out)
    listed = [lead["enterprise"]["enterprise_id"] for lead in page["leads"]]
    assert "X-twin-b" in listed
    assert "X-twin-a" not in listed
    assert run("duplicates", "--undo", "X-twin-a").code == 0
    assert len(json.loads(run("duplicates", "--json").out)["pairs"]) == 1
    assert run("duplicates", "--join", "X-twin-b", "nobody").code == 1
    assert run("duplicates", "--join", "X-twin-b", "X-twin-a", "--undo", "x").code == 2


def test_joined_enterprises_are_removed_too(run, home):
    run("duplicates", "--join", "X-twin-a", "X-twin-b")
    assert "2 of enterprises" in run("remove", "enterprise", "X-twin-a").out
    left = Workspace(home).read("enterprises")["enterprise_id"]
    assert not {"X-twin-a", "X-twin-b"} & set(left)
