"""Ranks by shards on a simulated cluster of two nodes, one of which is killed in the middle.

Run as `python -m tests.models.ray_nodes HOME FOLDER`; prints what came of it as JSON.
"""

import json
import sys
import threading
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from features.workspace import Workspace
from models.ray_cluster import RayCluster
from models.retrieval import retrieval, two_stage
from models.shards import sharded
from service.serving.by_shards import by_shards
from service.serving.lifecycle.loading import load_engine
from tests.pool import HashedEncoder

LEADS = 10


class Marked(RayCluster):
    """Has every task leave a mark of where it is begun, and wait on the node that will be lost."""

    def submit(self, work, task):
        return super().submit(marked, (work, task, sys.argv[2]))


def marked(given):
    work, task, folder = given
    node = ray.get_runtime_context().get_node_id()
    Path(folder, f"{node}-{time.monotonic_ns()}").touch()
    if Path(folder, "lost").read_text() == node:
        time.sleep(600)
    return work(task)


def main():
    retrieval.EXACT, two_stage.CANDIDATES, sharded.GROUP = 10, 12, 6
    workspace, folder = Workspace(Path(sys.argv[1])), Path(sys.argv[2])
    engine = load_engine(workspace, HashedEncoder())
    needs = [*engine._needs.values()]
    expected = engine.batch(needs, LEADS)
    noticed = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": noticed}
    )
    lost = cluster.add_node(num_cpus=1)
    (folder / "lost").write_text(lost.node_id)

    def begun():
        return len(list(folder.glob(f"{lost.node_id}-*")))

    def kill():
        while not begun():
            time.sleep(0.02)
        cluster.remove_node(lost, allow_graceful=False)

    with Marked(cluster.address) as executor:
        workers = executor.workers
        killer = threading.Thread(target=kill)
        killer.start()
        retriever = by_shards(engine, workspace, executor, 3, "tests.pool:HashedEncoder")
        found = engine.batch(needs, LEADS, retriever=retriever)
        killer.join()
    cluster.shutdown()
    told = {"workers": workers, "equal": found.equals(expected), "leads": found.height}
    print(json.dumps(told | {"begun_where_it_was_killed": begun()}))


if __name__ == "__main__":
    main()
