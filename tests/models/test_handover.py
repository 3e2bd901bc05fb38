import errno
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from features.errors import ConflictError, UnavailableError
from models.handover import Handover

ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from models.handover import Handover
with Handover(Path(sys.argv[1])).{context}:
    print("there", flush=True)
    sys.stdin.read(1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def handover(tmp_path):
    return Handover(tmp_path)


@contextmanager
def answering(handover, problem=None):
    """Be a worker that answers the next announcement; yields what it was told."""
    told, ended = [], threading.Event()

    def work():
        with handover.joined() as worker:
            joined.set()
            while not ended.wait(0.005):
                if (announced := handover.next()) and announced not in told:
                    told.append(announced)
                    worker.reply(announced, problem)

    joined = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert joined.wait(5)
        yield told
    finally:
        ended.set()
        thread.join()


@contextmanager
def killed(handover, context):
    """Enter a context of a handover in a process that is killed in it when this one ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(context=context), str(handover.folder.parent)],
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


def files(handover):
    return sorted(path.suffix for path in handover.folder.iterdir())


def test_without_a_worker_nothing_is_announced_and_nothing_written(handover):
    with handover.announced("v1"):
        assert handover.next() is None
    assert not handover.folder.exists()


def test_every_worker_is_told_and_waited_for(handover):
    with answering(handover) as one, answering(handover) as other:
        assert len(handover.workers()) == 2
        with handover.announced("v1"):
            assert [[said.version for said in told] for told in (one, other)] == [["v1"], ["v1"]]
            assert handover.next() == one[0]
        with handover.announced("v1"):
            assert len(one) == len(other) == 2  # of the same version, and another one
        assert handover.next() is None
    assert handover.workers() == []
    assert files(handover) == []


def test_a_version_that_a_worker_cannot_load_is_refused(handover):
    with ExitStack() as stack:
        stack.enter_context(answering(handover))
        stack.enter_context(answering(handover, "no memory is left"))
        with (
            pytest.raises(ConflictError, match="cannot load model v1: no memory is left; nothing"),
            handover.announced("v1"),
        ):
            pytest.fail("it was let pass")
        assert handover.next() is None


def test_a_worker_that_says_nothing_is_not_waited_for_for_ever(handover, monkeypatch):
    monkeypatch.setattr("models.handover.PATIENCE", 0.1)
    with handover.joined(), handover.announced("v1"):
        assert len(handover.workers()) == 1


def test_a_worker_killed_while_it_is_waited_for_counts_for_nothing(handover):
    switched = threading.Event()

    def switch():
        with handover.announced("v1"):
            switched.set()

    with killed(handover, "joined()"):
        assert len(handover.workers()) == 1
        activation = threading.Thread(target=switch)
        activation.start()
        assert not switched.wait(0.2)
    activation.join()
    assert switched.is_set()
    assert files(handover) == []


def test_what_a_killed_activation_announced_ends_by_itself(handover, monkeypatch):
    with answering(handover) as told:
        with killed(handover, "announced('v1')"):
            assert [said.version for said in told] == ["v1"]
        assert handover.next() == told[0]
        with handover.announced("v2"):
            assert handover.next().version == "v2"
        with killed(handover, "announced('v3')"):
            pass
        until = handover.folder / "next.json"
        monkeypatch.setattr("models.handover.time.time", lambda: until.stat().st_mtime + 61)
        assert handover.next() is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff"])
def test_half_an_announcement_is_none(handover, content):
    handover.folder.mkdir()
    (handover.folder / "next.json").write_bytes(content)
    assert handover.next() is None


def test_on_a_full_disk_nothing_is_switched(handover, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with handover.joined():
        monkeypatch.setattr(Path, "replace", full)
        with (
            pytest.raises(UnavailableError, match=r"could not write .*next\.json: No space left"),
            handover.announced("v1"),
        ):
            pytest.fail("it was let pass")
