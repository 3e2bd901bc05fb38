import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.enterprises.joining import join
from features.errors import DamagedError
from features.storage import snapshot, stored_rows
from features.storage.snapshot import OutdatedError
from features.workspace import Workspace
from tests.features.frames import enterprises

IDS = [f"{number:03}" for number in range(40)]


@pytest.fixture
def workspace(tmp_path):
    """Return a workspace whose enterprises are in four parts."""
    workspace = Workspace(tmp_path / "var", part_rows=10)
    named = enterprises(*IDS).with_columns(city=pl.concat_str("name", pl.lit("市")))
    workspace.commit({"enterprises": named})
    return workspace


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 45), st.integers(0, 50)), min_size=1, max_size=6))
def test_rows_are_those_of_the_table(workspace, monkeypatch, asked):
    monkeypatch.setattr(stored_rows, "_WINDOW", 7)
    table = workspace.read("enterprises")
    rows = workspace.snapshot().rows("enterprises")
    assert len(rows) == table.height
    for start, count in asked:
        assert rows.slice(start, count).equals(table.slice(start, count))
    chosen = ["enterprise_id", "city"]
    assert rows.select(chosen).equals(table.select(chosen))


def test_rows_in_their_order_are_read_once(workspace, monkeypatch):
    monkeypatch.setattr(stored_rows, "_WINDOW", 20)
    rows = workspace.snapshot().rows("enterprises")
    read, slice_ = [], rows._stored.slice

    def noted(start, count, columns):
        read.append((start, count))
        return slice_(start, count, columns)

    monkeypatch.setattr(rows._stored, "slice", noted)
    found = pl.concat([rows.slice(start, 5) for start in range(0, 40, 5)])
    assert found.equals(workspace.read("enterprises"))
    assert read == [(0, 20), (20, 20)]


def test_joined_enterprises_are_one(workspace):
    join(workspace, "000", "039")
    rows = workspace.snapshot().rows("enterprises")
    assert len(rows) == 39
    assert rows.slice(0, 40).equals(workspace.read("enterprises"))


def test_rows_of_tables_that_were_replaced_are_outdated(workspace):
    rows = workspace.snapshot().rows("enterprises")
    workspace.commit({"enterprises": enterprises(*IDS)})
    with pytest.raises(OutdatedError):
        rows.slice(0, 5)
    with pytest.raises(OutdatedError):
        rows.select(["name"])


def test_a_damaged_part_is_found_before_rows_are_read(workspace):
    path = sorted(workspace.home.glob("tables/*.parquet"))[2]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedError, match=path.name):
        workspace.snapshot().rows("enterprises")


def test_a_table_in_parts_of_other_types_is_refused_as_one_in_a_file(workspace, monkeypatch):
    wanted = snapshot.stored_columns
    monkeypatch.setattr(
        snapshot,
        "stored_columns",
        lambda table, chosen=None: pl.Schema({**wanted(table, chosen), "name": pl.Int64}),
    )
    for read in (workspace.snapshot().read, workspace.snapshot().rows):
        with pytest.raises(DamagedError, match="is not what was imported"):
            read("enterprises")
