"""Shards in processes: lost, stopped and damaged ones."""

import multiprocessing
import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from features.errors import DamagedError
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.retrieval.spans import Span
from models.shards import shard_processes
from models.shards.open_shards import ShardTask, answer, opened
from models.shards.shard_hosts import HostLostError
from models.shards.shard_processes import ProcessHost, ShardProcesses, process_hosts
from models.shards.shards import Shard
from service.serving.by_shards import files_of
from service.serving.lifecycle.loading import load_engine
from tests.pool import HashedEncoder
from tests.waiting import SECONDS, stop, until


@pytest.fixture(scope="module")
def processes():
    with ShardProcesses(2) as processes:
        yield processes


@pytest.fixture
def host(processes):
    ((_,), (host,)) = process_hosts(processes.folder, 2)
    yield host
    host.close()


def pid(_):
    return os.getpid()


def mark(path):
    Path(path).touch()


def wait_for_end(folder):
    Path(folder, "begun").touch()
    until(Path(folder, "end").exists)


def fail(_):
    raise DamagedError("a file is cut short", got="it", expected="all of it")


def truncate_and_touch(files):
    """Truncate the files that an open shard maps, and read them, as if both happened at once."""
    shard = opened(files)
    for path in Path(files.prepared).glob("*.npy"):
        os.truncate(path, 0)
    shard.touch()


def test_workers_share_the_processes(processes, host):
    here = process_hosts(processes.folder, 2)
    pids = [own.submit(pid, None).result(SECONDS) for (own,) in here]
    assert pids == processes.pids
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(asked_from_elsewhere, (processes.folder,)) == pids[1]
    assert processes.folder.stat().st_mode & 0o077 == 0, "nobody else may send requests"


def asked_from_elsewhere(folder):
    return process_hosts(folder, 2)[1][0].submit(pid, None).result(SECONDS)


def test_an_error_of_the_shard_is_raised_here(host):
    with pytest.raises(DamagedError, match="cut short") as raised:
        host.submit(fail, None).result(SECONDS)
    assert (raised.value.got, raised.value.expected) == ("it", "all of it")


def test_a_killed_process_is_replaced_and_a_stopped_one_times_out(processes, host, tmp_path):
    own = host.submit(pid, None).result(SECONDS)
    stop(own)
    try:
        waiting = host.submit(pid, None)
        with pytest.raises(TimeoutError):
            waiting.result(0.05)
    finally:
        os.kill(own, signal.SIGCONT)
    assert waiting.result(SECONDS) == own
    begun = host.submit(wait_for_end, tmp_path)
    os.kill(own, signal.SIGKILL)
    with pytest.raises(HostLostError, match="its process was ended"):
        begun.result(SECONDS)
    other = host.submit(pid, None).result(SECONDS)
    assert other != own
    assert other in processes.pids


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch, caplog):
    start, errors = shard_processes._start, [MemoryError(), OSError("no process is left")]

    def fails_twice(own):
        if errors:
            raise errors.pop()
        return start(own)

    with ShardProcesses(1) as processes:
        ((host,),) = process_hosts(processes.folder, 1)
        (own,) = processes.pids
        monkeypatch.setattr(shard_processes, "_start", fails_twice)
        os.kill(own, signal.SIGKILL)
        until(lambda: processes.pids != [own])
        assert [host.submit(pid, None).result(SECONDS)] == processes.pids
        host.close()
    assert not errors
    assert caplog.text.count("a process of a shard could not be started") == 2


def test_a_request_that_was_cancelled_is_not_begun(host, tmp_path):
    first = host.submit(wait_for_end, tmp_path)
    until((tmp_path / "begun").exists)
    host.submit(mark, tmp_path / "cancelled").cancel()
    (tmp_path / "end").touch()
    first.result(SECONDS)
    host.submit(mark, tmp_path / "next").result(SECONDS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "end", "next"]


def test_a_process_that_takes_no_requests_does_not_block(tmp_path):
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "1-1"))
        deaf.listen(1)
        host = ProcessHost(tmp_path / "1-1")
        large = b"0" * 10_000_000
        with pytest.raises(HostLostError):
            host.submit(pid, large)
    with pytest.raises(HostLostError, match="does not take requests"):
        ProcessHost(tmp_path / "none").submit(pid, None)


def test_a_file_that_is_truncated_while_it_is_read_ends_only_the_process_of_the_shard(home, host):
    shutil.rmtree(home / "prepared", ignore_errors=True)
    workspace = Workspace(home)
    engine = load_engine(workspace, HashedEncoder())
    size = len(engine.bound.pool)
    model = ModelRegistry(workspace).folder_of(engine.model_version)
    files = files_of(workspace, model, engine.made_of, "tests.pool:HashedEncoder")(Span(0, size))
    task = ShardTask(files, Shard.size, None)
    assert host.submit(answer, task).result(SECONDS) == size
    with pytest.raises(HostLostError):
        host.submit(truncate_and_touch, files).result(SECONDS)
    with pytest.raises(DamagedError, match="is damaged"):
        host.submit(answer, task).result(SECONDS)


def test_processes_end_with_their_owner():
    with ShardProcesses(1) as processes:
        ((host,),) = process_hosts(processes.folder, 1)
        own = host.submit(pid, None).result(SECONDS)
    with pytest.raises(ProcessLookupError):
        os.kill(own, 0)
    assert not processes.folder.exists()
    with pytest.raises(HostLostError):
        host.submit(pid, None).result(SECONDS)
