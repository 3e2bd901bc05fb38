"""One recommendation over the listed companies, in process and not cached, with 20 reasons."""

import time
from statistics import median

from features.encoder import UniversalSentenceEncoder
from features.need import NeedQuery
from features.workspace import Workspace
from service.serving.engine import Engine
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.listed import Listed
from tests.benchmarks.report import progress, report

LEADS = 20
_TARGET = "<= 40"


def run(listed: Listed) -> None:
    workspace = Workspace(listed.workspace)
    begin = time.perf_counter()
    engine = load_engine(workspace, UniversalSentenceEncoder())
    report("engine.load.seconds", time.perf_counter() - begin, "s")

    needs = [NeedQuery.from_row(row) for row in workspace.read("needs").iter_rows(named=True)]
    # Both read what is read once: pages of the tables, and the encoder's weights.
    warm, needs = needs[0], needs[1:]
    milliseconds(engine, warm)
    milliseconds(engine, NeedQuery(f"{warm.industry}的配套企业"))
    progress(f"recommend: {len(needs)} needs, then as many texts never met")
    # Nothing is asked for twice, and no text that the training did not encode is met before.
    for name, queries in (
        ("need", needs),
        ("text", [NeedQuery(f"{need.industry}的配套企业") for need in needs]),
    ):
        taken = sorted(milliseconds(engine, query) for query in queries)
        ninth = taken[int(0.9 * len(taken))]
        report(
            f"recommend.{name}.milliseconds",
            median(taken),
            "ms",
            target=_TARGET if name == "need" else None,
            p90=round(ninth, 2),
            needs=len(taken),
        )


def milliseconds(engine: Engine, need: NeedQuery) -> float:
    begin = time.perf_counter()
    page = engine.recommend(need, Filters(), LEADS, 0, "zh")
    taken = time.perf_counter() - begin
    assert len(page["leads"]) == LEADS
    assert all(lead["reasons"] for lead in page["leads"])
    return 1000 * taken
