"""Runs the app: workers, the embedded cache, and graceful shutdown."""

from __future__ import annotations

import contextlib
import errno
import logging
import multiprocessing
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server
from prometheus_client.multiprocess import mark_process_dead
from pydantic import SecretStr

from features.errors import ConflictError, UnavailableError, UsageError
from service import logs
from service.api.guards import check_host
from service.cache.embedded import EmbeddedServer, end_with_parent
from service.database.connection import Database
from service.database.key_store import KeyStore
from service.telemetry import MULTIPROCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI

    from service.settings import Settings

log = logging.getLogger(__name__)

_SERVING = "serving on {url} (API: {url}/docs); {asks}\n控制台 console: {url}/console"
_GRACE_SECONDS = 4
"""How long responses in progress are waited for at shutdown, which takes at most five seconds: a
client that sends half a body or does not read its response would otherwise delay it."""
_HEADER_SECONDS = 2
"""Timeout for the headers of a request: half a request line would otherwise hold up the shutdown. A
connection that is idle for this long between requests is closed too."""
_UNSEEN = (
    "note: a proxy on this machine that adds no header (X-Forwarded-For, Forwarded) cannot be "
    "seen, and gives all clients an administrator's rights; make a key before you set one "
    "up: lianzhao keys add --role administrator"
)
_OPEN_FILES = 256
"""Open files that a worker may need: model files, 32 connections to Redis, connections to the
database with three files each, and some hundred clients."""
_ARENAS = "2"
"""Arenas of glibc's malloc in a worker. With one per thread, the default, the fragments that a
former model leaves in each are never freed: some 30 MB at every change of version."""


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    build: Callable[[Settings], FastAPI] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish the responses in progress and stop.

    Parameters
    ----------
    host
        Must be a loopback address as long as there is no API key.
    port
        0 chooses a free one.
    workers
        Number of processes; each loads the model itself.
    build
        Builds the app in each worker; by default `service.api.app.create_app`.

    Raises
    ------
    UsageError
        For another host, a port out of range, or no workers.
    ConflictError
        When the port is taken.
    UnavailableError
        When the limit of open files is too low.
    """
    keyless = _is_keyless(settings)
    check_host(host, keyless=keyless)
    if workers < 1:
        raise UsageError("workers must be 1 or more", field="workers", got=workers, expected="≥ 1")
    _check_open_files()
    port = _free(host, port)
    logs.configure_service(settings.log_level)
    # A forked worker would inherit the locks of Polars' threads without the threads.
    multiprocessing.set_start_method("spawn", force=True)
    os.environ.setdefault("MALLOC_ARENA_MAX", _ARENAS)
    with contextlib.ExitStack() as stack:
        settings = stack.enter_context(_cache(settings))
        sockets = stack.enter_context(_shards(settings))
        if workers > 1:
            stack.enter_context(_shared_metrics(settings.home))
        server = Server(
            "lianzhao",
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            loop=Loops.asyncio,  # whatever else is installed
            workers=workers,
            websockets=False,
            workers_kill_timeout=_GRACE_SECONDS,
            http1_settings=HTTP1Settings(header_read_timeout=1000 * _HEADER_SECONDS),
            # A worker that is killed, for example by the OOM killer, must not take down the others.
            # Granian still exits when one dies again within seconds of its start.
            respawn_failed_workers=True,
            log_level=LogLevels.warning,
            log_dictconfig=logs.GRANIAN,
        )
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        server.on_startup(lambda: _end_on_signal(server.signal_handler_interrupt))
        asks = "without API keys, for this machine only" if keyless else "asks for API keys"
        server.on_startup(lambda: print(_SERVING.format(url=url, asks=asks), flush=True))
        if keyless:
            server.on_startup(lambda: print(_UNSEEN, file=sys.stderr, flush=True))
        load = partial(_load, build, settings, os.getpid(), sockets)
        server.serve(target_loader=load, wrap_loader=False)


def _check_open_files() -> None:
    """Raise the limit of open files if it is low, as far as this user may."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _OPEN_FILES:
        if hard != resource.RLIM_INFINITY and hard < _OPEN_FILES:
            raise UnavailableError(
                f"a process may open {hard} files here, and serving takes {_OPEN_FILES}: raise the "
                f"limit first, say with `ulimit -n {_OPEN_FILES}`",
                got=str(hard),
                expected=f"at least {_OPEN_FILES}",
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, hard))


def _is_keyless(settings: Settings) -> bool:
    """Whether the workspace has no API key; an older database is migrated first."""
    database = Database(settings.home, settings.database())
    try:
        return not KeyStore(database).list()
    finally:
        database.close()


def _end_on_signal(interrupt: Callable[[], None]) -> None:
    """Stop the server at the first SIGTERM or Ctrl-C, from a thread, and ignore later ones.

    Granian's own handler sets an event that its main loop waits for; a second signal that arrives
    while the event is being set would deadlock.
    """

    def end(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=interrupt, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _load(
    build: Callable[[Settings], FastAPI] | None,
    settings: Settings,
    parent: int,
    sockets: Path | None,
) -> FastAPI:
    """Build the app in a worker, which ends when the serving process is killed."""
    end_with_parent(parent)
    logs.configure_service(settings.log_level)
    _forget_the_dead()
    if build is None:
        from service.api.app import create_app  # only in workers: it is slow to import

        return create_app(settings, sockets=sockets)
    return build(settings)


def _forget_the_dead() -> None:
    """Remove the gauges of workers that were killed from the metrics."""
    folder = os.environ.get(MULTIPROCESS)
    for path in Path(folder).glob("gauge_live*_*.db") if folder else ():
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def _free(host: str, port: int) -> int:
    """Return the port if it is free; the server itself would silently share it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OverflowError:
            expected = "a number from 0 to 65535"
            raise UsageError(
                f"port must be {expected}, got {port}", field="port", got=port, expected=expected
            ) from None
        except OSError as error:
            stated = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error}"
            raise ConflictError(
                f"port {port} on {host} {stated}; choose another one with --port",
                field="port",
                got=port,
                expected="a free port",
            ) from None
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _cache(settings: Settings) -> Iterator[Settings]:
    """Start the embedded server if no Redis is set; go without if it is not available."""
    if settings.redis_url:
        yield settings
        return
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(EmbeddedServer())
            # The values live only as long as this server, and so does the key of their seal.
            seal = settings.cache_seal or SecretStr(secrets.token_hex(16))
            here = {"redis_url": SecretStr(server.url), "cache_seal": seal}
            settings = settings.model_copy(update=here)
        except (UnavailableError, OSError) as error:
            log.warning("answers are cached in this process only: %s", error)
        yield settings


@contextlib.contextmanager
def _shards(settings: Settings) -> Iterator[Path | None]:
    """Start the processes of shards, which all workers share; yield the folder of their sockets.

    It is None where there are no shards, or these are on a cluster.
    """
    if settings.shards == 1 or settings.shard_engine != "local":
        yield None
        return
    from models.shards.shard_processes import ShardProcesses  # slow to import

    with ShardProcesses(settings.shards, settings.shard_replicas) as processes:
        yield processes.folder


@contextlib.contextmanager
def _shared_metrics(home: Path) -> Iterator[None]:
    """Make a temporary folder in which workers share their metrics."""
    home.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=".metrics-", dir=home)
    os.environ[MULTIPROCESS] = folder
    try:
        yield
    finally:
        del os.environ[MULTIPROCESS]
        shutil.rmtree(folder, ignore_errors=True)
