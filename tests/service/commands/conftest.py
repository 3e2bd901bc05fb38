from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
import xlsxwriter

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


@pytest.fixture
def came_out(run, tmp_path):
    """Import a file of enterprises and return what an export writes, by enterprise_id."""

    def came_out(path, *options):
        ended = run("import", "enterprises", path, *options, "--json")
        assert ended.code == 0, ended.err
        out = tmp_path / "out.csv"
        assert run("export", "enterprises", out).code == 0
        with out.open(encoding="utf-8", newline="") as file:
            rows = {row["enterprise_id"]: row for row in csv.DictReader(file)}
        return rows, json.loads(ended.out)

    return came_out


@pytest.fixture
def listed(tmp_path):
    """Write the text of a list as .csv and return its path."""

    def listed(text):
        path = tmp_path / "list.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return listed


@pytest.fixture
def excel(tmp_path):
    """Write sheets of rows as .xlsx; `merged` are ranges of cells with their text."""

    def write(sheets, name="list.xlsx", merged=()):
        path = tmp_path / name
        with xlsxwriter.Workbook(path) as book:
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                for y, row in enumerate(rows):
                    for x, cell in enumerate(row):
                        if cell is not None:
                            sheet.write(y, x, cell)
                for place in merged:
                    sheet.merge_range(*place)
        return path

    return write
