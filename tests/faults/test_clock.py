"""The clock set back and forth by an hour while serving: nothing locks out, nothing doubles.

The whole server, with the cache that it starts, is run with a library before the C library that
shifts the time of day by what a file says.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from service.database.connection import Database
from service.database.key_store import KeyStore
from tests.service.test_server import PAGE
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    Launch = Callable[..., tuple[subprocess.Popen[str], str]]

HOUR = 3600
LIMIT = 40
SHIFT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile int64_t *shift;
static int (*ask)(clockid_t, struct timespec *);

static void find(void) {
  int file = open(getenv("CLOCK_SHIFT"), O_RDONLY);
  ask = dlsym(RTLD_NEXT, "clock_gettime");
  shift = mmap(0, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!shift) find();
  int failed = ask(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += *shift;
  return failed;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec found;
  clock_gettime(CLOCK_REALTIME, &found);
  now->tv_sec = found.tv_sec;
  now->tv_usec = found.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *now) {
  struct timespec found;
  clock_gettime(CLOCK_REALTIME, &found);
  if (now) *now = found.tv_sec;
  return found.tv_sec;
}
"""


class Clock:
    """Shifts the time of day of the processes that were started with `settings`."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shift"
        self.file.write_bytes(bytes(8))
        source, library = folder / "shift.c", folder / "shift.so"
        source.write_text(SHIFT)
        command = ["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"]
        subprocess.run(command, check=True)
        self.settings = {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(self.file)}

    def shift(self, seconds: int) -> None:
        with self.file.open("r+b") as file:  # the same file, which is mapped
            file.write(seconds.to_bytes(8, "little", signed=True))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if shutil.which("cc") is None or not Path("/proc").exists():
        pytest.skip("needs Linux and a C compiler")
    return Clock(tmp_path)


class Client:
    def __init__(self, url: str, token: str) -> None:
        self.host = urlsplit(url).netloc
        self.token = token

    def ask(
        self, path: str, body: object = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        """Ask, and see that it takes no time."""
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        headers = {"X-API-Key": self.token, "Content-Type": "application/json", **headers}
        began = time.monotonic()
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers, json.loads(answer.read())
        assert time.monotonic() - began < SECONDS / 4
        connection.close()
        return found


def cache_server(parent: int) -> int:
    """Return the process of the cache, which any thread of its parent may have started."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            for pid in children.read_text().split():
                if b"valkey" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        time.sleep(0.05)
    raise AssertionError("there is no cache")


def test_an_hour_back_and_forth(launch: Launch, tmp_path: Path, clock: Clock) -> None:
    database = Database(tmp_path / "home")
    _, token = KeyStore(database).add("administrator", days=1)
    database.close()
    process, url = launch(**clock.settings, LIANZHAO_RATE_LIMIT=f"{LIMIT}/day")
    client, asked, events = Client(url, token), 0, {}
    for number, shift in enumerate((0, -HOUR, HOUR, 0)):
        clock.shift(shift)
        # Before and after: the same answer from memory, and a new one without a wait.
        for path, known in ((PAGE, number > 0), (f"{PAGE}&offset={number + 1}", False)):
            status, headers, said = client.ask(path)
            assert (status, headers["X-Cache"]) == (200, "hit" if known else "miss")
            assert said["leads"]
        # Each event once, whatever was asked before.
        for key in range(number + 1):
            body = {
                "enterprise_id": f"e{key}",
                "stage": "lead",
                "date": "2026-01-01",
                "need_id": "z/光电LED",
            }
            status, _, event = client.ask("/v1/events", body, **{"Idempotency-Key": f"k{key}"})
            assert status == 201
            assert events.setdefault(key, event) == event
        status, _, page = client.ask("/v1/events")
        assert (status, page["total"]) == (200, number + 1)
        noted = client.ask("/v1/audit?limit=1")[2]["entries"][0]["at"]
        late = datetime.fromisoformat(noted) - datetime.now(UTC) - timedelta(seconds=shift)
        assert abs(late) < timedelta(minutes=5)
        asked += 2 + number + 1 + 2
        # A cache that has gone is taken again when it is back.
        os.kill(cache_server(process.pid), signal.SIGKILL)
        ends = time.monotonic() + 60
        states = set()
        while "up" not in states or client.ask("/health/ready")[2]["cache"] != "up":
            assert time.monotonic() < ends
            states.add(client.ask("/health/ready")[2]["cache"])
            time.sleep(0.1)
    # What was asked counts once, and the wait ends within the day.
    for _ in range(LIMIT - asked):
        assert client.ask("/v1/zones")[0] == 200
    for shift in (0, -HOUR, HOUR):
        clock.shift(shift)
        status, headers, said = client.ask("/v1/zones")
        assert (status, said["code"]) == (429, "too-many-requests")
        assert 0 < int(headers["Retry-After"]) <= 24 * HOUR + 1
