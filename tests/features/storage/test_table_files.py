"""A table in parts is read as it is from one file, whatever is imported, changed or damaged."""

import hashlib
import json
import multiprocessing
import shutil
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.enterprises.joining import join
from features.errors import DamagedError, UnavailableError
from features.imports.importing import import_table
from features.imports.report import Options
from features.storage import table_files
from features.storage.snapshot import OutdatedError
from features.storage.table_files import part_of
from features.workspace import Workspace
from tests.features.frames import enterprises, files, frame, zones
from tests.features.test_workspace_writing import heights_seen, limit_file_size

IDS = [f"{number:03}" for number in range(40)]


@pytest.fixture
def workspace(tmp_path):
    """Return an empty workspace that writes more than ten enterprises in parts."""
    return Workspace(tmp_path / "var", part_rows=10)


def parts(workspace):
    """Return what the list of the parts of the enterprises says."""
    entry = workspace.pointed()["enterprises"]
    return json.loads((workspace.home / "tables" / entry["file"]).read_text())["parts"]


def test_the_part_of_an_id_follows_from_its_bytes_alone():
    ids = ["", "a", "000725", "N-12ab", "91140400MA0GT1AB2C", "企业", "é"]
    hashes = [0, 3904355907, 2119533934, 233035170, 3839264573, 787016426, 235179326]
    assert part_of(pl.Series(ids), 2**31).to_list() == [own % 2**31 for own in hashes]
    assert part_of(pl.Series(ids), 4).to_list() == [own % 4 for own in hashes]


def test_parts_are_of_about_one_size():
    codes = pl.Series([f"91140400MA{number:07}X" for number in range(20_000)])
    counts = part_of(codes, 8).value_counts()["count"]
    assert counts.len() == 8
    assert counts.min() > 2_300
    assert counts.max() < 2_700


@pytest.mark.parametrize(("rows", "count"), [(11, 2), (20, 2), (21, 4), (40, 4)])
def test_beyond_its_size_a_table_is_in_a_power_of_two_of_parts(workspace, rows, count):
    workspace.commit({"enterprises": enterprises(*IDS[:rows])})
    own = parts(workspace)
    assert len(own) == count
    for number, part in enumerate(own):
        ids = pl.read_parquet(workspace.home / "tables" / part["file"])["enterprise_id"]
        assert ids.len() == part["rows"]
        assert part_of(ids, count).eq(number).all()
    assert sum(part["rows"] for part in own) == rows
    assert len(set(files(workspace))) == len({part["file"] for part in own}) + 2


def test_up_to_its_size_a_table_is_one_file_and_so_is_any_other_table(workspace, tmp_path):
    usual = Workspace(tmp_path / "usual")
    for each in (workspace, usual):
        each.commit({"enterprises": enterprises(*IDS[:10]), "zones": zones(*IDS)})
    assert files(workspace) == files(usual)
    assert [name.rpartition(".")[2] for name in files(workspace)] == ["json", *["parquet"] * 2]


def test_a_table_grows_into_parts_and_shrinks_into_a_file(workspace):
    for rows in (5, 15, 40, 15, 10):
        table = enterprises(*IDS[:rows])
        workspace.commit({"enterprises": table})
        assert workspace.read("enterprises").equals(table)
        assert Workspace(workspace.home).read("enterprises").equals(table)
    assert files(workspace) == [
        "current.json",
        f"enterprises-{workspace.version('enterprises')}.parquet",
    ]


def test_another_size_applies_from_the_next_change_on(workspace):
    workspace.commit({"enterprises": enterprises(*IDS)})
    larger = Workspace(workspace.home, part_rows=20)
    with larger.writing():
        larger.commit({"enterprises": larger.read("enterprises")[:-1]})
    assert len(parts(workspace)) == 2
    assert workspace.read("enterprises").equals(enterprises(*IDS[:-1]))
    largest = Workspace(workspace.home, part_rows=100)
    largest.commit({"enterprises": largest.read("enterprises")[:-1]})
    assert workspace.read("enterprises").equals(enterprises(*IDS[:-2]))
    assert len(files(workspace)) == 2


def test_version_follows_the_content_of_all_parts(workspace):
    table = enterprises(*IDS)
    versions = []
    for content in (table, table.with_columns(city=pl.lit("长治市")), table):
        workspace.commit({"enterprises": content})
        versions.append(workspace.version("enterprises"))
    assert versions[0] == versions[2] != versions[1]
    assert len(versions[0]) == 16


def test_the_same_content_changes_nothing(workspace):
    workspace.commit({"enterprises": enterprises(*IDS)})
    before = workspace.pointer.read_bytes()
    workspace.commit({"enterprises": enterprises(*IDS)})
    assert workspace.pointer.read_bytes() == before


def test_only_parts_that_change_are_written(workspace):
    table = enterprises(*IDS)
    workspace.commit({"enterprises": table})
    before = {path: path.stat().st_mtime_ns for path in workspace.home.glob("tables/*.parquet")}
    changed = pl.col("enterprise_id") == "007"
    of_one = pl.when(changed).then(pl.lit("长治市")).otherwise("city").alias("city")
    workspace.commit({"enterprises": table.with_columns(of_one)})
    after = {path: path.stat().st_mtime_ns for path in workspace.home.glob("tables/*.parquet")}
    assert len(before.items() & after.items()) == 3
    assert len(after) == 4
    assert workspace.read("enterprises").equals(table.with_columns(of_one))


