"""Files as data bases export them, 36 columns wide, and a workbook to take along.

An import of 1,000,000 rows of text against pandas reading the same file and doing the same checks
(`--rows` of `tests.benchmarks.bench_import` takes fewer), one of a workbook of 100,000 rows, and
the lists for 50 needs with 50 leads each as a workbook.
"""

import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import polars as pl
import xlsxwriter

from features.encoder import UniversalSentenceEncoder
from features.errors import NotFoundError
from features.workspace import Workspace
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from service.serving.questions import KnownNeed, LeadsQuestion
from service.serving.take_along import take_along
from tests.benchmarks.bench_import import measured, wide
from tests.benchmarks.listed import ROOT, Listed
from tests.benchmarks.report import progress, report

ROWS = 100_000
NEEDS, LEADS = 50, 50


def run(listed: Listed) -> None:
    progress("wide: an import of text against pandas")
    command = [sys.executable, "-m", "tests.benchmarks.bench_import", "--case", "wide"]
    subprocess.run(command, check=True, cwd=ROOT)
    progress("wide: a workbook")
    path = listed.folder / "wide.xlsx"
    write_workbook(wide(listed.source("enterprises"), ROWS), path)
    seconds, peak = measured("lianzhao", path)
    report("wide.workbook.seconds", seconds, "s", target="<= 25", rows=ROWS, columns=36)
    report("wide.workbook.peak_memory", peak, "GB", target="<= 2")
    take_lists_along(listed.workspace)


def write_workbook(frame: pl.DataFrame, path: Path) -> None:
    """Write a title, headers and rows as texts, as a data base's export has them."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "高级搜索导出（样例）")
    sheet.write_row(1, 0, frame.columns)
    for at, row in enumerate(frame.iter_rows(), 2):
        sheet.write_row(at, 0, row)
    book.close()


def take_lists_along(home: Path) -> None:
    """Rank, explain and write the lists for `NEEDS` needs as one workbook."""
    progress("wide: lists to take along")
    engine = load_engine(Workspace(home), UniversalSentenceEncoder())
    needs = [need["need_id"] for need in engine.needs()][:NEEDS]
    engine.recommend(engine.need(needs[0]), Filters(), 1, 0, "zh")

    def profile(enterprise_id: str) -> dict[str, object]:
        try:
            return engine.enterprise(enterprise_id)
        except NotFoundError:
            return {}

    begin = time.perf_counter()
    pages = [LeadsQuestion(KnownNeed(id_), limit=LEADS).answer(engine) for id_ in needs]
    content = take_along(pages, profile, day=date(2026, 1, 1))
    seconds = time.perf_counter() - begin
    report(
        "wide.take_along.seconds",
        seconds,
        "s",
        target="<= 5",
        needs=len(needs),
        leads=LEADS,
        kilobytes=len(content) // 1000,
    )
