import json
import multiprocessing
import os
import resource
import signal
import threading
import time
from datetime import date, datetime

import dataframely as dy
import polars as pl
import pytest

import features.snapshot
from features import calendar
from features.errors import DamagedError, NotFoundError, UnavailableError
from features.tables.schema import SCHEMAS
from features.workspace import Workspace


def frame(table: str, **columns: list[object]) -> pl.DataFrame:
    """Make a table with the given columns; the others are unknown."""
    schema = SCHEMAS[table].create_empty().schema
    height = len(next(iter(columns.values())))
    missing = {name: [None] * height for name in schema if name not in columns}
    return pl.DataFrame({**missing, **columns}, schema=schema)


def zones(*ids: str) -> pl.DataFrame:
    return frame("zones", zone_id=list(ids), name=list(ids))


def enterprises(*ids: str) -> pl.DataFrame:
    return frame("enterprises", enterprise_id=list(ids), name=list(ids))


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "var")


def files(workspace):
    return sorted(path.name for path in (workspace.home / "tables").iterdir())


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


def test_what_the_project_ships_is_there_again_once_an_imported_map_is_taken_out(workspace):
    shipped = workspace.read("chains")
    table = frame("input_output", input_code=["1"], output_code=["2"], coefficient=[0.5])
    workspace.commit({"chains": shipped.head(3), "input_output": table, "zones": zones("a")})
    assert workspace.remove("table", "chains") == {"chains": 3}
    assert workspace.read("chains").equals(shipped)
    assert workspace.remove("table", "input_output") == {"input_output": 1}
    assert workspace.read("input_output").is_empty()
    assert workspace.version("input_output") == "empty"
    assert files(workspace) == ["current.json", f"zones-{workspace.version('zones')}.parquet"]


@pytest.mark.parametrize("table", ["chains", "zones", "nonsense"])
def test_a_table_that_was_not_imported_or_is_the_user_s_own_stays(workspace, table):
    workspace.commit({"zones": zones("a")})
    with pytest.raises(NotFoundError, match=f"no table '{table}' was imported"):
        workspace.remove("table", table)
    assert workspace.read("zones").height == 1


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
    monkeypatch.setitem(features.snapshot.SCHEMAS, "zones", SCHEMAS["needs"])
    with pytest.raises(DamagedError, match="is not what was imported"):
        workspace.read("zones")


def test_a_table_written_before_a_column_was_added_has_it_unknown(workspace, monkeypatch):
    class Former(dy.Schema):
        zone_id = dy.String(primary_key=True)
        name = dy.String(nullable=False)

    former = zones("a").select("zone_id", "name")
    with monkeypatch.context() as patch:
        patch.setitem(features.snapshot.SCHEMAS, "zones", Former)
        workspace.commit({"zones": former})
    assert workspace.read("zones").equals(zones("a"))


def test_a_table_without_a_column_that_must_be_filled_is_damaged(workspace, monkeypatch):
    class Former(dy.Schema):
        zone_id = dy.String(primary_key=True)

    former = zones("a").select("zone_id")
    with monkeypatch.context() as patch:
        patch.setitem(features.snapshot.SCHEMAS, "zones", Former)
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


def limit_file_size(size):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def commit_on_a_full_disk(home, answers):
    limit_file_size(2_000)
    try:
        Workspace(home).commit({"zones": zones(*(f"{i:x}" * 9 for i in range(10_000)))})
    except UnavailableError as error:
        answers.put(str(error))


def reject_on_a_full_disk(home, answers):
    limit_file_size(2_000)
    try:
        Workspace(home).replace_rejected(pl.DataFrame({"file": ["x" * 10_000]}))
    except UnavailableError as error:
        answers.put(str(error))


@pytest.mark.parametrize(
    ("write", "place"), [(commit_on_a_full_disk, "tables"), (reject_on_a_full_disk, "rejected")]
)
def test_a_full_disk_is_told_and_leaves_everything_as_it_was(workspace, write, place):
    workspace.commit({"zones": zones("a")})
    workspace.replace_rejected(pl.DataFrame({"file": ["old"]}))
    before = sorted(path for path in workspace.home.rglob("*"))
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=write, args=(workspace.home, answers))
    process.start()
    message = answers.get(timeout=60)
    process.join()
    assert message.startswith("could not write ")
    assert place in message
    assert "File too large" in message
    assert sorted(path for path in workspace.home.rglob("*")) == before
    assert workspace.read("zones").equals(zones("a"))
    assert "old" in workspace.rejected_file.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_text(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UnavailableError, match="could not write"):
        Workspace(tmp_path / "var").commit({"zones": zones("a")})


def test_a_home_that_is_a_file_is_text(tmp_path):
    home = tmp_path / "var"
    home.write_text("")
    with pytest.raises(UnavailableError, match=r"could not write .*var: File exists"):
        Workspace(home).commit({"zones": zones("a")})
    assert Workspace(home).read("zones").is_empty()


