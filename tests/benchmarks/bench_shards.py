"""A large pool served by shards, beside one process; and how soon a new replica is ready.

The pool is made as for `scale`. Questions are not cached, and put to one process and to processes
with a shard each, turn by turn; processor time is that of all processes together. The replica
takes a release from a store in a folder of the same host, and serves it.
"""

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from features.encoder import UniversalSentenceEncoder
from features.workspace import Workspace
from models.releases import releases
from models.releases.registry import ModelRegistry
from models.releases.store import Store
from models.shards.served_shards import ShardGroup
from models.shards.shard_processes import ShardProcesses, process_hosts
from service.serving.by_shards import served_by
from service.serving.engine import Engine
from service.serving.filters import Filters
from service.serving.interfaces import Document
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.bench_scale import LEADS, load, make
from tests.benchmarks.bench_soak import pss
from tests.benchmarks.listed import ROOT, Listed, command
from tests.benchmarks.report import progress, report

ROWS, SHARDS = 1_000_000, 4
_NEEDS, _WARM = 28, 4
_TIMEOUT = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


def run(listed: Listed, rows: int = ROWS, shards: int = SHARDS) -> None:
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        home = Path(folder) / "home"
        make(listed, home, rows)
        progress("prepare")
        compare(home, load(home), shards)
        take_over(home, Path(folder), rows)


def compare(home: Path, whole: Engine, shards: int) -> None:
    """Report what shards cost beside one process, and whether the lists are the same."""
    processes = ShardProcesses(shards)
    group = ShardGroup(process_hosts(processes.folder, shards), _TIMEOUT, processes.close)
    begin = time.perf_counter()
    parted = load_engine(Workspace(home), UniversalSentenceEncoder(), served=served_by(group, None))
    size = {"enterprises": len(whole.bound.pool), "shards": shards}
    report("shards.open.seconds", time.perf_counter() - begin, "s", **size)
    pids = processes.pids
    spent: dict[str, list[float]] = {"one": [], "shards": []}
    clock: dict[str, list[float]] = {"one": [], "shards": []}
    same = 0
    needs = [*whole._needs.values()][:_NEEDS]
    for number, need in enumerate(needs):
        pages = {}
        for name, engine in (("one", whole), ("shards", parted)):
            before, begin = processor(pids), time.perf_counter()
            pages[name] = engine.recommend(need, Filters(), LEADS, 0, "zh")
            if number >= _WARM:
                clock[name].append(time.perf_counter() - begin)
                spent[name].append(processor(pids) - before)
        same += leads(pages["one"]) == leads(pages["shards"])
    one = "one process that ranks the whole pool"
    ratio = sum(spent["shards"]) / sum(spent["one"])
    report("shards.processor.ratio", ratio, "times", ratio_to=one, target="<= 1.3", **size)
    waited = median(clock["shards"]) / median(clock["one"])
    report("shards.clock.ratio", waited, "times", ratio_to=one, **size)
    report("shards.clock.milliseconds", 1e3 * median(clock["shards"]), "ms", **size)
    report("shards.same", same / len(needs), "of the lists", target="1", needs=len(needs), **size)
    for pid in pids:
        report("shards.memory", pss(pid) / 1e9, "GB", kind="proportional", **size)
    report("shards.memory.service", pss(os.getpid()) / 1e9, "GB", kind="proportional", **size)
    group.close()


def leads(page: Document) -> list[tuple[str, float]]:
    """Return ids and raw scores of a page; the former in order, the latter to 1e-6."""
    return [
        (lead["enterprise"]["enterprise_id"], round(lead["raw_score"], 6)) for lead in page["leads"]
    ]


def processor(pids: list[int]) -> float:
    """Return the processor time in seconds of this process and others."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / _TICKS


def take_over(home: Path, folder: Path, rows: int) -> None:
    """Report how long a new replica takes from its start until it is ready."""
    workspace, store = Workspace(home), Store(f"file://{folder / 'store'}")
    version = ModelRegistry(workspace).active()
    assert version is not None
    progress("publish")
    releases.push(workspace, version, store, 0)
    replica, environment = folder / "replica", os.environ | {"LIANZHAO_STORE_URL": store.url}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begin = time.perf_counter()
    subprocess.run(
        command(replica, "store", "pull"),
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    pulled = time.perf_counter() - begin
    serve = command(replica, "serve", "--port", str(port))
    with subprocess.Popen(
        serve, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as service:
        while not ready(port):
            time.sleep(0.05)
        seconds = time.perf_counter() - begin
        service.terminate()
    told = {"enterprises": rows, "pulled": round(pulled, 1)}
    report("shards.replica.seconds", seconds, "s", target="<= 20", **told)


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=60) as answer:
            return answer.status == 200
    except OSError:
        return False
