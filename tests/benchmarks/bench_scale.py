"""One recommendation over a large pool made from the listed companies, in process and not cached.

The pool is made as for `scale_train`, and ranked by the model of the listed companies. The time is
set beside one plain sum over what the first stage reads, in the same run. What two stages lose
is measured against everybody scored in full: for all needs on the listed companies, forced to two
stages and to codes, and for a few on the large pool. A second process that answers beside the
first one shows what both share of memory.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.encoder import UniversalSentenceEncoder
from features.need import NeedQuery
from features.space.arrays import NeedFeatures
from features.workspace import Workspace
from models.retrieval import retrieval, two_stage
from models.retrieval.two_stage import TwoStage
from models.scoring.ranker import PoolRanker, order
from models.scoring.scale import Values
from models.storage import prepared
from service.serving.engine import Engine
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.bench_scale_train import keep_vectors, larger
from tests.benchmarks.bench_soak import pss
from tests.benchmarks.listed import ENCODINGS, ROOT, Listed
from tests.benchmarks.report import progress, report
from training.metrics import MIN_RELEVANT, ndcg

ROWS = 1_000_000
LEADS = 20
_NEEDS = 40
_IN_FULL = 6
_SHORTLISTS = (200, 500, 3_000)
_PIECE = 20_000
Figures = dict[str, list[float]]

_TENTH = Filters(province=("浙江省",))
"""A province in which about a tenth of the listed companies sit."""


def run(listed: Listed, rows: int = ROWS) -> None:
    compare(listed)
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        home = Path(folder) / "home"
        make(listed, home, rows)
        measure(home)


def compare(listed: Listed) -> None:
    """Report what two stages and codes keep of the full ranking of the listed companies."""
    engine = load(listed.workspace)
    judged = Workspace(listed.workspace).read("judgements")
    chosen = dict(judged.group_by("need_id").agg("enterprise_id").iter_rows())
    rows, ids = np.flatnonzero(engine._listed), engine.bound.pool.ids
    with changed(retrieval, "EXACT", 0):
        table = Workspace(listed.workspace).read("enterprises")
        retriever = prepared.in_memory(engine.bound.ranker, table).retriever
    assert isinstance(retriever, TwoStage)
    for candidates in _SHORTLISTS:
        told: Figures = {}
        with changed(two_stage, "CANDIDATES", candidates):
            for query in engine._needs.values():
                need = engine.features(query)
                raw = engine.bound.contributions(need).sum(axis=0)
                found = compared(retriever, need, rows, raw)
                relevant = np.isin(ids, chosen.get(query.need_id, []))
                if relevant[rows].sum() >= MIN_RELEVANT:
                    full = relevant[order(raw, rows, len(rows))]
                    shown = relevant[retriever.ranked(need, rows, 0, LEADS)[0]]
                    rest = np.ones(relevant[rows].sum() - shown.sum(), dtype=np.bool_)
                    found |= {"ndcg": [ndcg(np.append(shown, rest))], "full_ndcg": [ndcg(full)]}
                gather(told, found)
        tell("listed", told, candidates=candidates, enterprises=len(ids))


def measure(home: Path) -> None:
    """Report load, answers, what two stages keep, and memory, for a workspace of a large pool."""
    begin = time.perf_counter()
    load(home)
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    engine = load(home)
    size = len(engine.bound.pool)
    seconds = time.perf_counter() - begin
    report("scale.load.seconds", seconds, "s", first=round(first, 1), enterprises=size)
    begin = time.perf_counter()
    engine.prepared.touch()
    report("scale.touch.seconds", time.perf_counter() - begin, "s", enterprises=size)
    needs = [*engine._needs.values()]
    time_answers(engine, needs[:_NEEDS])
    with beside(home) as other:
        memory = pss(os.getpid()), pss(other)
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1e6
    report("scale.peak_memory", peak, "GB", kind="resident, mapped files too", enterprises=size)
    for name, value in zip(("first", "second"), memory, strict=True):
        report(f"scale.memory.{name}", value / 1e9, "GB", kind="proportional", enterprises=size)
    told: Figures = {}
    rows, some = np.flatnonzero(engine._listed), needs[:: max(len(needs) // _IN_FULL, 1)]
    asked = [engine.features(query) for query in some[:_IN_FULL]]
    progress(f"{len(asked)} needs in full")
    for need, raw in zip(asked, in_full(engine.bound, asked), strict=True):
        gather(told, compared(engine.retriever, need, rows, raw))
    tell("large", told, candidates=two_stage.CANDIDATES, enterprises=size)


def time_answers(engine: Engine, needs: list[NeedQuery]) -> None:
    """Report how long answers take, beside a sum over what estimates read, turn by turn."""
    stored = engine.retriever.estimate.stored
    read = (stored.matrix.codes, stored.hybrid.codes, stored.items.indices)
    taken: dict[str, list[float]] = {"sum": [], "all": [], "tenth": []}
    warm, half = needs[:4], len(needs) // 2 + 2
    for need in warm:  # read what is read once: pages of files, the encoder's weights
        milliseconds(engine, need, Filters())
        milliseconds(engine, need, _TENTH)
        for array in read:
            array.sum()
    # No need is asked for twice: what was kept of it would make the second answer faster.
    for need, other in zip(needs[4:half], needs[half:], strict=False):
        begin = time.perf_counter()
        for array in read:
            array.sum()
        taken["sum"].append(1000 * (time.perf_counter() - begin))
        taken["all"].append(milliseconds(engine, need, Filters()))
        taken["tenth"].append(milliseconds(engine, other, _TENTH))
    whole, summed, tenth = (median(taken[name]) for name in ("all", "sum", "tenth"))
    told = {"enterprises": len(engine.bound.pool), "needs": len(taken["all"])}
    report("scale.recommend.milliseconds", whole, "ms", target="<= 250", **told)
    size = sum(array.nbytes for array in read) / 1e9
    size = f"one sum over the {size:.3f} GB that an estimate reads: {summed:.1f} ms"
    report("scale.recommend.ratio", whole / summed, "times", ratio_to=size, target="<= 2.5", **told)
    without = "the same without a filter"
    report("scale.filtered.ratio", tenth / whole, "times", ratio_to=without, target="< 1", **told)


def compared(
    retriever: TwoStage, need: NeedFeatures, rows: NDArray[np.intp], raw: NDArray[np.float64]
) -> Figures:
    """Return what two stages keep of a full ranking by raw scores, and how far theirs are off."""
    first = order(raw, rows, LEADS)
    shown, parts = retriever.ranked(need, rows, 0, LEADS)
    return {
        "recall": [float(np.isin(first, retriever.shortlist(need, rows)).mean())],
        "overlap": [float(np.isin(first, shown).mean())],
        "off": np.abs(parts.sum(axis=0) - raw[shown]).tolist(),
    }


def gather(told: Figures, found: Figures) -> None:
    for name, values in found.items():
        told.setdefault(name, []).extend(values)


def tell(pool: str, told: Figures, **more: Any) -> None:
    """Report the means of figures, and median and 95th percentile of how far scores are off."""
    off = told.pop("off")
    for name, values in told.items():
        unit = "NDCG@10" if "ndcg" in name else "of the first 20"
        report(f"scale.{pool}.{name}", float(np.mean(values)), unit, needs=len(values), **more)
    late = round(float(np.percentile(off, 95)), 4)
    report(f"scale.{pool}.raw_off", median(off), "of a raw score", p95=late, **more)


def in_full(bound: PoolRanker, needs: list[NeedFeatures]) -> list[NDArray[np.float64]]:
    """Return the raw scores of a large pool, all enterprises scored in full, in chunks."""
    pieces: list[list[Values]] = [[] for _ in needs]
    for start in range(0, len(bound.pool), _PIECE):
        taken = bound.take(np.arange(start, min(start + _PIECE, len(bound.pool))))
        for need, own in zip(needs, pieces, strict=True):
            own.append(taken.values(need))
    found = []
    for need, own in zip(needs, pieces, strict=True):
        found.append(bound.fit(need, Values.beside(*own))[1].sum(axis=0))
    return found


@contextmanager
def beside(home: Path) -> Iterator[int]:
    """Let another process answer from the same workspace, and give its number while it lives."""
    arguments = [sys.executable, "-m", "tests.benchmarks.bench_scale", str(home)]
    with subprocess.Popen(
        arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield other.pid
        other.communicate()


@contextmanager
def changed(module: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def make(listed: Listed, home: Path, rows: int) -> None:
    """Create a workspace with a number of enterprises and the listed companies' model."""
    source = pl.read_csv(listed.source("enterprises"), infer_schema=False)
    pool, parents = larger(source, rows, np.random.default_rng(0))
    path = home.with_name("enterprises.csv")
    pool.write_csv(path)
    progress(f"import {rows} enterprises")
    listed.fill(home, enterprises=path)
    keep_vectors(listed.workspace / ENCODINGS, home / ENCODINGS, parents)
    shutil.copytree(listed.workspace / "models", home / "models")
    progress("load")


def load(home: Path) -> Engine:
    return load_engine(Workspace(home), UniversalSentenceEncoder())


def milliseconds(engine: Engine, need: NeedQuery, filters: Filters) -> float:
    begin = time.perf_counter()
    page = engine.recommend(need, filters, LEADS, 0, "zh")
    taken = time.perf_counter() - begin
    assert page["leads"]
    assert all(lead["reasons"] for lead in page["leads"])
    return 1000 * taken


def main() -> None:
    """Load a workspace, answer the timed questions, report, and wait until the pipe is closed."""
    engine = load(Path(sys.argv[1]))
    for need in [*engine._needs.values()][:_NEEDS]:
        milliseconds(engine, need, Filters())
    sys.stdout.write("answered\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
