"""A real server on the fakes: its address, its end, and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from features.errors import ConflictError, UsageError
from service import server
from service.api.guards import BODY_SECONDS
from service.server import serve
from service.settings import Settings
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Launch = Callable[..., tuple[subprocess.Popen[str], str]]

ROOT = Path(__file__).parents[2]
PAGE = "/v1/recommendations?need_id=z%2F%E5%85%89%E7%94%B5LED"


def _get(url: str) -> tuple[dict[str, str], str]:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        return dict(answer.headers.items()), answer.read().decode()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _await_end(processes: list[int]) -> None:
    until(lambda: all(map(_gone, processes)))


def _is_up(url: str) -> bool:
    try:
        return bool(_get(url + "/health/live"))
    except OSError:
        return False


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    except FileNotFoundError:
        return True
    # While another thread is still ending, its sockets are open.
    return state == "Z" and threads == 1


@contextmanager
def launching(home: Path) -> Iterator[Launch]:
    """Yield what starts a server on a free port and waits until it answers."""
    started = []

    def launched(
        workers: int = 1, module: str = "tests.service.served", **settings: str
    ) -> tuple[subprocess.Popen[str], str]:
        environment = {**os.environ, "LIANZHAO_HOME": str(home), **settings}
        process = subprocess.Popen(
            [sys.executable, "-m", module, "0", str(workers)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        until(lambda: _is_up(found[0]))
        return process, found[0]

    try:
        yield launched
    finally:
        for process in started:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start a server on a free port and wait until it answers."""
    with launching(tmp_path / "home") as launched:
        yield launched


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_leaving_nothing(
    launch: Launch, tmp_path: Path, end: signal.Signals
) -> None:
    process, url = launch()
    headers, _ = _get(url + PAGE)
    assert headers["x-cache"] == "miss"
    assert '"cache":"up"' in _get(url + "/health/ready")[1]
    children = _children(process.pid)
    process.send_signal(end)
    assert process.wait(timeout=SECONDS) == 0
    _await_end(children)
    assert not (tmp_path / "home").exists()


def test_many_signals_at_once_end_it_like_one(launch: Launch) -> None:
    process, _ = launch()
    children = _children(process.pid)
    for number in [signal.SIGTERM, signal.SIGINT] * 2_000:
        process.send_signal(number)
    assert process.wait(timeout=SECONDS) == 0
    _await_end(children)


def test_workers_share_answers_and_counts(launch: Launch, tmp_path: Path) -> None:
    process, url = launch(workers=2)
    for _ in range(12):
        _get(url + PAGE)
    until(lambda: 'lianzhao_answers_total{state="hit"} 11.0' in _get(url + "/metrics")[1])
    assert 'lianzhao_answers_total{state="miss"} 1.0' in _get(url + "/metrics")[1]
    process.terminate()
    assert process.wait(timeout=SECONDS) == 0
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
@pytest.mark.parametrize(("set_before", "arenas"), [({}, "2"), ({"MALLOC_ARENA_MAX": "7"}, "7")])
def test_workers_give_memory_back(launch: Launch, set_before: dict[str, str], arenas: str) -> None:
    process, _ = launch(**set_before)
    seen = [
        Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        for pid in _children(process.pid)
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(seen) == 1
    assert f"MALLOC_ARENA_MAX={arenas}".encode() in seen[0]


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_nothing_is_left_when_it_is_killed(launch: Launch) -> None:
    process, url = launch()
    _get(url + PAGE)
    children = _children(process.pid)
    assert len(children) >= 2
    process.kill()
    process.wait()
    _await_end(children)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(ConflictError, match=f"port {port} on 127.0.0.1 is taken"):
            serve(Settings.load(), port=port)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"host": "0.0.0.0"}, "host"), ({"port": 70000}, "port"), ({"workers": 0}, "workers")],
)
def test_wrong_usage_is_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(UsageError) as caught:
        serve(Settings.load(), **given)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health/li",
        b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: ",
        b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea",
        b"",
    ],
    ids=["half a line", "half a header", "half of the second", "nothing"],
)
def test_half_a_request_does_not_hold_the_end(
    launch: Launch, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    process, url = launch(SERVED_GRACE_SECONDS=str(SECONDS))
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as held:
        held.sendall(sent)
        time.sleep(0.2)
        began = time.monotonic()
        process.terminate()
        assert process.wait(SECONDS) == 0
        assert time.monotonic() - began < SECONDS / 2  # some two
    assert "Killing" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 1000\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n50\r\n{",
    ],
    ids=["half a body", "half a chunk"],
)
def test_half_a_body_does_not_hold_the_end_for_long(launch: Launch, sent: bytes) -> None:
    process, url = launch(SERVED_GRACE_SECONDS="1")
    host, port = url.removeprefix("http://").split(":")
    head = b"POST /v1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with socket.create_connection((host, int(port)), timeout=SECONDS) as held:
        held.sendall(head + b"Content-Type: application/json\r\n" + sent)
        time.sleep(0.2)
        began = time.monotonic()
        process.terminate()
        assert process.wait(SECONDS) == 0
        # The grace, and not the time that a body has to come.
        assert time.monotonic() - began < BODY_SECONDS - 5
    assert server._GRACE_SECONDS < 5


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_it_refuses_to_start_where_too_few_files_may_be_opened(tmp_path: Path) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    done = subprocess.run(
        [sys.executable, "-c", "from service.commands import main; main()", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "LIANZHAO_HOME": str(tmp_path / "home")},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "may open 64 files here, and serving takes 256" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_low_limit_of_open_files_is_raised_where_it_may_be() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        server._check_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
