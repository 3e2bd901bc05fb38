"""nginx and Caddy as the system has them, with the configurations that `docker/proxies` gives."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2 as httpx
import pytest

from service.database.connection import Database
from service.database.key_store import KeyStore
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = "/v1/recommendations?need_id=z/光电LED"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await_answers(url: str) -> None:
    ends = time.monotonic() + SECONDS
    while True:
        try:
            httpx.get(url, timeout=SECONDS)
        except httpx.HTTPError:
            assert time.monotonic() < ends, url
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def serve() -> Iterator[object]:
    processes = []

    def served(home: Path, **settings: str) -> str:
        environment = {**os.environ, "LIANZHAO_HOME": str(home), **settings}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.service.served", "0", "1"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout
        found = re.search(r"http://(127\.0\.0\.1:\d+)", process.stdout.readline())
        assert found
        _await_answers(f"http://{found[1]}/health/live")
        return found[1]

    yield served
    for process in processes:
        process.terminate()
        process.communicate(timeout=SECONDS)


@pytest.fixture(scope="module")
def keyless(serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    return serve(tmp_path_factory.mktemp("keyless"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keyed")


@pytest.fixture(scope="module")
def token(home: Path) -> str:
    database = Database(home)
    try:
        return KeyStore(database).add("administrator", ())[1]
    finally:
        database.close()


@pytest.fixture(scope="module")
def keyed(serve, home: Path, token: str) -> str:
    return serve(home, LIANZHAO_TRUSTED_PROXIES="127.0.0.1", LIANZHAO_ROOT_PATH="/other")


def _nginx(folder: Path, servers: str) -> list[str]:
    (folder / "nginx.conf").write_text(
        f"daemon off; error_log {folder}/error.log; pid {folder}/pid; events {{}}\n"
        f"http {{ access_log off;\n{servers}\n}}\n"
    )
    folder.chmod(0o755)
    return ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]


def _caddy(folder: Path, text: str) -> list[str]:
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{text}\n")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[object]:
    """Start a proxy with a configuration, {port} and {upstream} filled in."""
    processes = []

    def started(kind: str, text: str, upstream: str) -> str:
        if not shutil.which(kind):
            pytest.skip(f"{kind} is not installed here")
        port = _free_port()
        text = re.sub(r"127\.0\.0\.1:8000", upstream, text)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};").replace(
            "\n:80 {", f"\nhttp://:{port} {{"
        )
        command = {"nginx": _nginx, "caddy": _caddy}[kind](tmp_path, text)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "HOME": str(tmp_path)}
        processes.append(subprocess.Popen(command, env=environment, **quiet))
        _await_answers(f"http://127.0.0.1:{port}/")
        return f"http://127.0.0.1:{port}"

    yield started
    for process in processes:
        process.terminate()
        process.communicate(timeout=SECONDS)


BARE = {
    "nginx": "server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } }",
    "caddy": "\n:80 {\n\treverse_proxy 127.0.0.1:8000\n}",
}
OURS = {
    "nginx": (ROOT / "docker" / "proxies" / "nginx.conf").read_text("utf-8"),
    "caddy": (ROOT / "docker" / "proxies" / "Caddyfile").read_text("utf-8"),
}


@pytest.mark.parametrize("kind", BARE)
def test_a_service_without_keys_answers_nobody_behind_a_proxy(kind, proxied, keyless) -> None:
    url = proxied(kind, BARE[kind], keyless)
    for path in (PAGE, "/v1/models", "/metrics", "/v1/audit"):
        answer = httpx.get(url + path)
        assert (answer.status_code, answer.json()["code"]) == (403, "forwarded")
    assert httpx.post(f"{url}/v1/events", json={}).status_code == 403
    assert httpx.get(f"http://{keyless}/v1/models").status_code == 200


@pytest.mark.parametrize("kind", OURS)
def test_the_configurations_of_the_documents(kind, proxied, keyed, token) -> None:
    url = proxied(kind, OURS[kind], keyed)
    key = {"X-API-Key": token}
    for path in (PAGE, "/v1/models", "/docs", "/openapi.json"):
        assert httpx.get(f"{url}/leads{path}", headers=key).status_code == 200, path
    assert httpx.get(f"{url}/leads/health/live").status_code == 401
    page = httpx.get(f"{url}/leads/docs").text
    for asset in re.findall(r'(?:href|src|url)["\']?[=:] ?["\'](/[^"\']+)', page):
        assert asset.startswith("/leads/"), asset
        assert httpx.get(url + asset).status_code == 200, asset
    document = httpx.get(f"{url}/leads/openapi.json").json()
    assert document["servers"] == [{"url": "/leads"}]


@pytest.mark.parametrize("kind", OURS)
def test_each_client_behind_a_proxy_has_its_own_rate(kind, proxied, serve, home, token) -> None:
    upstream = serve(home, LIANZHAO_TRUSTED_PROXIES="127.0.0.1", LIANZHAO_RATE_LIMIT="3/day")
    url = proxied(kind, OURS[kind], upstream)
    statuses = {}
    for client in ("127.0.0.2", "127.0.0.3"):
        with httpx.Client(transport=httpx.HTTPTransport(local_address=client)) as asks:
            statuses[client] = [
                # Whatever a client says of itself does not give it another rate.
                asks.get(
                    f"{url}/leads/v1/zones", headers={"X-Forwarded-For": f"198.51.100.{number}"}
                ).status_code
                for number in range(5)
            ]
    assert set(map(tuple, statuses.values())) == {(401, 401, 401, 429, 429)}
