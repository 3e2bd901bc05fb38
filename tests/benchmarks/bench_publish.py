"""Publishing under load: 300 requests a second over every need, ten switches of version meanwhile.

Requests come at a constant rate, whatever became of those before, and their time counts from when
they were due. Each answer must be 200, whole, and of a version that was active at some time during
the request. Two workers; versions are activated and rolled back over HTTP.
"""

import asyncio
import os
import re
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import numpy as np

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from tests.benchmarks.listed import Listed, command, lianzhao
from tests.benchmarks.report import progress, report
from tests.benchmarks.serving_process import await_workers, started
from tests.service.switches import Switch, allowed

_RATE = 300
_CALM, _SECONDS = 10, 60
_SWITCHES = 10
_WORKERS = 2
_PATIENCE = 30.0
_VERSION = re.compile(rb"\r\nx-model-version: ([^\r]+)\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")


class Asked(NamedTuple):
    """A request: when it was due and answered, and the version; None where it failed."""

    due: float
    ended: float
    version: str | None


def run(listed: Listed) -> None:
    home = listed.workspace
    registry = ModelRegistry(Workspace(home))
    if len(registry.list()) < 2:
        progress("train a second version")
        lianzhao(home, "train", "--seed", "1", "--no-activate")
    one = str(registry.active())
    other = next(own["version"] for own in registry.list() if own["version"] != one)
    needs = Workspace(home).read("needs")["need_id"].to_list()
    paths = [f"/v1/recommendations?need_id={quote(need, safe='')}" for need in needs]
    with served(home) as url:
        client = Client(url, paths)
        calm, asked, switches = asyncio.run(client.played(one, other))
    for failure, times in client.failures.items():
        progress(f"failed {times} times: {failure}")
    calm_ms, ms = (
        np.array([1000 * (own.ended - own.due) for own in all_]) for all_ in (calm, asked)
    )
    wrong = sum(own.version not in allowed(switches, own.due, own.ended) for own in asked)
    failed = sum(own.version is None for own in asked)
    took = [own.ended - own.begun for own in switches[1:]]
    report("publish.failed", failed, "requests", target="0", of=len(asked))
    report("publish.wrong_version", wrong - failed, "requests", target="0", of=len(asked))
    report(
        "publish.p99",
        float(np.percentile(ms, 99)),
        "ms",
        target="<= 50",
        p50=round(float(np.percentile(ms, 50)), 2),
        longest=round(float(ms.max()), 1),
        without_publishing=round(float(np.percentile(calm_ms, 99)), 2),
        longest_without=round(float(calm_ms.max()), 1),
        needs=len(paths),
    )
    report(
        "publish.switches",
        len(took),
        "switches",
        target=str(_SWITCHES),
        seconds=[round(own, 2) for own in took],
    )


class Client:
    """Asks at a constant rate over as many connections as it takes.

    Parameters
    ----------
    url : str
    paths : list of str
        What is asked, in turn.
    """

    def __init__(self, url: str, paths: list[str]) -> None:
        self.address = urlsplit(url)
        self.paths = paths
        # Taken in turn: the server closes what is idle for long.
        self._free: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self.failures: Counter[str] = Counter()

    async def played(self, one: str, other: str) -> tuple[list[Asked], list[Asked], list[Switch]]:
        """Return what came of the requests before and while versions are switched."""
        for path in self.paths:
            assert (await self.ask(path, time.monotonic())).version == one
        progress(f"publish: {_RATE} requests/s for {_CALM} s, then {_SECONDS} s with switches")
        calm = await self.load(_CALM)
        load = asyncio.create_task(self.load(_SECONDS))
        switches = [Switch(0.0, 0.0, one)]
        begun = time.monotonic()
        for number in range(_SWITCHES):
            due = begun + (number + 0.5) * _SECONDS / _SWITCHES
            await asyncio.sleep(due - time.monotonic())
            if time.monotonic() > begun + _SECONDS:
                break
            path = "rollback" if number % 2 else f"{other}/activate"
            at = time.monotonic()
            status, body, _ = await self._exchange("POST", f"/v1/models/{path}")
            assert status == 200, body
            version = one if number % 2 else other
            assert version.encode() in body
            switches.append(Switch(at, time.monotonic(), version))
        return calm, await load, switches

    async def load(self, seconds: int, rate: int = _RATE) -> list[Asked]:
        begun, tasks = time.monotonic(), []
        for number in range(rate * seconds):
            due = begun + number / rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            path = self.paths[number % len(self.paths)]
            tasks.append(asyncio.create_task(self.ask(path, due)))
        return await asyncio.gather(*tasks)

    async def ask(self, path: str, due: float) -> Asked:
        version = None
        try:
            status, body, head = await asyncio.wait_for(self._exchange("GET", path), _PATIENCE)
            told = _VERSION.search(head)
            # The page itself says once more which version it is of.
            if status == 200 and told and b'"model_version":"%s"' % told[1] in body:
                version = told[1].decode()
            else:
                self.failures[f"{status} {body[:200]!r}"] += 1
        except (OSError, asyncio.IncompleteReadError) as error:
            self.failures[type(error).__name__] += 1
        return Asked(due, time.monotonic(), version)

    async def _exchange(self, method: str, path: str) -> tuple[int, bytes, bytes]:
        """Return status, whole body and head of an answer."""
        if self._free:
            try:
                return await self._exchange_on(self._free.popleft(), method, path)
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise
                # The server had closed the idle connection: a client asks again on a new one.
        host, port = self.address.hostname, self.address.port
        return await self._exchange_on(await asyncio.open_connection(host, port), method, path)

    async def _exchange_on(
        self,
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        method: str,
        path: str,
    ) -> tuple[int, bytes, bytes]:
        reader, writer = connection
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {self.address.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length
        body = await reader.readexactly(int(length[1]))
        self._free.append(connection)
        return int(head.split(b" ", 2)[1]), body, head


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve a workspace; yield the address once every worker is there."""
    arguments = command(home, "serve", "--port", "0", "--workers", str(_WORKERS))
    with started(arguments, {**os.environ, "LIANZHAO_LOG_LEVEL": "warning"}) as (url, _):
        await_workers(url, _WORKERS, 120, {})
        yield url