rows_of_tables = st.dictionaries(
    st.text(st.sampled_from("aAé企0-"), min_size=1, max_size=6),
    st.tuples(
        st.text(max_size=5),
        st.none() | st.lists(st.text(max_size=3), max_size=3),
        st.none() | st.integers(0, 10**6),
        st.none() | st.dates(date(1950, 1, 1), date(2026, 1, 1)),
        st.none() | st.lists(st.tuples(st.text(max_size=4), st.none() | st.floats(0, 1))),
    ),
    min_size=1,
    max_size=30,
)


def pool(rows):
    """Make an enterprises table, ordered by id."""
    products = [
        None if own[4] is None else [{"name": name, "share": share} for name, share in own[4]]
        for own in rows.values()
    ]
    return frame(
        "enterprises",
        enterprise_id=list(rows),
        name=[own[0] for own in rows.values()],
        tags=[own[1] for own in rows.values()],
        employees=[own[2] for own in rows.values()],
        founded=[own[3] for own in rows.values()],
        products=products,
    ).sort("enterprise_id")


@settings(max_examples=40)
@given(rows_of_tables, rows_of_tables, st.integers(1, 30))
def test_any_pool_in_any_parts_is_read_as_from_one_file(first, second, part_rows):
    with TemporaryDirectory() as home:
        whole, parted = Workspace(Path(home, "whole")), Workspace(Path(home, "parted"))
        parted.part_rows = part_rows
        for table in map(pool, (first, second)):
            for workspace in (whole, parted):
                workspace.commit({"enterprises": table})
            for columns in (None, ["tags", "products"], ["enterprise_id"]):
                read = [each.read("enterprises", columns) for each in (whole, parted)]
                assert read[0].equals(read[1])
                assert read[0].schema == read[1].schema


def listed(path, rows):
    """Write a list of enterprises: id, name, city, employees."""
    text = "".join(f"{','.join(row)}\n" for row in rows)
    path.write_text(f"统一社会信用代码,企业名称,所属城市,参保人数\n{text}", "utf-8")
    return path


def test_the_same_files_give_the_same_table(workspace, tmp_path):
    usual = Workspace(tmp_path / "usual")
    rows = [(f"9114040{id_}", f"企业{id_}", "长治市", id_) for id_ in IDS]
    made = listed(tmp_path / "made.csv", [("", name, "", "") for _, name, *_ in rows[:15]])
    made.write_text(made.read_text("utf-8").replace("统一社会信用代码", "备注"), "utf-8")
    first = listed(tmp_path / "first.csv", rows[5:])
    second = listed(
        tmp_path / "second.csv",
        [(id_, name, "", "7") for id_, name, *_ in (*rows[:3], *rows[30:33])],
    )
    for path, options in (
        (made, Options()),
        (first, Options()),
        (second, Options()),
        (second, Options(replace=True)),
        (second, Options(source="名录", date=date(2026, 1, 1))),
        (first, Options(source="登记", date=date(2025, 1, 1))),
    ):
        tried = import_table(workspace, "enterprises", path, dry_run=True, options=options)
        before = workspace.read("enterprises")
        reports = [
            import_table(w, "enterprises", path, options=options) for w in (usual, workspace)
        ]
        assert tried.added == reports[1].added
        own = [(r.read, r.added, r.replaced, r.unchanged, r.rejected, r.warnings) for r in reports]
        assert own[0] == own[1]
        assert workspace.read("enterprises").equals(usual.read("enterprises"))
        assert not before.equals(workspace.read("enterprises"))
    for each in (usual, workspace):
        again = import_table(
            each, "enterprises", first, options=Options(source="登记", date=date(2025, 1, 1))
        )
        assert again.unchanged == again.read
        join(each, "9114040000", "9114040030")
        assert each.remove("enterprise", "9114040039") == {"enterprises": 1}
    assert workspace.read("enterprises").equals(usual.read("enterprises"))
    assert workspace.read("enterprises").height == len(IDS) - 2
    assert workspace.imported("enterprises").equals(usual.imported("enterprises"))
    assert len(parts(workspace)) == 4


@pytest.fixture
def damaged(workspace):
    """Return a workspace of four parts, and the path of the third of them."""
    workspace.commit({"enterprises": enterprises(*IDS), "zones": zones("a")})
    return workspace, workspace.home / "tables" / parts(workspace)[2]["file"]


def test_a_part_that_is_missing_is_named(damaged):
    workspace, path = damaged
    path.unlink()
    with pytest.raises(DamagedError, match=rf"{path.name} is missing.* and import again"):
        workspace.read("enterprises")


