"""A server in a process of its own, for as long as a benchmark needs it."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.benchmarks.listed import ROOT


@contextmanager
def started(arguments: list[str], environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Start a server; yield its address and process id; stop it afterwards."""
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "http://" in line, line
        yield "http://" + line.partition("http://")[2].split()[0], process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def await_workers(url: str, count: int, seconds: float, headers: Mapping[str, str]) -> None:
    """Wait until a number of workers have reported that they are ready."""
    ends, ready = time.monotonic() + seconds, set[str]()
    request = urllib.request.Request(f"{url}/health/ready", headers=dict(headers))
    while len(ready) < count:
        assert time.monotonic() < ends
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                ready.add(answer.headers["X-Request-ID"].partition("-")[0])
        except OSError:
            time.sleep(0.1)
