"""Serving: requests a second and their slowest hundredth, beside bare routes on the same server.

The apps take turns within one run, by wrk with 32 connections; medians over many short turns.
Every answer must be 200 and whole. Key check, rate limit and metrics are on; of the log, warnings.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote

from features.workspace import Workspace
from tests.benchmarks.listed import ROOT, Listed, command
from tests.benchmarks.report import SkippedError, progress, report
from tests.benchmarks.serving_process import started

_ROUNDS = 15
_SECONDS = 1
_DONE = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"bytes":%d,"p99":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def run(listed: Listed) -> None:
    need_wrk()
    need = Workspace(listed.workspace).read("needs")["need_id"][0]
    path = f"/v1/recommendations?need_id={quote(need, safe='')}"
    page = listed.folder / "page.json"
    script = listed.folder / "done.lua"
    script.write_text(_DONE)
    key = add_key(listed.workspace)
    with ExitStack() as stack:
        urls = {"service": stack.enter_context(served("service", listed.workspace, page))}
        page.write_bytes(fetch(urls["service"] + path, key))
        for name in ("bare_fastapi", "bare_asgi", "service_from_redis", "bare_fastapi_redis"):
            urls[name] = stack.enter_context(served(name, listed.workspace, page))
        for url in urls.values():
            assert fetch(url + path, key) == page.read_bytes()
        size = page.stat().st_size
        progress(f"serving: {_ROUNDS} turns of {_SECONDS} s each, pages of {size} bytes")
        turns = [
            {name: load(url + path, key, script, size) for name, url in urls.items()}
            for _ in range(_ROUNDS)
        ]
    for mine, other, target in (
        ("service", "bare_fastapi", ">= 1.5"),
        ("service", "bare_asgi", ">= 0.7"),
        ("service_from_redis", "bare_fastapi_redis", ">= 0.85"),
    ):
        rates = [turn[mine][0] / turn[other][0] for turn in turns]
        report(
            f"serving.{mine}.rate",
            median(rates),
            "ratio",
            ratio_to=other,
            target=target,
            lowest=round(min(rates), 3),
            highest=round(max(rates), 3),
            requests_a_second=round(median(turn[mine][0] for turn in turns)),
        )
    report(
        "serving.service.p99",
        median(turn["service"][1] / turn["bare_fastapi"][1] for turn in turns),
        "ratio",
        ratio_to="bare_fastapi",
        target="<= 1",
        milliseconds=round(median(turn["service"][1] for turn in turns), 2),
    )


def need_wrk() -> None:
    """Skip a benchmark if wrk is not installed."""
    if shutil.which("wrk") is None:
        raise SkippedError("no wrk in the path (Debian: apt-get install wrk)")


def add_key(home: Path) -> str:
    """Return a key that the service asks for from now on."""
    arguments = command(home, "keys", "add", "--role", "front-end", "--json")
    said = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return str(json.loads(said)["key"])


def load(url: str, key: str, script: Path, size: int) -> tuple[float, float]:
    """Return requests a second and the 99th percentile in ms; every answer must be whole."""
    options = ["-t1", "-c32", f"-d{_SECONDS}s", "-s", str(script), "-H", f"X-API-Key: {key}"]
    said = subprocess.run(["wrk", *options, url], check=True, capture_output=True, text=True).stdout
    found = json.loads(said.strip().splitlines()[-1])
    assert found["errors"] == 0, said
    assert found["bytes"] >= found["requests"] * size, said
    return found["requests"] / found["seconds"], found["p99"]


def fetch(url: str, key: str) -> bytes:
    request = urllib.request.Request(url, headers={"X-API-Key": key})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
        body: bytes = answer.read()
        return body


@contextmanager
def served(name: str, home: Path, page: Path, workers: int = 1) -> Iterator[str]:
    """Run an app; yield its address once it answers."""
    arguments = [sys.executable, "-m", "tests.benchmarks.serving_apps"]
    arguments += map(str, (name, home, page, workers))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LIANZHAO_")}
    with started(arguments, environment) as (url, _):
        ends = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(url + "/health/live", timeout=5).close()
            except urllib.error.HTTPError:
                break  # a bare app knows one path
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.1)
            else:
                break
        yield url
