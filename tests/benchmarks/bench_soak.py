"""A soak: two workers for an hour under a mixed load, while Redis and the version come and go.

Redis and PostgreSQL are real where they are installed, else what the service brings. Told are
failed requests, latencies by kind of request, and for each worker how its memory (PSS) grows over
the second half, when every cache has had the time to fill.
"""

import csv
import os
import shutil
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path

import numpy as np

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.database.connection import Database
from service.database.key_store import KeyStore
from tests.benchmarks.listed import Listed, command
from tests.benchmarks.report import SkippedError, progress, report
from tests.benchmarks.serving_process import await_workers, started
from tests.benchmarks.soak_load import Load, Mix
from tests.faults.servers import Postgres, RedisServer

_WORKERS = 2
_RATE = 20.0
_SAMPLE_SECONDS = 10.0
_REDIS_EVERY, _REDIS_AWAY = 420.0, 8.0
_VERSION_EVERY = 300.0
_TIMEOUT = 300.0
_OTHER = "29990101T000000-000000"


def run(listed: Listed, minutes: float, out: Path | None) -> None:
    if sys.platform != "linux":
        raise SkippedError("memory is read from /proc, which Linux alone has")
    home = listed.workspace
    add_version(home)
    tables = Workspace(home)
    needs = tables.read("needs")["need_id"].to_list()
    enterprises = tables.read("enterprises")["enterprise_id"].to_list()
    with ExitStack() as stack:
        redis = RedisServer(
            listed.folder, "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru"
        )
        redis.start()
        stack.callback(redis.kill)
        settings, url = {"LIANZHAO_REDIS_URL": redis.url}, None
        try:
            postgres = Postgres()
        except FileNotFoundError as error:
            progress(f"{error}: events go to SQLite")
        else:
            stack.callback(postgres.remove)
            settings["LIANZHAO_DATABASE_URL"] = url = postgres.fresh()
        database = Database(home, url)
        _, token = KeyStore(database).add("administrator")
        database.close()
        host, parent = stack.enter_context(served(home, token, settings))
        watch = Watch(parent)
        load = Load(host, token, Mix(needs, enterprises), _RATE)
        begin = time.monotonic()
        load.start()
        stop, kills = threading.Event(), []
        disturbers = [
            threading.Thread(target=kill_redis, args=(redis, kills, stop)),
            threading.Thread(target=change_version, args=(host, token, load, stop)),
        ]
        for thread in disturbers:
            thread.start()
        try:
            while (elapsed := time.monotonic() - begin) < 60 * minutes:
                watch.look(elapsed)
                if watch.count % 6 == 1:
                    told = ", ".join(f"{row[-1] / 2**20:.0f} MB" for row in watch.memory.values())
                    progress(f"soak: {elapsed / 60:.1f} min, {told}, failed {dict(load.failed)}")
                time.sleep(_SAMPLE_SECONDS)
        finally:
            stop.set()
            for thread in disturbers:
                thread.join()
            load.stop()
    tell(load, watch, minutes, len(kills))
    if out is not None:
        watch.write(out / "soak.csv")


def add_version(home: Path) -> None:
    """Put a second version beside the active one, to be activated and rolled back."""
    folder = ModelRegistry(Workspace(home)).active_folder()
    assert folder is not None
    shutil.copytree(folder, folder.with_name(_OTHER))


@contextmanager
def served(home: Path, token: str, settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Run the service; yield host and process id once every worker answers."""
    settings = {"LIANZHAO_LOG_LEVEL": "error", "LIANZHAO_RATE_LIMIT": "1000000/minute", **settings}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LIANZHAO_")}
    arguments = command(home, "serve", "--port", "0", "--workers", str(_WORKERS))
    with started(arguments, environment | settings) as (url, process_id):
        await_workers(url, _WORKERS, 300, {"X-API-Key": token})
        yield url.removeprefix("http://"), process_id


def ask(host: str, token: str, path: str, body: bytes | None = None) -> HTTPResponse:
    request = urllib.request.Request(f"http://{host}{path}", body, {"X-API-Key": token})
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
    return answer


def kill_redis(redis: RedisServer, kills: list[float], stop: threading.Event) -> None:
    """Kill Redis and start it again, again and again; note when."""
    while not stop.wait(_REDIS_EVERY):
        redis.kill()
        stop.wait(_REDIS_AWAY)
        redis.start()
        kills.append(time.monotonic())


def change_version(host: str, token: str, load: Load, stop: threading.Event) -> None:
    """Put the other version in service, and the first one again, again and again."""
    other = False
    while not stop.wait(_VERSION_EVERY):
        step, begin = "rollback" if other else f"{_OTHER}/activate", time.monotonic()
        try:
            ask(host, token, f"/v1/models/{step}", b"").close()
            other = not other
        except OSError as error:
            load.failed[f"version: {error}"] += 1
        load.seconds["version"].append(time.monotonic() - begin)


@dataclass
class Watch:
    """The memory of the workers of a serving process, over time."""

    parent: int
    times: list[float] = field(default_factory=list)
    memory: dict[int, list[int]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.times)

    def look(self, elapsed: float) -> None:
        """Read the PSS of each worker; one that is new would be one that has died."""
        found = {pid: pss(pid) for pid in workers(self.parent)}
        self.memory = self.memory or {pid: [] for pid in found}
        assert found.keys() == self.memory.keys(), (found, self.memory)
        self.times.append(elapsed)
        for pid, size in found.items():
            self.memory[pid].append(size)

    def slope(self, pid: int) -> tuple[float, float]:
        """Return MB an hour over the second half, and its standard error."""
        half = self.count // 2
        hours = np.array(self.times[half:]) / 3600
        sizes = np.array(self.memory[pid][half:]) / 2**20
        (slope, _), covariance = np.polyfit(hours, sizes, 1, cov=True)
        return float(slope), float(covariance[0, 0] ** 0.5)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["seconds", *(f"pss_{number}" for number in range(len(self.memory)))])
            rows.writerows(zip(map(round, self.times), *self.memory.values(), strict=True))


def workers(parent: int) -> list[int]:
    """Return the processes that a serving process has started to answer."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(pid) for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    ]


def pss(pid: int) -> int:
    """Return a process's proportional share of memory in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def tell(load: Load, watch: Watch, minutes: float, kills: int) -> None:
    sent = load.mix.drawn
    report(
        "soak.requests",
        sent,
        "requests",
        minutes=minutes,
        workers=len(watch.memory),
        redis_killed=kills,
    )
    report("soak.failed", load.failed.total(), "requests", target="0", of=dict(load.failed))
    for kind, seconds in sorted(load.seconds.items()):
        middle, late, last = np.percentile(seconds, [50, 99, 100]) * 1e3
        report(
            f"soak.{kind}.p99",
            late,
            "ms",
            count=len(seconds),
            median=round(middle, 1),
            slowest=round(last, 1),
        )
    for number, pid in enumerate(watch.memory, 1):
        slope, error = watch.slope(pid)
        sizes = [round(size / 2**20) for size in watch.memory[pid]]
        report(
            f"soak.worker{number}.growth",
            slope,
            "MB an hour",
            error=round(error, 2),
            megabytes=[sizes[0], sizes[watch.count // 2], sizes[-1]],
        )
