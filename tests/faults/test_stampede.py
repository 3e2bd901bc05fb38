"""Many equal cold requests at once, over two workers: one computation."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from tests.waiting import SECONDS

ROOT = Path(__file__).parents[2]
PAGE = "/v1/recommendations?need_id=z%2F%E5%85%89%E7%94%B5LED"
REQUESTS = 500


async def ask(host: str, port: int, ready: asyncio.Barrier) -> bytes:
    """Connect, wait for the others, ask, and return the whole answer."""
    reader, writer = await asyncio.open_connection(host, port)
    await ready.wait()  # for all others to be connected
    writer.write(f"GET {PAGE} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), SECONDS)
    writer.close()
    return answer


async def ask_all(url: str) -> list[bytes]:
    parts = urlsplit(url)
    ready = asyncio.Barrier(REQUESTS)
    asked = (ask(parts.hostname or "", parts.port or 0, ready) for _ in range(REQUESTS))
    return await asyncio.gather(*asked)


def test_500_equal_requests_over_two_workers_are_one_computation(tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.counted", "2"],
        cwd=ROOT,
        env={**os.environ, "LIANZHAO_HOME": str(tmp_path / "home"), "COUNTED": str(counted)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        url, ends = found[0], time.monotonic() + 60
        workers: set[str] = set()
        while len(workers) < 2:  # until both answer
            assert time.monotonic() < ends
            try:
                with urllib.request.urlopen(url + "/health/ready", timeout=SECONDS) as answer:
                    workers.add(answer.headers["X-Request-ID"].partition("-")[0])
            except OSError:
                time.sleep(0.05)
        answers = asyncio.run(ask_all(url))
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)
        process.stdout.close()
    assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert len({answer.partition(b"\r\n\r\n")[2] for answer in answers}) == 1
    took_part = {re.search(rb"x-request-id: (\w+)-", answer)[1] for answer in answers}
    assert {worker.encode() for worker in workers} == took_part
    assert len(counted.read_text().splitlines()) == 1
