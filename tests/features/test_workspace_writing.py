import multiprocessing
import os
import resource
import signal
import threading
import time

import polars as pl
import pytest

import features.workspace
from features.errors import UnavailableError
from features.workspace import Workspace
from tests.features.frames import enterprises, files, zones


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
def test_a_full_disk_is_reported_and_changes_nothing(workspace, write, place):
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
def test_a_folder_that_cannot_be_written_to_is_reported(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UnavailableError, match="could not write"):
        Workspace(tmp_path / "var").commit({"zones": zones("a")})


def test_a_home_that_is_a_file_is_reported(tmp_path):
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


def heights_seen(workspace, table, write, names):
    """Return the heights of a table as it is read while processes, one a name, write to it."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(workspace.home, name)) for name in names]
    for writer in writers:
        writer.start()
    heights = [0]
    while any(writer.is_alive() for writer in writers):
        heights.append(workspace.read(table).height)
    for writer in writers:
        writer.join()
    return heights


def test_two_writers_lose_nothing_and_readers_see_whole_tables(workspace):
    heights = heights_seen(workspace, "zones", add_zones, "ab")
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
