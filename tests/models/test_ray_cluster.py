import json
import shutil
import socket
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from features.errors import UnavailableError, UsageError
from models import ray_cluster
from models.ray_cluster import RayCluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(ray_cluster, "version", lambda _: "2.60.0")


def test_a_node_that_is_killed_in_the_middle_changes_nothing(home, tmp_path):
    pytest.importorskip("ray", reason="no Ray (requirements/cluster.txt)")
    shutil.rmtree(home / "prepared", ignore_errors=True)  # by another test, in one stage
    folder = tmp_path / "marks"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.ray_nodes", str(home), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)  # and Ray prints nothing there
    assert found.pop("begun_where_it_was_killed") >= 1
    assert found == {"workers": 2, "equal": True, "leads": 120}


def test_without_ray_it_says_how_to_install_it(monkeypatch):
    def missing(_):
        raise PackageNotFoundError

    monkeypatch.setattr(ray_cluster, "version", missing)
    with pytest.raises(UnavailableError, match=r"not installed: pip install 'lianzhao\[cluster\]'"):
        RayCluster()


@pytest.mark.parametrize("version", ["2.9.3", "3.0.0", "2.59.1"])
def test_another_version_of_ray_is_refused_by_name(monkeypatch, version):
    monkeypatch.setattr(ray_cluster, "version", lambda _: version)
    with pytest.raises(
        UnavailableError, match=rf"needs Ray 2.60 or later.* installed is {version}"
    ):
        RayCluster()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("address", ["somewhere", "host:port", "ray://host:10001", ":6379", ""])
def test_an_address_that_is_none_is_wrong_usage(address):
    with pytest.raises(UsageError, match="must be host:port"):
        RayCluster(address)


@pytest.mark.usefixtures("installed")
def test_an_address_that_nobody_answers_is_named():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"nobody answers at --address 127.0.0.1:{port}"):
        RayCluster(f"127.0.0.1:{port}")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("said", [b"HTTP/1.0 400 Bad request\r\n\r\n", b""])
def test_an_address_where_something_else_answers_is_refused_at_once(said):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            peer, _ = server.accept()
            with peer:
                peer.recv(100)
                peer.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        port = server.getsockname()[1]
        with pytest.raises(UnavailableError, match="is not a Ray cluster"):
            RayCluster(f"127.0.0.1:{port}")


def test_a_base_installation_neither_needs_nor_imports_ray(home, tmp_path):
    needs = tmp_path / "needs.csv"
    needs.write_text("need_id,industry\na,LED封装\n", encoding="utf-8")
    code = (
        "import sys; sys.modules['ray'] = None\n"  # to import it would fail
        "from service.commands import main\n"
        f"sys.argv = ['lianzhao', '--home', {str(home)!r}, 'recommend', '--needs', {str(needs)!r}, "
        f"'--out', {str(tmp_path / 'leads.csv')!r}, '--json']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"LIANZHAO_ENCODER": "tests.pool:HashedEncoder", "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["leads"] == 20
