"""One recommendation over a large pool made from the listed companies, in process and not cached.

The pool is made as for `scale_train`, and ranked by the model of the listed companies. The time is
set beside one plain sum over the matrix of the first stage, in the same run. How much the two
stages lose is measured on the listed companies, against everybody scored in full.
"""

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from features.encoder import UniversalSentenceEncoder
from features.need import NeedQuery
from features.workspace import Workspace
from models import retrieval
from models.retrieval import TwoStage
from service.engine import Engine
from service.filters import Filters
from tests.benchmarks.bench_scale_train import keep_vectors, larger
from tests.benchmarks.listed import ENCODINGS, Listed
from tests.benchmarks.report import progress, report

ROWS = 200_000
LEADS = 20
_NEEDS = 40
_FIRST = 200
_TENTH = Filters(province=("浙江省",))
"""A province in which about a tenth of the listed companies sit."""


def run(listed: Listed, rows: int = ROWS) -> None:
    compare(listed)
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        engine = load(listed, Path(folder) / "home", rows)
        needs = [NeedQuery.from_row(row) for row in listed_needs(listed)][:_NEEDS]
        matrix = engine._two_stage.estimate.matrix
        size = round(matrix.nbytes / 1e9, 3)
        milliseconds(engine, needs[0], Filters())  # reads the encoder's weights
        taken: dict[str, list[float]] = {"sum": [], "all": [], "tenth": []}
        for need in needs:
            begin = time.perf_counter()
            matrix.sum()
            taken["sum"].append(1000 * (time.perf_counter() - begin))
            taken["all"].append(milliseconds(engine, need, Filters()))
            taken["tenth"].append(milliseconds(engine, need, _TENTH))
        whole, read = median(taken["all"]), median(taken["sum"])
        told = {"enterprises": rows, "needs": len(needs)}
        report("scale.recommend.milliseconds", whole, "ms", target="<= 250", **told)
        report(
            "scale.recommend.ratio",
            whole / read,
            "times",
            ratio_to=f"one sum over the matrix of {size} GB: {read:.1f} ms",
            target="<= 2.5 (at 1,000,000)",
            **told,
        )
        report(
            "scale.filtered.ratio",
            median(taken["tenth"]) / whole,
            "times",
            ratio_to="the same without a filter",
            target="< 1",
            **told,
        )


def compare(listed: Listed) -> None:
    """Report what the two stages keep of the full ranking of the listed companies."""
    engine = Engine.load(Workspace(listed.workspace), UniversalSentenceEncoder())
    rows = np.flatnonzero(engine._listed)
    two_stage = TwoStage(engine.bound, retrieval.make(engine.bound))
    held, shown = [], []
    kept, retrieval.CANDIDATES = retrieval.CANDIDATES, _FIRST
    for row in listed_needs(listed):
        need = engine._understand(NeedQuery.from_row(row))
        first, _ = engine._ranked(need, rows, 0, LEADS)
        held.append(float(np.isin(first, two_stage.shortlist(need, rows)).mean()))
        shown.append(float(np.isin(first, two_stage.ranked(need, rows, 0, LEADS)[0]).mean()))
    retrieval.CANDIDATES = kept
    told = {"candidates": _FIRST, "enterprises": len(engine.bound.pool), "needs": len(held)}
    report("scale.shortlist.recall", float(np.mean(held)), "of the first 20", **told)
    report("scale.leads.overlap", float(np.mean(shown)), "of the first 20", **told)


def load(listed: Listed, home: Path, rows: int) -> Engine:
    """Return an engine of the listed companies' model over a pool of so many rows."""
    source = pl.read_csv(listed.source("enterprises"), infer_schema=False)
    pool, parents = larger(source, rows, np.random.default_rng(0))
    path = home.with_name("enterprises.csv")
    pool.write_csv(path)
    progress(f"import {rows} enterprises")
    listed.fill(home, enterprises=path)
    keep_vectors(listed.workspace / ENCODINGS, home / ENCODINGS, parents)
    shutil.copytree(listed.workspace / "models", home / "models")
    progress("load")
    begin = time.perf_counter()
    engine = Engine.load(Workspace(home), UniversalSentenceEncoder())
    report("scale.load.seconds", time.perf_counter() - begin, "s", enterprises=rows)
    return engine


def listed_needs(listed: Listed) -> list[dict[str, object]]:
    return Workspace(listed.workspace).read("needs").rows(named=True)


def milliseconds(engine: Engine, need: NeedQuery, filters: Filters) -> float:
    begin = time.perf_counter()
    page = engine.recommend(need, filters, LEADS, 0, "zh")
    taken = time.perf_counter() - begin
    assert page["leads"]
    assert all(lead["reasons"] for lead in page["leads"])
    return 1000 * taken
