from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from service.commands import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Ended(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The one line that a failed command writes on stderr."""
        lines = [line for line in self.err.splitlines() if line.startswith("lianzhao: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.out + self.err
        return lines[0].removeprefix("lianzhao: ")


Run = "Callable[..., Ended]"


@pytest.fixture
def run(
    _bare_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Callable[..., Ended]:
    """Run a command on the workspace `home` below the working folder."""
    monkeypatch.setenv("LIANZHAO_ENCODER", "tests.pool:HashedEncoder")
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))

    def ran(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["lianzhao", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Ended(code, *capfd.readouterr())

    return ran
