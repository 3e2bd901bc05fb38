import csv

from features.workspace import Workspace
from models.registry import ModelRegistry
from tests.service.test_demo_data import DEMO


def test_the_demo_loads_trains_and_prints_whole_names(run, tmp_path):
    ended = run("demo", "--no-serve")
    assert ended.code == 0, ended.err
    with (DEMO / "enterprises.csv").open(encoding="utf-8-sig") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    leads = [line for line in ended.out.splitlines() if line[:5].strip(" .").isdigit()]
    assert len(leads) == 20
    assert all(any(name in line for name in names) for line in leads)
    workspace = Workspace(tmp_path / "home")
    assert workspace.read("enterprises").height == len(names)
    assert ModelRegistry(workspace).active()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