def test_an_interrupted_commit_leaves_everything_as_it_was(workspace, monkeypatch):
    workspace.commit({"zones": zones("a")})
    before = files(workspace)

    def interrupted(entries):
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace, "_replace_current", interrupted)
    with pytest.raises(KeyboardInterrupt):
        workspace.commit({"zones": zones("b")})
    assert files(workspace) == before
    assert workspace.read("zones").equals(zones("a"))


def write_until_killed(home):
    workspace = Workspace(home)
    for i in range(1_000_000):
        pair = f"{i:09}"
        workspace.commit({"zones": zones(pair), "enterprises": enterprises(pair)})


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.11])
def test_a_killed_writer_leaves_a_whole_commit(workspace, seconds):
    workspace.commit({"zones": zones("0"), "enterprises": enterprises("0")})
    process = multiprocessing.get_context("spawn").Process(
        target=write_until_killed, args=(workspace.home,)
    )
    process.start()
    while workspace.read("zones").equals(zones("0")):
        time.sleep(0.01)
    time.sleep(seconds)
    process.kill()
    process.join()
    assert workspace.read("zones")["zone_id"][0] == workspace.read("enterprises")["name"][0]
    workspace.commit({"zones": zones("1")})
    assert workspace.read("zones").equals(zones("1"))
    assert len(files(workspace)) == 3


def add_zones(home, name):
    workspace = Workspace(home)
    for i in range(20):
        with workspace.writing():
            workspace.commit({"zones": pl.concat([workspace.read("zones"), zones(f"{name}{i}")])})


def test_two_writers_lose_nothing_and_readers_see_whole_tables(workspace):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add_zones, args=(workspace.home, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    heights = [0]
    while any(writer.is_alive() for writer in writers):
        heights.append(workspace.read("zones").height)
    for writer in writers:
        writer.join()
    assert heights == sorted(heights)
    assert set(workspace.read("zones")["zone_id"]) == {f"{n}{i}" for n in "ab" for i in range(20)}


def test_a_writer_gives_up_on_a_lock_that_is_held_too_long(workspace, monkeypatch):
    monkeypatch.setattr(features.workspace, "LOCK_SECONDS", 0.05)
    other = Workspace(workspace.home)
    failures = []

    def write():
        try:
            other.commit({"zones": zones("a")})
        except UnavailableError as error:
            failures.append(str(error))

    with workspace.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert failures == [
        f"another command has been writing to {workspace.home} for over 0 s; "
        "try again when it is done"
    ]


def test_the_lock_may_be_taken_again_by_its_holder(workspace):
    with workspace.writing(), workspace.writing():
        workspace.commit({"zones": zones("a")})
    assert workspace.read("zones").height == 1


@pytest.fixture
def linked(workspace):
    """Two enterprises and two needs, each pair judged and with an event."""
    pairs = [(need, enterprise) for need in "mn" for enterprise in "ab"]
    needs, ids = ([pair[i] for pair in pairs] for i in (0, 1))
    events = {
        "event_id": ["1", "2", "3", "4"],
        "stage": ["lead"] * 4,
        "date": [date(2024, 1, 1)] * 4,
    }
    workspace.commit(
        {
            "enterprises": enterprises("a", "b"),
            "needs": frame("needs", need_id=["m", "n"], industry=["x", "y"]),
            "judgements": frame("judgements", need_id=needs, enterprise_id=ids, grade=[1] * 4),
            "events": frame("events", need_id=needs, enterprise_id=ids, **events),
        }
    )
    return workspace


def test_an_enterprise_goes_with_its_judgements_and_events(linked):
    assert linked.remove("enterprise", "a") == {"enterprises": 1, "judgements": 2, "events": 2}
    assert linked.read("enterprises")["enterprise_id"].to_list() == ["b"]
    assert linked.read("judgements")["enterprise_id"].to_list() == ["b", "b"]
    assert linked.read("events")["event_id"].to_list() == ["2", "4"]
    assert linked.read("needs").height == 2


def test_a_need_goes_with_its_judgements_and_events(linked):
    assert linked.remove("need", "m") == {"needs": 1, "judgements": 2, "events": 2}
    assert linked.read("events")["need_id"].to_list() == ["n", "n"]
    assert linked.read("enterprises").height == 2


def test_an_event_goes_alone(linked):
    assert linked.remove("event", "3") == {"events": 1}
    assert linked.read("events")["event_id"].to_list() == ["1", "2", "4"]
    assert linked.read("judgements").height == 4


@pytest.mark.parametrize("kind", ["enterprise", "need", "event"])
def test_what_is_not_there_cannot_be_removed(linked, kind):
    before = linked.pool_version
    with pytest.raises(NotFoundError, match=f"no {kind} has the id 'zz'"):
        linked.remove(kind, "zz")
    assert linked.pool_version == before


def test_an_event_without_a_need_stays_when_a_need_goes(linked):
    events = linked.read("events").with_columns(need_id=pl.lit(None, dtype=pl.String))
    linked.commit({"events": events})
    assert linked.remove("need", "m") == {"needs": 1, "judgements": 2}


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
