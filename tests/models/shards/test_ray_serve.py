import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from features.errors import UnavailableError
from models.shards import ray_serve
from models.shards.ray_serve import ShardDeployments

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def results(trained_home, tmp_path_factory):
    """Return what came of the deployments, by the number of replicas."""
    pytest.importorskip("ray", reason="no Ray (requirements/cluster.txt)")
    pytest.importorskip("grpc", reason="no Ray Serve (requirements/cluster.txt)")
    home = shutil.copytree(trained_home, tmp_path_factory.mktemp("deployed") / "home")
    shutil.rmtree(home / "prepared", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.shards.ray_shards", str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("replicas", [1, 2])
def test_deployments_give_the_list_of_one_process_and_a_lost_replica_is_replaced(results, replicas):
    result = results[str(replicas)]
    always_whole = result.pop("always_whole")
    assert result == {
        "equal": True,
        "missing": [],
        "never_another_list": True,
        "whole_at_last": True,
    }
    assert always_whole or replicas == 1


def test_without_ray_serve_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(ray_serve, "check_installed", lambda: None)
    monkeypatch.setitem(sys.modules, "ray.serve", None)
    with pytest.raises(UnavailableError, match=r"Ray Serve, which is not installed: pip install"):
        ShardDeployments(None, 2)
