import errno
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from features.errors import ConflictError, UnavailableError
from models.releases.rollout import Rollout

ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal, sys
from pathlib import Path
from models.releases.rollout import Rollout
with Rollout(Path(sys.argv[1])).{context}:
    print("there", flush=True)
    sys.stdin.read(1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def rollout(tmp_path):
    return Rollout(tmp_path)


@contextmanager
def answering(rollout, problem=None):
    """Act as a worker that answers the next announcement; yield the announcements."""
    told, ended = [], threading.Event()

    def work():
        with rollout.joined() as worker:
            joined.set()
            while not ended.wait(0.005):
                if (announced := rollout.next()) and announced not in told:
                    told.append(announced)
                    worker.reply(announced, problem)

    joined = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert joined.wait(60)
        yield told
    finally:
        ended.set()
        thread.join()


@contextmanager
def killed(rollout, context):
    """Enter a context of a rollout in a process that is killed in it when this one ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(context=context), str(rollout.folder.parent)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "there\n"
        yield
    finally:
        process.communicate("!")
    assert process.returncode < 0


def files(rollout):
    return sorted(path.suffix for path in rollout.folder.iterdir())


def test_without_a_worker_nothing_is_announced_and_nothing_written(rollout):
    with rollout.announced("v1"):
        assert rollout.next() is None
    assert not rollout.folder.exists()


def test_every_worker_is_notified_and_awaited(rollout):
    with answering(rollout) as one, answering(rollout) as other:
        assert len(rollout.workers()) == 2
        with rollout.announced("v1"):
            assert [[said.version for said in told] for told in (one, other)] == [["v1"], ["v1"]]
            assert rollout.next() == one[0]
        with rollout.announced("v1"):
            assert len(one) == len(other) == 2  # of the same version, and another one
        assert rollout.next() is None
    assert rollout.workers() == []
    assert files(rollout) == []


def test_a_version_that_a_worker_cannot_load_is_refused(rollout):
    with ExitStack() as stack:
        stack.enter_context(answering(rollout))
        stack.enter_context(answering(rollout, "no memory is left"))
        with (
            pytest.raises(ConflictError, match="cannot load model v1: no memory is left; nothing"),
            rollout.announced("v1"),
        ):
            pytest.fail("it was let pass")
        assert rollout.next() is None


def test_a_worker_that_says_nothing_is_not_waited_for_for_ever(rollout, monkeypatch):
    monkeypatch.setattr("models.releases.rollout.PATIENCE", 0.1)
    with rollout.joined(), rollout.announced("v1"):
        assert len(rollout.workers()) == 1


def test_a_worker_killed_while_it_is_waited_for_counts_for_nothing(rollout):
    switched = threading.Event()

    def switch():
        with rollout.announced("v1"):
            switched.set()

    with killed(rollout, "joined()"):
        assert len(rollout.workers()) == 1
        activation = threading.Thread(target=switch)
        activation.start()
        assert not switched.wait(0.2)
    activation.join()
    assert switched.is_set()
    assert files(rollout) == []


def test_what_a_killed_activation_announced_ends_by_itself(rollout, monkeypatch):
    with answering(rollout) as told:
        with killed(rollout, "announced('v1')"):
            assert [said.version for said in told] == ["v1"]
        assert rollout.next() == told[0]
        with rollout.announced("v2"):
            assert rollout.next().version == "v2"
        with killed(rollout, "announced('v3')"):
            pass
        until = rollout.folder / "next.json"
        monkeypatch.setattr("models.releases.rollout.time.time", lambda: until.stat().st_mtime + 61)
        assert rollout.next() is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff"])
def test_half_an_announcement_is_none(rollout, content):
    rollout.folder.mkdir()
    (rollout.folder / "next.json").write_bytes(content)
    assert rollout.next() is None


def test_on_a_full_disk_nothing_is_switched(rollout, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with rollout.joined():
        monkeypatch.setattr(Path, "replace", full)
        with (
            pytest.raises(UnavailableError, match=r"could not write .*next\.json: No space left"),
            rollout.announced("v1"),
        ):
            pytest.fail("it was let pass")
