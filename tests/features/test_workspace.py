import json
from datetime import date, datetime

import polars as pl
import pytest

from features import calendar
from features.tables.schema import SCHEMAS
from features.workspace import Workspace
from tests.features.frames import enterprises, files, frame, zones


def test_a_new_workspace_holds_the_shipped_chain_map_and_nothing_else(workspace):
    for table in ("enterprises", "zones", "needs", "judgements", "events", "input_output"):
        assert workspace.read(table).equals(SCHEMAS[table].create_empty())
        assert workspace.version(table) == "empty"
        assert workspace.imported_at(table) is None
    assert workspace.read("chains").height > 50
    assert len(workspace.version("chains")) == 16
    assert workspace.pool_date is None
    assert not workspace.home.exists()


def test_what_was_committed_is_read_back(workspace):
    table = enterprises("a", "b").with_columns(
        products=pl.Series([[{"name": "LED", "share": 0.5}, {"name": "灯", "share": None}], None]),
        founded=pl.Series([date(2019, 3, 1), None]),
    )
    workspace.commit({"enterprises": table})
    assert workspace.read("enterprises").equals(table)
    assert Workspace(workspace.home).read("enterprises").equals(table)


def test_several_tables_go_in_one_step(workspace):
    workspace.commit({"zones": zones("z"), "enterprises": enterprises("a")})
    assert workspace.read("zones").height == workspace.read("enterprises").height == 1


def test_version_follows_the_content(workspace):
    workspace.commit({"zones": zones("a")})
    first = workspace.version("zones")
    workspace.commit({"zones": zones("a", "b")})
    second = workspace.version("zones")
    workspace.commit({"zones": zones("a")})
    assert first != second
    assert workspace.version("zones") == first
    assert len(first) == 16


def test_the_same_content_changes_nothing(workspace):
    workspace.commit({"zones": zones("a")})
    before = (workspace.home / "tables" / "current.json").read_bytes()
    workspace.commit({"zones": zones("a")})
    assert (workspace.home / "tables" / "current.json").read_bytes() == before


def test_pool_version_follows_everything_that_answers_are_made_from(workspace):
    empty = workspace.pool_version
    tables = {
        # Who was judged unfit is left out of the list of that need.
        "judgements": frame("judgements", need_id=["n"], enterprise_id=["a"], grade=[1]),
        "zones": zones("z"),
        "enterprises": enterprises("a"),
        "events": frame(
            "events", event_id=["e"], enterprise_id=["a"], stage=["signed"], date=[date(2025, 1, 1)]
        ),
        "input_output": frame(
            "input_output", input_code=["1"], output_code=["2"], coefficient=[0.5]
        ),
    }
    for table, content in tables.items():
        before = workspace.pool_version
        workspace.commit({table: content})
        assert workspace.pool_version != before
    assert len(empty) == 16


def test_pool_date_is_the_day_of_the_import(workspace):
    workspace.commit({"enterprises": enterprises("a")})
    imported = workspace.imported_at("enterprises")
    assert workspace.pool_date == imported.date().isoformat()
    assert abs((datetime.now().astimezone() - imported).total_seconds()) < 60


def test_tables_are_as_of_the_day_when_the_last_of_them_changed(workspace):
    assert workspace.as_of is None
    workspace.commit({"enterprises": enterprises("a"), "zones": zones("a")})
    assert workspace.as_of == calendar.today()
    current = json.loads(workspace.pointer.read_text())
    for table, day in (("enterprises", "2026-03-04"), ("zones", "2026-02-01")):
        current[table]["imported_at"] = f"{day}T23:59:00+08:00"
    workspace.pointer.write_text(json.dumps(current))
    assert workspace.as_of == date(2026, 3, 4)


def test_former_files_are_removed(workspace):
    workspace.commit({"zones": zones("a")})
    (workspace.home / "tables" / ".zones.tmp").write_bytes(b"left by a killed command")
    workspace.commit({"zones": zones("b")})
    assert files(workspace) == ["current.json", f"zones-{workspace.version('zones')}.parquet"]


def test_columns_that_are_not_the_table_s_are_refused(workspace):
    with pytest.raises(TypeError, match="zones must have"):
        workspace.commit({"zones": pl.DataFrame({"zone_id": ["a"]})})


def test_a_failed_commit_leaves_everything_as_it_was(workspace):
    workspace.commit({"zones": zones("a")})
    before = files(workspace)
    with pytest.raises(TypeError):
        workspace.commit({"zones": zones("b"), "enterprises": zones("c")})
    assert files(workspace) == before
    assert workspace.read("zones").equals(zones("a"))


def test_current_json_is_as_documented(workspace):
    workspace.commit({"zones": zones("a")})
    current = json.loads((workspace.home / "tables" / "current.json").read_text())
    assert current == {
        "zones": {
            "file": f"zones-{workspace.version('zones')}.parquet",
            "rows": 1,
            "version": workspace.version("zones"),
            "imported_at": current["zones"]["imported_at"],
        }
    }
