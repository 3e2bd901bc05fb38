"""Redis as it really behaves: whatever it does, every answer is 200, whole, and not late."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from service.cache import connecting, tiers
from service.cache.embedded import EmbeddedServer
from service.cache.tiers import RemoteCache
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.faults.servers import RedisServer

    Make = Callable[..., RedisServer]
    Start = Callable[..., AbstractContextManager[TestClient]]

NO_WAIT = 30
"""Limit in seconds for what waits for nothing, where waiting takes far longer."""
URL = "/v1/recommendations?need_id=z/光电LED"


def ask(client: TestClient, limit: int) -> tuple[str, float]:
    """Return what the cache did for a page and the seconds it took; the page must be whole."""
    began = time.perf_counter()
    answer = client.get(f"{URL}&limit={limit}")
    took = time.perf_counter() - began
    assert answer.status_code == 200
    assert len(answer.json()["leads"]) == min(limit, 30)
    return answer.headers["X-Cache"], took


def state(client: TestClient) -> str:
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    return str(ready.json()["cache"])


def await_state(client: TestClient, expected: str) -> None:
    until(lambda: state(client) == expected)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def told(server: RedisServer, *command: str) -> str:
    """Return a server's reply to a command."""
    with Redis(port=server.port) as client:
        said = client.execute_command(*command)
    return said.decode() if isinstance(said, bytes) else str(said)


@pytest.fixture(autouse=True)
def _few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = RemoteCache.__init__.__defaults__
    assert defaults == (1.0,)
    monkeypatch.setattr(RemoteCache.__init__, "__defaults__", (0.1,))


@pytest.mark.usefixtures("patient")
def test_absent_at_the_start_and_there_later(redis: Make, start: Start) -> None:
    server = redis()
    with start(redis_url=server.url) as client:
        assert [ask(client, limit)[0] for limit in range(1, 5)] == ["miss"] * 4
        assert state(client) == "down"
        server.start()
        await_state(client, "up")
        assert ask(client, 5)[0] == "miss"
    with start(redis_url=server.url) as client:
        assert ask(client, 5)[0] == "hit"


def test_killed_and_started_again_under_load(redis: Make, start: Start) -> None:
    server = redis()
    server.start()
    ended = threading.Event()

    def disturb() -> None:
        try:
            for _ in range(3):
                time.sleep(0.2)
                server.kill()
                time.sleep(0.2)
                server.start()
        finally:
            ended.set()

    with start(redis_url=server.url) as client:
        disturber = threading.Thread(target=disturb)
        disturber.start()
        taken = []
        while not ended.is_set() or len(taken) <= 20:
            taken.append(ask(client, len(taken) % 200 + 1)[1])
        disturber.join()
        await_state(client, "up")
    assert max(taken) < NO_WAIT


@contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """Forward bytes to a port, with a delay in seconds per reply; yield the port to connect to."""
    loop = asyncio.new_event_loop()

    async def carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float
    ) -> None:
        while data := await reader.read(65536):
            await asyncio.sleep(wait)
            writer.write(data)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(carry(reader, to_redis, 0), carry(from_redis, writer, seconds))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            to_redis.close()
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(pass_on, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def end() -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_one_that_is_slow(redis: Make, start: Start) -> None:
    server = redis()
    server.start()
    with (
        delayed(server.port, SECONDS) as port,
        start(redis_url=f"redis://127.0.0.1:{port}") as client,
    ):
        taken = [ask(client, limit)[1] for limit in range(1, 201)]
        assert state(client) == "down"
    # Three calls wait for a tenth of a second each; no request after them waits at all.
    assert sum(taken) < NO_WAIT < len(taken) * 2 * connecting.TIMEOUT


@pytest.mark.usefixtures("patient")
def test_full(redis: Make, start: Start) -> None:
    server = redis("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    server.start()
    with start(redis_url=server.url) as client:
        assert [ask(client, limit)[0] for limit in (1, 2, 1)] == ["miss", "miss", "hit"]
        assert state(client) == "full"
        told(server, "config", "set", "maxmemory", "100mb")
        assert ask(client, 3)[0] == "miss"
        assert state(client) == "up"


@pytest.mark.usefixtures("patient")
def test_a_password(redis: Make, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = redis("--requirepass", "open-sesame")
    server.start()
    for _, expected in enumerate(("miss", "hit")):
        with start(redis_url=f"redis://:open-sesame@127.0.0.1:{server.port}/0") as client:
            assert ask(client, 1)[0] == expected
            assert state(client) == "up"
    with start(redis_url=f"redis://:close-sesame@127.0.0.1:{server.port}/0") as client:
        assert [ask(client, limit)[0] for limit in (1, 2)] == ["miss", "miss"]
        assert state(client) == "down"
    assert "sesame" not in caplog.text


@pytest.mark.skipif(
    not (shutil.which("redis-server") and shutil.which("openssl")),
    reason="no redis-server or no openssl in the path; the carried server has no TLS",
)
@pytest.mark.usefixtures("patient")
def test_tls(redis: Make, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, authority = tmp_path / "key.pem", tmp_path / "ca.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", key, "-out", authority, "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    server = redis(
        *("--port", "0", "--tls-port", "{port}", "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(authority), "--tls-key-file", str(key)),
        *("--tls-ca-cert-file", str(authority)),
    )
    server.start()
    address = f"rediss://127.0.0.1:{server.port}/0"
    for expected in ("miss", "hit"):
        with start(redis_url=f"{address}?ssl_ca_certs={authority}") as client:
            assert ask(client, 1)[0] == expected
            assert state(client) == "up"
    with start(redis_url=address) as client:  # nobody here vouches for this server
        assert [ask(client, limit)[0] for limit in (1, 2)] == ["miss", "miss"]
        assert state(client) == "down"


@pytest.mark.usefixtures("patient")
def test_a_cluster(redis: Make, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [redis("--cluster-enabled", "yes") for _ in range(3)]
    for node in nodes:
        node.start()
    for number, node in enumerate(nodes):
        first, last = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
        told(node, "CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
        told(node, "CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        told(nodes[0], "CLUSTER", "MEET", "127.0.0.1", str(node.port))
    until(lambda: all("cluster_state:ok" in told(node, "CLUSTER", "INFO") for node in nodes))
    limits = range(1, 21)
    for expected in ("miss", "hit"):
        with start(redis_url=nodes[0].url) as client:
            assert {ask(client, limit)[0] for limit in limits} == {expected}
            assert state(client) == "up"
    assert all(int(told(node, "dbsize")) > 0 for node in nodes)
    monkeypatch.setattr(connecting, "TIMEOUT", 0.1)
    monkeypatch.setattr(tiers, "_LIMIT", 0.25)
    nodes[2].kill()
    with start(redis_url=nodes[0].url) as client:
        assert max(ask(client, limit)[1] for limit in limits) < NO_WAIT


@pytest.mark.usefixtures("patient")
def test_a_replica_that_takes_nothing(redis: Make, start: Start) -> None:
    master = redis()
    master.start()
    replica = redis("--replicaof", "127.0.0.1", str(master.port))
    replica.start()
    with start(redis_url=replica.url) as client:
        assert [ask(client, limit)[0] for limit in (1, 2, 1)] == ["miss", "miss", "hit"]
        ready = client.get("/health/ready").json()
        assert (ready["cache"], ready["degraded"]) == ("read-only", ["cache"])
        told(replica, "replicaof", "no", "one")
        await_state(client, "up")


@pytest.mark.usefixtures("patient")
def test_a_number_of_a_database_that_there_is_not(redis: Make, start: Start) -> None:
    server = redis("--databases", "1")
    server.start()
    with start(redis_url=f"redis://127.0.0.1:{server.port}/9") as client:
        assert [ask(client, limit)[0] for limit in (1, 2)] == ["miss", "miss"]
        assert client.get("/health/ready").json()["degraded"] == ["cache"]


@pytest.mark.usefixtures("patient")
def test_what_is_no_redis_at_all(start: Start) -> None:
    """A server of another kind sends a reply that the client cannot parse."""
    with socket.create_server(("127.0.0.1", 0)) as other:

        def talk() -> None:
            while True:
                try:
                    connection = other.accept()[0]
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>")

        thread = threading.Thread(target=talk)
        thread.start()
        with start(redis_url=f"redis://127.0.0.1:{other.getsockname()[1]}/0") as client:
            assert [ask(client, limit)[0] for limit in (1, 2, 3, 4)] == ["miss"] * 4
            assert state(client) == "down"
        other.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.skipif(
    not shutil.which("redis-sentinel"), reason="no redis-sentinel in the path; none is carried"
)
@pytest.mark.usefixtures("patient")
def test_sentinels(redis: Make, start: Start, tmp_path: Path) -> None:
    master = redis("--requirepass", "open-sesame")
    master.start()
    configuration = tmp_path / "sentinel.conf"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor leads 127.0.0.1 {master.port} 1\n"
        "sentinel auth-pass leads open-sesame\n"
    )
    command = ["redis-sentinel", str(configuration)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as sentinel:
        try:
            until(lambda: listens(port))
            for at, expected in (("leads", "miss"), ("leads/0", "hit")):
                address = f"redis+sentinel://:open-sesame@127.0.0.1:{port}/{at}"
                with start(redis_url=address, rate_limit="1000/day") as client:
                    assert ask(client, 1)[0] == expected
                    assert state(client) == "up"
            with start(redis_url=f"redis+sentinel://127.0.0.1:{port}/others") as client:
                assert ask(client, 2)[0] == "miss"
                await_state(client, "down")
        finally:
            sentinel.terminate()


def test_the_embedded_server_is_started_again() -> None:
    async def use(server: EmbeddedServer) -> None:
        cache = RemoteCache(server.url, 60)
        await cache.put({"k": b"v"})
        assert server._process
        server._process.kill()
        ends = time.monotonic() + 60
        while await cache.get("k") is not None or cache.state != "up":
            assert time.monotonic() < ends
            await asyncio.sleep(0.02)
        while True:
            await cache.put({"k": b"again"})
            if await cache.get("k") == b"again":
                break
            assert time.monotonic() < ends
            await asyncio.sleep(0.02)
        await cache.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port))
