import polars as pl
import pytest

from features.enterprises import joining
from features.enterprises.removal import remove_judgement, taken_along
from features.errors import ConflictError, DamagedError, InputError, NotFoundError
from features.imports.importing import import_table
from features.storage import joins
from features.workspace import Workspace
from tests.pool import frame, tables


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(tmp_path / "home")
    known = tables()
    first = known["enterprises"].row(0, named=True)
    bare = dict.fromkeys(first) | {"enterprise_id": "OLD", "name": "旧名", "revenue": 77.0}
    rows = [*known["enterprises"].to_dicts(), bare]
    known["enterprises"] = frame("enterprises", rows).sort("enterprise_id")
    judged = known["judgements"].row(0, named=True)
    again = judged | {"enterprise_id": "OLD", "grade": 3}
    other = next(need for need in known["needs"]["need_id"] if need != judged["need_id"])
    known["judgements"] = frame(
        "judgements", [*known["judgements"].to_dicts(), again, again | {"need_id": other}]
    ).sort("need_id", "enterprise_id")
    event = known["events"].row(0, named=True) | {"event_id": "v-old", "enterprise_id": "OLD"}
    known["events"] = frame("events", [*known["events"].to_dicts(), event]).sort("event_id")
    workspace.commit(known)
    workspace.judged = judged
    return workspace


def ids(workspace, table):
    return workspace.read(table)["enterprise_id"].to_list()


def test_two_are_one_with_judgements_and_events_until_that_is_undone(workspace):
    kept, judged = workspace.judged["enterprise_id"], workspace.judged
    before = {name: workspace.read(name) for name in joins.JOINED}
    versions = {name: workspace.version(name) for name in joins.JOINED}
    pointer = workspace.pointer.stat().st_ino
    assert joining.join(workspace, kept, "OLD") == {"judgements": 2, "events": 1}
    for name in joins.JOINED:
        assert "OLD" not in ids(workspace, name)
        assert workspace.version(name) != versions[name]
        assert workspace.read(name).columns == before[name].columns
        assert workspace.read(name).schema == before[name].schema
    assert workspace.pointer.stat().st_ino != pointer
    # What somebody judged of the one that stays goes before what was judged of the other.
    of_both = workspace.read("judgements").filter(enterprise_id=kept, need_id=judged["need_id"])
    assert of_both["grade"].to_list() == [judged["grade"]]
    assert workspace.read("judgements").height == before["judgements"].height - 1
    assert workspace.read("events").filter(event_id="v-old")["enterprise_id"].to_list() == [kept]
    assert joining.undo(workspace, "OLD") == kept
    for name in joins.JOINED:
        assert workspace.read(name).equals(before[name])
        assert workspace.version(name) == versions[name]


def test_what_is_unknown_of_one_is_known_from_the_other(workspace):
    kept = workspace.judged["enterprise_id"]
    own = workspace.read("enterprises").filter(enterprise_id=kept).row(0, named=True)
    joining.join(workspace, kept, "OLD")
    now = workspace.read("enterprises").filter(enterprise_id=kept).row(0, named=True)
    assert own["revenue"] is None
    assert now == own | {"revenue": 77.0}


def test_a_chain_of_joins_ends_at_the_one_that_stays(workspace):
    one, other = ids(workspace, "enterprises")[:2]
    joining.join(workspace, other, "OLD")
    joining.join(workspace, one, other)
    assert workspace.joins.into == {"OLD": one, other: one}
    assert workspace.joins.of(one) == sorted(["OLD", other])
    assert ids(workspace, "judgements").count(one) > 1
    assert joining.undo(workspace, other) == one
    assert workspace.joins.into == {"OLD": other}
    assert joining.undo(workspace, "OLD") == other
    assert workspace.joins.into == {}


def test_what_was_judged_of_one_that_was_joined_is_removed_under_the_id_that_it_is_read_by(
    workspace,
):
    kept, need = workspace.judged["enterprise_id"], workspace.judged["need_id"]
    other = workspace.read("judgements").filter(pl.col("need_id") != need, enterprise_id="OLD")
    (other_need,) = other["need_id"]
    joining.join(workspace, kept, "OLD")
    assert taken_along(workspace, "enterprise", "OLD") == {"judgements": 2, "events": 1}
    assert remove_judgement(workspace, other_need, kept) == {"judgements": 1}
    assert remove_judgement(workspace, need, kept) == {"judgements": 2}
    joining.undo(workspace, "OLD")
    assert "OLD" not in ids(workspace, "judgements")


def test_a_join_that_cannot_be_is_refused(workspace):
    one, other = ids(workspace, "enterprises")[:2]
    for pair, error in (
        ((one, "nobody"), NotFoundError),
        (("nobody", one), NotFoundError),
        ((one, one), InputError),
    ):
        with pytest.raises(error):
            joining.join(workspace, *pair)
    joining.join(workspace, one, other)
    with pytest.raises(ConflictError, match="was joined into"):
        joining.join(workspace, "OLD", other)
    with pytest.raises(ConflictError, match="was joined into"):
        joining.join(workspace, other, "OLD")
    with pytest.raises(NotFoundError, match="was not joined"):
        joining.undo(workspace, one)


def test_an_import_may_name_either_and_changes_nothing_of_the_join(workspace, tmp_path):
    kept = workspace.judged["enterprise_id"]
    joining.join(workspace, kept, "OLD")
    path = tmp_path / "a.csv"
    need = workspace.judged["need_id"]
    path.write_text(
        f"event_id,enterprise_id,need_id,stage,date\nv9,OLD,{need},lead,2025-01-01\n", "utf-8"
    )
    assert import_table(workspace, "events", path).added == 1
    assert workspace.read("events").filter(event_id="v9")["enterprise_id"].to_list() == [kept]
    path.write_text("enterprise_id,name\nOLD,更旧名\n", "utf-8")
    assert import_table(workspace, "enterprises", path).replaced == 1
    assert "OLD" not in ids(workspace, "enterprises")
    joining.undo(workspace, "OLD")
    assert workspace.read("enterprises").filter(enterprise_id="OLD")["name"].to_list() == ["更旧名"]


def test_an_id_that_nobody_has_any_more_stands_for_nobody(workspace):
    kept = workspace.judged["enterprise_id"]
    joining.join(workspace, kept, "OLD")
    workspace.remove("enterprise", kept)
    assert "OLD" in ids(workspace, "enterprises")


def test_damaged_joins_are_reported(workspace):
    for text in ("{", '{"a": "b", "b": "a"}', '["a"]'):
        (workspace.home / "tables" / joins.FILE).write_text(text, "utf-8")
        with pytest.raises(DamagedError, match=r"joins\.json is damaged"):
            workspace.read("enterprises")
