import dataframely as dy
import pytest

import features.storage.snapshot
from features.errors import DamagedError
from features.tables.schema import SCHEMAS
from tests.features.frames import zones


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"zones": 1}', b'{"zones": {"file": 1}}'])
def test_a_damaged_list_of_tables_is_named(workspace, content):
    workspace.commit({"zones": zones("a")})
    current = workspace.home / "tables" / "current.json"
    current.write_bytes(content)
    with pytest.raises(DamagedError, match=r"current\.json is damaged"):
        workspace.read("zones")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone"])
def test_a_damaged_table_is_named(workspace, damage):
    workspace.commit({"zones": zones("a", "b")})
    path = workspace.home / "tables" / f"zones-{workspace.version('zones')}.parquet"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": content[:middle], "flip": content, "empty": b""}[damage])
    with pytest.raises(DamagedError, match=path.name):
        workspace.read("zones")


def test_a_table_of_other_columns_is_damaged(workspace, monkeypatch):
    workspace.commit({"zones": zones("a")})
    monkeypatch.setitem(features.storage.snapshot.SCHEMAS, "zones", SCHEMAS["needs"])
    with pytest.raises(DamagedError, match="is not what was imported"):
        workspace.read("zones")


def test_a_table_written_before_a_column_was_added_has_it_unknown(workspace, monkeypatch):
    class Former(dy.Schema):
        zone_id = dy.String(primary_key=True)
        name = dy.String(nullable=False)

    former = zones("a").select("zone_id", "name")
    with monkeypatch.context() as patch:
        patch.setitem(features.storage.snapshot.SCHEMAS, "zones", Former)
        workspace.commit({"zones": former})
    assert workspace.read("zones").equals(zones("a"))


def test_a_table_without_a_column_that_must_be_filled_is_damaged(workspace, monkeypatch):
    class Former(dy.Schema):
        zone_id = dy.String(primary_key=True)

    former = zones("a").select("zone_id")
    with monkeypatch.context() as patch:
        patch.setitem(features.storage.snapshot.SCHEMAS, "zones", Former)
        workspace.commit({"zones": former})
    with pytest.raises(DamagedError, match="is not what was imported"):
        workspace.read("zones")


def test_a_reader_that_loses_the_race_reads_the_new_table(workspace, monkeypatch):
    workspace.commit({"zones": zones("a")})
    old = workspace._entries()
    workspace.commit({"zones": zones("b")})
    new = workspace._entries()
    answers = iter([old, new])
    monkeypatch.setattr(workspace, "_entries", lambda: next(answers))
    assert workspace.read("zones").equals(zones("b"))
