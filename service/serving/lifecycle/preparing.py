"""Prepares a version before it becomes active, in a separate process of low priority.

It writes the prepared files that workers then open, and stores the first page of leads of every
known need in Redis, so that neither loading nor the first requests compute anything. Run by
`prepare` as `python -m service.serving.lifecycle.preparing VERSION PARENT`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from features.encoder import encoder_named
from features.errors import DamagedError, LianzhaoError, UnavailableError
from features.workspace import Workspace
from models.storage import prepared
from models.storage.artifact import UnfitModelError
from service import logs
from service.cache.answers import warm
from service.cache.embedded import end_with_parent
from service.cache.tiers import RemoteCache
from service.database.connection import Database
from service.database.event_log import EventLog
from service.serving.lifecycle.loading import load_engine
from service.serving.questions import KnownNeed, LeadsQuestion
from service.serving.words.model import Given, NoWords, word_model
from service.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.serving.engine import Engine

log = logging.getLogger("service.serving.lifecycle.preparing")

_WARMING_SECONDS = 60.0
"""How long pages are computed; the others are computed on request."""
_PATIENCE = 20.0
"""How many times longer than a request this waits for Redis: requests have priority."""
_LOWEST = 19
_TOLD: dict[str, type[LianzhaoError]] = {
    error.code: error for error in (DamagedError, UnfitModelError)
}


def prepare(settings: Settings, version: str) -> None:
    """Have another process prepare a version, and wait for it.

    Raises
    ------
    DamagedError, UnfitModelError, UnavailableError
        When the version cannot be prepared; pages that cannot be computed are no error.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "service.serving.lifecycle.preparing",
            version,
            str(os.getpid()),
        ],
        env=_environment(settings),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        shown: dict[str, str] = {}
        with suppress(ValueError):  # a killed process has printed nothing
            shown = orjson.loads(done.stdout)
        message = shown.get("message", f"its process ended with {done.returncode}")
        raise _TOLD.get(shown.get("code", ""), UnavailableError)(
            f"model {version} cannot be prepared: {message}", field="version", got=version
        )


def _environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment of a process with the same settings and modules, and one thread."""
    given = {
        "home": settings.home.absolute(),
        "redis_url": settings.redis(),
        "cache_seal": settings.cache_seal and settings.cache_seal.get_secret_value(),
        "database_url": settings.database(),
        "encoder": settings.encoder,
        "cache_ttl": settings.cache_ttl,
        "log_level": settings.log_level,
        "time_zone": settings.time_zone,
        "words_url": settings.words_url,
        "words_model": settings.words_model,
        "words_key": settings.words_key.get_secret_value() if settings.words_key else None,
        "words_timeout": settings.words_timeout,
    }
    names = {PREFIX + name.upper(): str(value) for name, value in given.items() if value}
    names["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return os.environ | names | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    """Prepare a version; a failure is written to stdout as JSON."""
    version, parent = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    end_with_parent(int(parent))
    # In the workers' session: between sessions, Linux's autogroups ignore nice values.
    os.nice(_LOWEST)
    settings = Settings.load()
    logs.configure_service(settings.log_level)
    try:
        engine = _loaded(settings, version)
    except LianzhaoError as error:
        sys.stdout.buffer.write(orjson.dumps({"code": error.code, "message": error.message}))
        sys.exit(1)
    try:
        asyncio.run(_warm(settings, engine))
    except Exception:
        log.exception("the first pages of model %s are computed on request", version)


def _loaded(settings: Settings, version: str) -> Engine:
    database = Database(settings.home, settings.database())
    try:
        workspace = Workspace(settings.home, EventLog(database))
        prepared.verify(version, workspace)
        words = word_model(settings) or NoWords()
        encoder = encoder_named(settings.encoder)
        return load_engine(workspace, encoder, version=version, words=words)
    finally:
        database.close()


async def _warm(settings: Settings, engine: Engine) -> None:
    """Store the first page of every known need in Redis, in Chinese, for callers with all zones."""
    seal = settings.seal()
    remote = RemoteCache(settings.redis(), settings.cache_ttl, patience=_PATIENCE, seal=seal)
    ends, computed = time.monotonic() + _WARMING_SECONDS, 0
    try:
        await remote.check()
        for need in engine.needs():
            if remote.state != "up" or time.monotonic() > ends:
                break
            asked = LeadsQuestion(KnownNeed(need["need_id"]))
            given = engine.words.known(need["industry"]) or Given()
            if given.problem:  # the language model is called with the first request
                continue
            try:
                computed += await warm(remote, engine, asked, given)
            except LianzhaoError:  # it shares no word with any profile
                continue
    finally:
        await remote.close()
    log.info("model %s: computed the first pages of %d needs", engine.model_version, computed)


if __name__ == "__main__":
    main()
