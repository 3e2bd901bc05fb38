"""Shards in processes of this machine, which the workers of a service share.

Each process answers at a socket in a folder that only this user may enter. A lost process is
started again at the same socket, where requests wait meanwhile.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import socket
import struct
import tempfile
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from models.executors import set_up
from models.shards.shard_hosts import HostLostError, HostReply, ShardHost

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")

log = logging.getLogger(__name__)

_BACKLOG = 128
_SEND_SECONDS = 1
"""Timeout for sending a request: a process that is stopped does not take it."""
_AGAIN_SECONDS = 0.5
"""Interval between the end of a process and its restart."""
_ENDED = "its process was ended"


class ShardProcesses:
    """The processes of all shards; a context, which ends them.

    Parameters
    ----------
    shards, replicas : int
        Shards, and processes for each.

    Attributes
    ----------
    folder : Path
        Of the sockets.
    """

    def __init__(self, shards: int, replicas: int = 1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lianzhao-shards-"))
        self._sockets = [
            _listening(_path(self.folder, shard, replica))
            for shard in range(shards)
            for replica in range(replicas)
        ]
        self._lock = threading.Lock()
        self._processes: list[SpawnProcess] = []
        self._closed = threading.Event()
        try:
            self._processes += [_start(own) for own in self._sockets]
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._keep, name="shard processes", daemon=True).start()

    @property
    def pids(self) -> list[int]:
        """The ids of the processes: those of the first shard, then those of the next one."""
        with self._lock:
            return [int(process.pid or 0) for process in self._processes]

    def _keep(self) -> None:
        """Start processes again that were ended."""
        failure = ""
        while not self._closed.wait(_AGAIN_SECONDS):
            try:
                with self._lock:
                    self._replace_ended()
                    sentinels = [process.sentinel for process in self._processes]
                wait(sentinels, timeout=_AGAIN_SECONDS)
                failure = ""
            # Without this thread no shard would come back: whatever is raised, it tries again.
            except Exception as error:
                if failure != repr(error):
                    log.exception("a process of a shard could not be started")
                failure = repr(error)

    def _replace_ended(self) -> None:
        for at, process in enumerate(self._processes):
            if not self._closed.is_set() and not process.is_alive():
                self._processes[at] = _start(self._sockets[at])
                process.close()

    def close(self) -> None:
        """End the processes."""
        self._closed.set()
        with self._lock:
            for process in self._processes:
                process.kill()
            for process in self._processes:
                process.join()
            for own in self._sockets:
                own.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def process_hosts(folder: Path, shards: int, replicas: int = 1) -> list[list[ProcessHost]]:
    """Return, for each shard, the hosts of its replicas, see `ShardProcesses`."""
    return [
        [ProcessHost(_path(folder, shard, replica)) for replica in range(replicas)]
        for shard in range(shards)
    ]


class ProcessHost(ShardHost):
    """A process of this machine.

    Parameters
    ----------
    path : Path
        Of its socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[Connection] = deque()

    def submit(self, work: Callable[[T], Any], task: T) -> HostReply:
        """Submit a request over a connection of its own."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connected()
        try:
            connection.send((work, task))
        except OSError as error:
            connection.close()
            self.close()
            raise HostLostError(_ENDED) from error
        return _ProcessReply(self, connection)

    def free(self, connection: Connection) -> None:
        """Keep a connection without a request for the next one."""
        self._idle.append(connection)

    def close(self) -> None:
        """Close idle connections."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _connected(self) -> Connection:
        own = socket.socket(socket.AF_UNIX)
        own.settimeout(_SEND_SECONDS)
        try:
            own.connect(str(self._path))
        except OSError as error:
            own.close()
            raise HostLostError("its process does not take requests") from error
        own.settimeout(None)
        # The timeout of Python's sockets does not reach the connection, which has the file alone.
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))
        return Connection(own.detach())


class _ProcessReply(HostReply):
    def __init__(self, host: ProcessHost, connection: Connection) -> None:
        self._host, self._connection = host, connection

    def result(self, seconds: float) -> Any:
        try:
            if not self._connection.poll(seconds):
                raise TimeoutError
            is_answer, found = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            self._connection.close()
            self._host.close()
            raise HostLostError(_ENDED) from error
        self._host.free(self._connection)
        if is_answer:
            return found
        raise found

    def cancel(self) -> None:
        self._connection.close()


def _path(folder: Path, shard: int, replica: int) -> Path:
    return folder / f"{shard + 1}-{replica + 1}"


def _listening(path: Path) -> socket.socket:
    own = socket.socket(socket.AF_UNIX)
    own.bind(str(path))
    own.listen(_BACKLOG)
    return own


def _start(own: socket.socket) -> SpawnProcess:
    # A fork of a process with threads may block for ever.
    process = multiprocessing.get_context("spawn").Process(
        target=_answer_all, args=(own, os.getpid()), daemon=True
    )
    process.start()
    return process


def _answer_all(own: socket.socket, parent: int) -> None:
    """Answer requests at a socket until this process is ended."""
    set_up(parent)
    turn = threading.Lock()
    while True:
        connected, _ = own.accept()
        connection = Connection(connected.detach())
        threading.Thread(target=_answer, args=(connection, turn), daemon=True).start()


def _answer(connection: Connection, turn: threading.Lock) -> None:
    """Answer the requests of a connection, one after another; all connections take turns."""
    with connection, suppress(EOFError, OSError):
        while True:
            work, task = connection.recv()
            with turn:
                if connection.poll():  # closed: the request was cancelled
                    return
                try:
                    reply = True, work(task)
                except Exception as error:
                    reply = False, error
            connection.send(reply)
