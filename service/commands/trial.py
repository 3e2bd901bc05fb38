"""A service on a free loopback port, for trials in notebooks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from features.errors import UnavailableError
from service.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMAND = "from service.commands import main; main()"
_PATIENCE = 120.0
"""Timeout in seconds for the start of a service, and for a switch of version."""


@dataclass(frozen=True)
class RunningService:
    """A running service.

    Attributes
    ----------
    url : str
        Its address.
    """

    url: str

    def ask(self, need_id: str, limit: int = 3) -> dict[str, Any]:
        """Return a page of leads for a need."""
        query = urllib.parse.urlencode({"need_id": need_id, "limit": limit})
        return self._get(f"/v1/recommendations?{query}")

    def follow(self, version: str, need_id: str) -> float:
        """Poll until a version answers; return the seconds that it took.

        Raises
        ------
        UnavailableError
            When the version does not answer in time.
        """
        begin = time.monotonic()
        while (answered := self.ask(need_id, 1)["model_version"]) != version:
            if time.monotonic() - begin > _PATIENCE:
                raise UnavailableError(f"the service still answers from {answered}, not {version}")
            time.sleep(0.1)
        return time.monotonic() - begin

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            found: dict[str, Any] = orjson.loads(answer.read())
        return found


@contextmanager
def serving(home: Path) -> Iterator[RunningService]:
    """Start `lianzhao serve` on a workspace, wait until it is ready, and stop it at the end.

    It logs warnings only, unless LIANZHAO_LOG_LEVEL is set: a notebook shows its stderr.

    Raises
    ------
    UnavailableError
        When it does not start.
    """
    command = [sys.executable, "-c", _COMMAND, "--home", str(home), "serve", "--port", "0"]
    environment = {f"{PREFIX}LOG_LEVEL": "warning", **os.environ}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        stated = process.stdout.readline() if process.stdout else ""
        found = re.search(r"http://[\d.]+:\d+", stated)
        if found is None:
            raise UnavailableError(f"the service did not start; it printed {stated.strip()!r}")
        _await_ready(process, found[0])
        yield RunningService(found[0])
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout:
            process.stdout.close()


def _await_ready(process: subprocess.Popen[str], url: str) -> None:
    ends = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return
        except OSError:  # it does not listen yet, or is not ready
            time.sleep(0.1)
    raise UnavailableError(f"the service at {url} did not become ready in {_PATIENCE:.0f} s")
