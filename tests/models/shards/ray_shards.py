"""Serves the pool of a workspace by deployments of Ray Serve, one of which loses its replica.

Run as `python -m tests.models.shards.ray_shards HOME`; prints what came of it as JSON, by the
number of replicas.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import ray

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.shards.ray_serve import ShardDeployments
from models.shards.served_shards import ShardGroup
from service.serving.by_shards import files_of
from service.serving.lifecycle.loading import load_engine
from tests.pool import HashedEncoder

SHARDS = 2
SECONDS = 120


def main():
    workspace = Workspace(Path(sys.argv[1]))
    engine = load_engine(workspace, HashedEncoder())
    model = ModelRegistry(workspace).folder_of(engine.model_version)
    files = files_of(workspace, model, engine.made_of, "tests.pool:HashedEncoder")
    need = engine.features(next(iter(engine._needs.values())))
    rows = np.arange(len(engine.bound.pool))

    def ranked(retriever):
        (found, parts), missing = retriever.ranked_partly(need, rows, 0, 10)
        return found, parts, [retriever.number(span) for span in missing]

    expected, theirs = engine.retriever.ranked(need, rows, 0, 10)

    def equal(found, parts):
        return bool(np.array_equal(found, expected) and np.allclose(parts, theirs, atol=1e-6))

    def lost_and_replaced(deployments, seconds):
        shards = ShardGroup(deployments.hosts, seconds).serve(engine.retriever, files)
        found, parts, missing = ranked(shards)
        result = {"equal": equal(found, parts), "missing": missing}
        lost = next(
            actor
            for actor in ray.util.list_named_actors(all_namespaces=True)
            if "shard-1-of-2-1#" in actor["name"]
        )
        ray.kill(ray.get_actor(lost["name"], namespace=lost["namespace"]))
        ends, seen = time.monotonic() + SECONDS, []
        while time.monotonic() < ends:
            found, parts, missing = ranked(shards)
            seen.append("whole" if equal(found, parts) else missing)
            if seen[-1] == "whole" and not shards.unavailable and len(seen) > 3:
                break
        result["never_another_list"] = all(one in ("whole", [1]) for one in seen)
        result["whole_at_last"] = seen[-1] == "whole"
        result["always_whole"] = set(seen) == {"whole"}
        return result

    # All in one cluster, of which a start takes long: one replica is of those of the two.
    deployments = ShardDeployments(None, SHARDS, 2)
    results = {2: lost_and_replaced(deployments, SECONDS)}
    shared = ShardDeployments(None, SHARDS, 1)  # as another service does
    results[1] = lost_and_replaced(shared, 20.0)
    deployments.close()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