@pytest.mark.parametrize("how", ["cut", "flipped", "emptied", "of another version", "a folder"])
def test_a_part_that_is_not_what_was_imported_is_named(damaged, how):
    workspace, path = damaged
    content = bytearray(path.read_bytes())
    other = path.with_name(parts(workspace)[1]["file"])
    if how == "cut":
        path.write_bytes(content[:-9])
    elif how == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "a folder":
        path.unlink()
        path.mkdir()
    else:
        shutil.copy(other, path)
    for columns in (None, ["name"]):
        with pytest.raises((DamagedError, UnavailableError), match=path.name):
            workspace.read("enterprises", columns)


def test_a_list_of_parts_that_was_altered_is_named_and_its_parts_are_kept(damaged):
    workspace, path = damaged
    own = path.with_name(workspace.pointed()["enterprises"]["file"])
    content = own.read_bytes()
    before = files(workspace)
    for wrong in (content.replace(b'"rows": 1', b'"rows": 2'), content[:-5], b"{}", b"[]", b""):
        own.write_bytes(wrong)
        with pytest.raises(DamagedError, match=rf"{own.name} is not what was imported"):
            workspace.read("enterprises")
        workspace.commit({"zones": zones("a")})
    own.write_bytes(content)
    assert set(before) == set(files(workspace))
    assert workspace.read("enterprises").equals(enterprises(*IDS))


def test_a_list_of_parts_of_another_format_is_refused_by_its_format(damaged):
    workspace, path = damaged
    current = json.loads(workspace.pointer.read_text())
    own = path.with_name(current["enterprises"]["file"])
    own.write_bytes(own.read_bytes().replace(b'"format": 1', b'"format": 2'))
    current["enterprises"]["version"] = table_files.digest(own)
    workspace.pointer.write_text(json.dumps(current))
    with pytest.raises(DamagedError, match=r"has format 2, expected 1: .* another version"):
        workspace.read("enterprises")


def test_a_damaged_part_is_written_anew_by_what_replaces_the_table(damaged):
    workspace, path = damaged
    path.write_bytes(b"altered")
    workspace.commit({"enterprises": enterprises(*IDS)})
    assert workspace.read("enterprises").equals(enterprises(*IDS))


def test_a_reader_that_loses_the_race_reads_the_new_table(workspace, monkeypatch):
    workspace.commit({"enterprises": enterprises(*IDS)})
    older = workspace.snapshot()
    workspace.commit({"enterprises": enterprises(*IDS[:-1])})
    with pytest.raises(OutdatedError):
        older.read("enterprises")
    answers = iter([older.entries, workspace._entries()])
    monkeypatch.setattr(workspace, "_entries", lambda: next(answers))
    assert workspace.read("enterprises").equals(enterprises(*IDS[:-1]))


def commit_on_a_full_disk(home, answers):
    workspace = Workspace(home, part_rows=10)
    table = workspace.read("enterprises")
    # The first two parts can still be written.
    digits = "".join(hashlib.sha256(id_.encode()).hexdigest() for id_ in map(str, range(2_000)))
    long = pl.when(part_of(table["enterprise_id"], 4) == 2).then(pl.lit(digits))
    limit_file_size(60_000)
    try:
        workspace.commit({"enterprises": table.with_columns(city=long.otherwise(pl.lit("新")))})
    except UnavailableError as error:
        answers.put(str(error))


def test_a_full_disk_is_reported_and_changes_nothing(workspace):
    workspace.commit({"enterprises": enterprises(*IDS)})
    before = files(workspace)
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=commit_on_a_full_disk, args=(workspace.home, answers))
    process.start()
    message = answers.get(timeout=60)
    process.join()
    assert message.startswith("could not write ")
    assert files(workspace) == before
    assert workspace.read("enterprises").equals(enterprises(*IDS))


def write_until_killed(home):
    workspace = Workspace(home, part_rows=10)
    for number in range(1_000_000):
        every = pl.lit(str(number)).alias("city")
        workspace.commit({"enterprises": enterprises(*IDS).with_columns(every)})


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.11])
def test_a_killed_import_leaves_a_whole_table_and_its_remains_go_with_the_next(workspace, seconds):
    workspace.commit({"enterprises": enterprises(*IDS)})
    process = multiprocessing.get_context("spawn").Process(
        target=write_until_killed, args=(workspace.home,)
    )
    process.start()
    while workspace.read("enterprises", ["city"])["city"].null_count():
        time.sleep(0.01)
    time.sleep(seconds)
    process.kill()
    process.join()
    table = workspace.read("enterprises")
    assert table.height == len(IDS)
    assert table["city"].n_unique() == 1
    workspace.commit({"enterprises": enterprises(*IDS)})
    assert len(files(workspace)) == 6


def add_enterprises(home, name):
    workspace = Workspace(home, part_rows=10)
    for number in range(10):
        path = listed(
            home.parent / f"{name}.csv", [(f"91{name}{number}", name + str(number), "", "")]
        )
        import_table(workspace, "enterprises", path)


def test_two_importers_lose_nothing_and_readers_see_whole_tables(workspace):
    workspace.commit({"enterprises": enterprises(*IDS)})
    heights = heights_seen(workspace, "enterprises", add_enterprises, "AB")
    assert heights == sorted(heights)
    assert workspace.read("enterprises").height == len(IDS) + 20
