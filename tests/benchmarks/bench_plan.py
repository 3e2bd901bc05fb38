"""What 60 million enterprises take: costs measured here, and what follows from them over hosts.

Costs are processor time, which other processes of the machine hardly change, of one pool of two
chunks that is made as for `scale_train`. Every figure says its `kind`: measured, or extrapolated,
with what was assumed. Extrapolated times come from a replay of the tasks over hosts with
stragglers and failures (`replay.py`).
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np

from features.encoder import UniversalSentenceEncoder
from features.workspace import Workspace
from models.executors import InProcess, Pending
from models.releases import releases
from models.releases.registry import ModelRegistry
from models.releases.store import Store
from models.retrieval.spans import Span, spans
from models.shards.open_shards import ShardTask, answer
from models.shards.sharded import Sharded
from models.shards.shards import Shard
from models.storage import artifact, prepared
from models.storage.chunks import Workers, make_chunk
from service.serving.by_shards import files_of
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.bench_scale import make
from tests.benchmarks.listed import Listed
from tests.benchmarks.replay import Cluster, replay, straggling
from tests.benchmarks.report import progress, report

ROWS, CHUNK = 40_000, 20_000
TARGET = 60_000_000
NEEDS, LEADS = 40, 100
SHARD = 250_000
HOSTS = (1, 8, 32)
WORKERS, GIGABITS = 8, 10
FAILURES = 0.02
"""Of a host in an hour: one failure in two days."""
Spent = dict[str, float]


def run(listed: Listed, rows: int = ROWS) -> None:
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        home = Path(folder) / "home"
        make(listed, home, rows)
        costs = measure(home, Path(folder) / "store")
    extrapolate(costs)


def measure(home: Path, store: Path) -> Spent:
    """Report what each step costs for a row, and return it in seconds and bytes."""
    workspace, encoder = Workspace(home), UniversalSentenceEncoder()
    registry = ModelRegistry(workspace)
    version = registry.active()
    assert version is not None
    spent: Spent = {}
    progress("encode 500 texts")
    texts = workspace.read("enterprises")["name"].head(600).to_list()
    encoder.encode(texts[:100])
    with processor(spent, "encode"):
        encoder.encode(texts[100:])
    spent["encode"] /= 500
    tell("encode", 1e3 * spent["encode"], "ms of a processor for a text not met before")

    progress("prepare")
    executor = Timed()

    def workers(folder: Path) -> Workers:
        return Workers(executor, home, folder, None)

    with processor(spent, "prepare"):
        engine = load_engine(workspace, encoder, workers=workers)
    size = len(engine.bound.pool)
    spent["chunk"] = executor.spent[make_chunk.__name__] / size
    spent["write"] = (spent["prepare"] - executor.spent[make_chunk.__name__]) / size
    tell("features", 1e3 * spent["chunk"], "ms of a processor for a row, texts encoded")
    tell("write", 1e3 * spent["write"], "ms of a processor for a row, in one process")
    tell("peak_memory", getrusage(RUSAGE_SELF).ru_maxrss / 1e6, "GB, all in one process")
    made_of = prepared.versions(workspace)
    folder = prepared.folder(version, home, made_of)
    sizes: Spent = {}
    for path in folder.glob("*.npy"):
        part = ".".join(path.stem.split(".")[:2])
        sizes[part] = sizes.get(part, 0.0) + path.stat().st_size / size
    spent["bytes"] = sum(sizes.values())
    tell("bytes", spent["bytes"], "bytes of prepared files for a row")
    for name, each in sorted(sizes.items(), key=lambda pair: -pair[1])[:12]:
        tell(f"bytes.{name}", each, "bytes for a row")

    progress("rank")
    asked: dict[str, float] = {}
    files = files_of(workspace, registry.path(version), engine.made_of, None)

    def ask(span: Span, method: Callable[[Shard, Any], Any], what: Any) -> Pending[Any]:
        return executor.submit(answer, ShardTask(files(span), method, what))

    by_shards = Sharded(engine.retriever, spans(size, 2), ask)
    needs = [*engine._needs.values()][:NEEDS]
    engine.batch(needs[:4], LEADS, retriever=by_shards, explained=0)
    before = dict(executor.spent)
    with processor(asked, "batch"):
        engine.batch(needs, LEADS, retriever=by_shards, explained=0)
    of_methods = {
        name: (executor.spent[name] - before.get(name, 0.0)) / len(needs)
        for name in ("leading", "values")
    }
    spent["leading"] = of_methods["leading"] / size
    spent["values"] = of_methods["values"]
    spent["merge"] = asked["batch"] / len(needs) - sum(of_methods.values())
    tell("rank.estimate", 1e9 * spent["leading"], "ns of a processor for a row and a need")
    tell("rank.candidates", 1e3 * spent["values"], "ms of a processor for a need")
    tell("rank.merge", 1e3 * spent["merge"], f"ms of a processor for a need, {LEADS} leads")

    progress("publish")
    shared = Store(f"file://{store}")
    with processor(spent, "push"):
        releases.push(workspace, version, shared, 0)
    replica = Workspace(home.with_name("replica"))
    with processor(spent, "pull"):
        releases.pull(replica, ModelRegistry(replica), shared)
    total = sum(file.size for file in shared.release(1).files)
    for name in ("push", "pull"):
        spent[name] /= total
        tell(name, 1e9 * spent[name], "s of a processor for a GB, store in a folder")
    artifact.verify(folder)
    return spent


def extrapolate(costs: Spent) -> None:
    """Report what follows for the whole country."""
    tasks = -(-TARGET // CHUNK)
    disk = costs["bytes"] * TARGET
    tell_plan("disk", disk / 1e9, "GB of prepared files", assumed="bytes for a row as measured")
    new = 1.0  # a name that nobody else has
    for hosts in HOSTS:
        cluster = Cluster(hosts, WORKERS, FAILURES)
        random = np.random.default_rng(0)
        each = (costs["chunk"] + new * costs["encode"]) * CHUNK
        found = replay(straggling(tasks, each, random), cluster)
        written = costs["write"] * TARGET
        moved = 2 * disk * 8 / (GIGABITS * 1e9)
        shown = {
            "hosts": hosts,
            "workers": WORKERS,
            "begun": found.begun,
            "lost_hosts": found.lost_hosts,
            "busy": round(found.busy, 2),
        }
        tell_plan(
            "features",
            found.seconds / 3600,
            "h",
            assumed=f"{tasks} tasks, one text a row not met before, one failure of a host in "
            f"{1 / FAILURES:.0f} h, 1 % of tasks 4 × as long",
            **shown,
        )
        tell_plan(
            "write",
            max(written, moved) / 3600,
            "h",
            assumed=f"one writer; files once to it and once from it at {GIGABITS} Gbit/s: "
            f"{'the network' if moved > written else 'its processor'} decides",
            hosts=hosts,
        )
    of_shards = -(-TARGET // SHARD)
    for hosts in HOSTS:
        every = costs["leading"] * TARGET / (hosts * WORKERS)
        tell_plan(
            "rank",
            1e3 * (every + costs["values"] + costs["merge"]),
            "ms for a need, in a batch",
            assumed=f"{of_shards} shards of {SHARD}, equal work, merging in one process",
            hosts=hosts,
        )
        tell_plan(
            "memory",
            costs["bytes"] * TARGET / hosts / 1e9,
            "GB of a host, for all files of its shards to stay in memory",
            hosts=hosts,
        )
    pulled = disk / HOSTS[-1]
    tell_plan(
        "pull",
        max(costs["pull"] * pulled, pulled * 8 / (GIGABITS * 1e9)) / 60,
        "min until a new host has its shards",
        hosts=HOSTS[-1],
        assumed=f"{GIGABITS} Gbit/s, one process",
    )


class Timed(InProcess):
    """Does tasks here, and adds up their processor time by what was done."""

    def __init__(self) -> None:
        self.spent: Spent = {}

    def submit(self, work: Callable[[Any], Any], task: Any) -> Pending[Any]:
        name = task.method.__name__ if isinstance(task, ShardTask) else work.__name__
        with processor(self.spent, name):
            return super().submit(work, task)


@contextmanager
def processor(spent: Spent, name: str) -> Iterator[None]:
    """Add the processor time of this process to what was spent under a name."""
    begin = time.process_time()
    yield
    spent[name] = spent.get(name, 0.0) + time.process_time() - begin


def tell(name: str, value: float, unit: str) -> None:
    report(f"plan.{name}", value, unit, kind="measured", enterprises=ROWS)


def tell_plan(name: str, value: float, unit: str, **more: Any) -> None:
    report(f"plan.{name}", value, unit, kind="extrapolated", enterprises=TARGET, **more)
