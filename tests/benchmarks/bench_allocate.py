"""`allocate` from needs to lists: 50 needs × the listed companies, 200 needs × 100,000."""

import shutil
import tempfile
import time
from pathlib import Path

import polars as pl

from features.encoder import UniversalSentenceEncoder
from features.workspace import Workspace
from service.projects.allocation import allocate
from service.projects.references import References
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.bench_scale import make
from tests.benchmarks.listed import Listed
from tests.benchmarks.report import progress, report
from tests.pool import frame

CITY = "长治市"
PLACES, MOST_ZONES = 20, 2
SMALL, LARGE = (50, 13, 5), (200, 50, 60)
"""Needs, zones, and the seconds that it may take."""
ROWS = 100_000


def run(listed: Listed, rows: int = ROWS) -> None:
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        home = shutil.copytree(listed.workspace, Path(folder) / "small")
        measure(home, *SMALL)
        home = Path(folder) / "large"
        make(listed, home, rows)
        measure(home, *LARGE)


def measure(home: Path, needs: int, zones: int, seconds: float) -> None:
    """Report how long it takes to share the enterprises of a workspace out, all ranking included.

    No need was met before; the model and the tables are loaded.
    """
    workspace = Workspace(home)
    workspace.commit(tables(workspace.read("needs"), needs, zones))
    engine = load_engine(workspace, UniversalSentenceEncoder())
    engine.touch()
    size = len(engine.bound.pool)
    progress(f"allocate: {needs} needs of {zones} zones x {size} enterprises")
    begin, busy = time.perf_counter(), time.process_time()
    done = allocate(engine, References(workspace), CITY, k=PLACES, max_zones=MOST_ZONES)
    taken, busy = time.perf_counter() - begin, time.process_time() - busy
    assert done.summary["most_zones"] <= MOST_ZONES
    report(
        f"allocate.{needs}x{size}.seconds",
        taken,
        "s",
        target=f"<= {seconds}",
        processor=round(busy, 2),
        places=done.summary["places"],
        mean_loss=round(done.summary["mean_loss"], 4),
    )


def tables(needs: pl.DataFrame, count: int, zones: int) -> dict[str, pl.DataFrame]:
    """Return a number of zones in one city, and their needs for known industries."""
    industries = needs["industry"].unique(maintain_order=True).to_list()
    places = [
        {"zone_id": f"z{at}", "name": f"第{at}开发区", "city": CITY, "province": "山西省"}
        for at in range(zones)
    ]
    wanted = [
        {
            "need_id": f"z{at % zones}/{industries[at % len(industries)]}/{at}",
            "zone_id": f"z{at % zones}",
            "industry": industries[at % len(industries)],
        }
        for at in range(count)
    ]
    return {name: frame(name, rows) for name, rows in (("zones", places), ("needs", wanted))}
