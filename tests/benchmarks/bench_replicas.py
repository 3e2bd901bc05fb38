"""Publishing under load over two replicas that follow a store: each release is another version.

Both replicas are asked at a constant rate meanwhile, as in `publish`. An answer is of a wrong
version if that was not published yet, or older than one that the same replica had answered with
before.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote

import numpy as np

from features.encoder import UniversalSentenceEncoder
from features.workspace import Workspace
from models.releases import releases
from models.releases.registry import ModelRegistry
from models.releases.store import Store
from models.storage import artifact
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.bench_publish import Asked, Client
from tests.benchmarks.listed import ROOT, Listed, command
from tests.benchmarks.report import progress, report
from tests.benchmarks.serving_process import started

REPLICAS, RELEASES, SECONDS = 2, 5, 60
_RATE, _NEEDS = 50, 40
"""Requests per second to each replica, and how many needs they are of: every release has every
list computed anew."""


def run(listed: Listed) -> None:
    home = listed.workspace
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        store = Store(f"file://{folder}/store")
        versions = prepared(home)
        releases.push(Workspace(home), versions[0], store, 0)
        needs = Workspace(home).read("needs")["need_id"].to_list()[:_NEEDS]
        paths = [f"/v1/recommendations?need_id={quote(need, safe='')}" for need in needs]
        with ExitStack() as stack:
            urls = [
                stack.enter_context(following(Path(folder) / f"replica-{number}", store))
                for number in range(REPLICAS)
            ]
            clients = [Client(url, paths) for url in urls]
            published, answers = asyncio.run(played(home, store, versions, clients))
    for client in clients:
        for failure, times in client.failures.items():
            progress(f"failed {times} times: {failure}")
    every = [one for asked in answers for one in asked]
    failed = sum(one.version is None for one in every)
    wrong = sum(wrong_versions(asked, versions, published) for asked in answers)
    report("replicas.failed", failed, "requests", target="0", of=len(every), releases=RELEASES)
    report("replicas.wrong_version", wrong, "requests", target="0", of=len(every))
    ms = np.array([1000 * (one.ended - one.due) for one in every])
    p50 = round(float(np.median(ms)), 2)
    report("replicas.p99", float(np.percentile(ms, 99)), "ms", p50=p50, longest=float(ms.max()))
    taken = [
        min((one.ended for one in asked if one.version == version), default=np.inf) - at
        for asked in answers
        for version, at in zip(versions[1:], published[1:], strict=True)
    ]
    report("replicas.taken_over", median(taken), "s", longest=round(max(taken), 2))


def prepared(home: Path) -> list[str]:
    """Return versions that differ from one to the next, all prepared."""
    workspace = Workspace(home)
    registry = ModelRegistry(workspace)
    folder = registry.active_folder()
    assert folder is not None
    names = [folder.name]
    for number in range(1, RELEASES):
        arrays = artifact.load(folder)
        for case in ("blend.cold", "blend.warm"):
            arrays[case] = arrays[case] * (1 + number / 100)
        names.append(f"29990101T00000{number}-aaaaaa")
        artifact.save(registry.folder / names[-1], arrays, artifact.manifest(folder))
    for name in names:
        progress(f"prepare {name}")
        load_engine(workspace, UniversalSentenceEncoder(), version=name)
    return names


@contextmanager
def following(home: Path, store: Store) -> Iterator[str]:
    """Serve a replica that follows a store; yield its address."""
    environment = {**os.environ, "LIANZHAO_STORE_URL": store.url, "LIANZHAO_LOG_LEVEL": "error"}
    pull = command(home, "store", "pull")
    subprocess.run(pull, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    follow = [*pull, "--follow", "--every", "0.5"]
    with subprocess.Popen(follow, cwd=ROOT, env=environment) as follower:
        try:
            with started(command(home, "serve", "--port", "0"), environment) as (url, _):
                yield url
        finally:
            follower.terminate()


async def played(
    home: Path, store: Store, versions: list[str], clients: list[Client]
) -> tuple[list[float], list[list[Asked]]]:
    """Return when the publishing of each version began, and the answers of each replica."""
    for client in clients:
        for path in client.paths:
            assert (await client.ask(path, time.monotonic())).version == versions[0]
    progress(f"replicas: {SECONDS} s of requests, {RELEASES - 1} releases meanwhile")
    begun, published = time.monotonic(), [0.0]
    loads = [asyncio.create_task(client.load(SECONDS, _RATE)) for client in clients]
    for number, version in enumerate(versions[1:], start=1):
        await asyncio.sleep(begun + (number - 0.5) * SECONDS / RELEASES - time.monotonic())
        published.append(time.monotonic())
        await asyncio.to_thread(releases.push, Workspace(home), version, store, number)
    return published, [await load for load in loads]


def wrong_versions(asked: list[Asked], versions: list[str], published: list[float]) -> int:
    """Return how many answers of a replica were of a wrong version."""
    place = {version: number for number, version in enumerate(versions)}
    answered = [one for one in asked if one.version is not None]
    ended = sorted((one.ended, place[str(one.version)]) for one in answered)
    wrong = newest = at = 0
    for one in answered:  # in the order in which they were due
        while at < len(ended) and ended[at][0] < one.due:
            newest = max(newest, ended[at][1])
            at += 1
        own = place[str(one.version)]
        wrong += own < newest or published[own] > one.ended
    return wrong
