"""Opens Debian's Chromium, and serves a workspace for it in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_ROOT = Path(__file__).parents[2]
_SERVE = "from service.commands import main; main()"
_PATIENCE_SECONDS = 90.0


@contextmanager
def browser() -> Iterator[Browser]:
    """Open the browser; its sandbox needs rights that a container does not give."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


@dataclass(frozen=True)
class Served:
    """A service that runs.

    Parameters
    ----------
    url
    home
        Its workspace.
    """

    url: str
    home: Path

    @classmethod
    @contextmanager
    def on(cls, home: Path, encoder: str = "tests.pool:HashedEncoder") -> Iterator[Served]:
        """Serve a workspace until the context ends."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LIANZHAO_")}
        environment |= {"LIANZHAO_HOME": str(home), "LIANZHAO_LOG_LEVEL": "warning"}
        if encoder:
            environment["LIANZHAO_ENCODER"] = encoder
        command = [sys.executable, "-c", _SERVE, "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, cwd=_ROOT)
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + _PATIENCE_SECONDS
            while not _answers(url):
                assert process.poll() is None, "the service ended"
                assert time.monotonic() < until, "the service did not answer"
                time.sleep(0.1)
            yield cls(url, home)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/console/quality", timeout=60) as answer:
            return bool(answer.status < 500)
    except OSError:
        return False
