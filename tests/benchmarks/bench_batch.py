"""A batch: every listed need by all enterprises, 400 leads each, reasons for the first 20."""

import time

import polars as pl

from features.encoder import UniversalSentenceEncoder
from features.imports.lists import read_needs
from features.need import NeedQuery
from features.workspace import Workspace
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.listed import Listed, lianzhao
from tests.benchmarks.report import progress, report

LEADS = 400
EXPLAINED = 20
_TARGET = "<= 15"


def run(listed: Listed) -> None:
    home, needs = listed.workspace, listed.source("needs")
    progress("batch: the whole command")
    out = listed.folder / "batch.parquet"
    seconds = lianzhao(home, "recommend", "--needs", needs, "--out", out, "-k", str(LEADS))
    found = pl.read_parquet(out)
    report("batch.command.seconds", seconds, "s", target=_TARGET, rows=found.height)

    progress("batch: in process")
    workspace = Workspace(home)
    engine = load_engine(workspace, UniversalSentenceEncoder())
    rows = read_needs(workspace, needs).good.iter_rows(named=True)
    queries = [NeedQuery.from_row(row) for row in rows]
    begin = time.perf_counter()
    frame = engine.batch(queries, LEADS, explained=EXPLAINED)
    seconds = time.perf_counter() - begin
    assert frame.height == LEADS * len(queries) == found.height
    assert frame["reasons"].count() == EXPLAINED * len(queries)
    report("batch.process.seconds", seconds, "s", target=_TARGET, needs=len(queries))
