import csv
import re
import shlex
from collections import defaultdict
from itertools import combinations

from features.space.need_words import specialities
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from tests.service.test_demo_data import DEMO, ROOT


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


def test_the_readmes_show_what_the_demo_answers(run):
    """The encoder is that of the tests: who comes first does not depend on it, nor the reasons."""
    assert run("demo", "--no-serve").code == 0
    for page in ("README.md", "README.zh.md"):
        example = re.search(
            r"^\$ lianzhao (recommend --text [^\n]*)\n(.*?)^```",
            (ROOT / page).read_text(encoding="utf-8"),
            re.M | re.S,
        )
        ended = run(*shlex.split(example[1]))
        assert (ended.code, ended.out) == (0, example[2])


def test_the_demo_s_projects_are_a_board(run, tmp_path):
    assert run("demo", "--no-serve").code == 0
    board = run("projects").out
    assert board.startswith("线索库 4 → 洽谈库 0 → 签约库 6 → 建设库 0 → 投产 0")
    assert "康佳集团股份有限公司 · 长治高新技术产业开发区" in board
    again = run("demo", "--no-serve")
    assert again.code in (0, 3)
    assert run("projects").out == board
    assert Workspace(tmp_path / "home").imported("events").is_empty()


def test_needs_that_name_something_of_their_own_get_leads_of_their_own(run, tmp_path):
    assert run("demo", "--no-serve").code == 0
    written = tmp_path / "leads.csv"
    assert run("recommend", "--needs", DEMO / "needs.csv", "-k", 10, "--out", written).code == 0
    first = defaultdict(list)
    with written.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            first[row["need_id"]].append(row["enterprise_id"])
    with (DEMO / "needs.csv").open(encoding="utf-8-sig") as file:
        needs = list(csv.DictReader(file))
    compared = 0
    for one, other in combinations(needs, 2):
        named = [(each["nodes"], specialities(each["basis"])) for each in (one, other)]
        if one["industry"] == other["industry"] and named[0] != named[1]:
            own, others = (first[f"{n['zone_id']}/{n['industry']}"] for n in (one, other))
            assert sum(a != b for a, b in zip(own, others, strict=True)) >= 3, (one, other)
            compared += 1
    assert compared > 10
