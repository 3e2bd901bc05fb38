"""What an analyst adds: the examples of training/README.md, as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.encoder import encoder_named
from features.errors import UsageError
from tests.pool import NEED_IDS, tables
from training.peers.roster import peer_named

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "training" / "README.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write the modules of the page into the current folder; unload them afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("mine", "encoders", "branch_offices"):
        (tmp_path / f"{name}.py").write_text(EXAMPLES[f"{name}.py"], encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path
    for name in ("mine", "encoders", "branch_offices", "odd"):
        sys.modules.pop(name, None)


def test_a_ranker_of_one_s_own_is_compared(run, home, folder):
    asked = ["evaluate", "--protocol", "prose", "--ranker", "mine:ScopeOverlap", "--json"]
    ended = run(*asked, "--set", "hybrid.components=8")
    assert ended.code == 0
    found = json.loads(ended.out)
    own = found["rankers"]["scope_overlap"]
    assert own["gloss"] == "经营范围重合"
    assert 0 < own["figures"]["all"]["ndcg@10"]["mean"] <= 1
    assert "scope_overlap" in found["stack_minus_peer"]
    assert found["rankers"]["lianzhao"]["settings"] == {"hybrid.components": 8}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere:Ranker", "No module named 'nowhere'"),
        ("mine:Nobody", "has no attribute 'Nobody'"),
        ("mine", "no ranker 'mine'"),
        ("mine:np", "is no ranker"),
        ("odd:Unfinished", "cannot be made"),
        ("odd:Nameless", "cannot be made"),
        ("odd:Again", "the name 'bm25', which is another ranker's"),
    ],
)
def test_what_is_no_ranker_is_wrong_usage(run, home, folder, text, said):
    (folder / "odd.py").write_text(
        "from training.peers.base import Peer\n"
        "class Unfinished(Peer):\n    name = gloss = 'u'\n"
        "class Nameless(Peer):\n"
        "    def fit(self, ground): ...\n    def scores(self, question): ...\n"
        "class Again(Nameless):\n    name = gloss = 'bm25'\n",
        encoding="utf-8",
    )
    ended = run("evaluate", "--protocol", "prose", "--ranker", text)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize(
    "returned", ["[1.0]", "[float('nan')] * len(self.ids)", "['a'] * len(self.ids)"]
)
def test_scores_that_nothing_can_be_ranked_by_are_one_line(run, home, folder, returned):
    (folder / "odd.py").write_text(
        "from training.peers.base import Peer\n"
        "class Odd(Peer):\n    name = gloss = 'odd'\n"
        "    def fit(self, ground):\n        self.ids = ground.task.ids\n"
        f"    def scores(self, question):\n        return {returned}\n",
        encoding="utf-8",
    )
    ended = run("evaluate", "--protocol", "prose", "--ranker", "odd:Odd")
    assert ended.code == 1
    assert "the ranker odd returned" in ended.said


def test_a_ranker_is_taken_in_a_notebook_too(folder):
    assert peer_named("mine:ScopeOverlap").name == "scope_overlap"


def test_an_encoder_lies_in_the_current_folder(run, home, folder, monkeypatch):
    monkeypatch.setenv("LIANZHAO_ENCODER", "encoders:Characters")
    assert encoder_named("encoders:Characters").encode(["醋"]).shape == (1, 64)
    before = json.loads(run("models", "list", "--json").out)[0]["version"]
    done = json.loads(run("train", "--no-activate", "--json").out)
    assert done["encoder"] == "characters-1"
    compared = run("models", "compare", before, done["version"])
    assert compared.code == 0
    assert "cold" in compared.out or "held-out" in compared.out
    refused = run("recommend", "--text", "LED封装")
    assert "hashed-1" in refused.said


@pytest.mark.parametrize("name", ["builtins:dict", "encoders:nobody", "encoders:np.zeros"])
def test_what_is_no_encoder_is_wrong_usage(folder, name):
    with pytest.raises(UsageError):
        encoder_named(name)


def test_a_factor_from_outside_is_learnt_with_and_ranks_in_other_processes(home, folder):
    """A module installed like a package, with its metadata."""
    told = EXAMPLES["pyproject.toml"]
    (point,) = re.findall(r"^(branch_office = \S+)$", told, re.MULTILINE)
    about = folder / "branch_offices-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: branch-offices\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        f"[lianzhao.factors]\n{point}\n".replace('"', ""), encoding="utf-8"
    )
    surroundings = {**os.environ, "LIANZHAO_ENCODER": "tests.pool:HashedEncoder"}

    def ran(*arguments, installed=True):
        paths = [str(ROOT), *([str(folder)] if installed else [])]
        command = "from service.commands import main; main()"
        return subprocess.run(
            [sys.executable, "-c", command, "--home", str(home), *arguments],
            env=surroundings | {"PYTHONPATH": os.pathsep.join(paths)},
            cwd=home,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    trained = ran("train", "--json", "--force")
    assert trained.returncode == 0, trained.stderr
    assert "branch_office" in json.loads(trained.stdout)["weights"]["content"]
    page = json.loads(ran("recommend", "--need", NEED_IDS[0], "--json").stdout)
    assert page["leads"]
    without = ran("recommend", "--need", NEED_IDS[0], installed=False)
    assert without.returncode == 1
    assert "other factors" in without.stderr


def test_matrices_have_names(run, home, folder):
    (version,) = [one["version"] for one in json.loads(run("models", "list", "--json").out)]
    ended = run("models", "matrices", version, "--out", folder / "out", "--need", NEED_IDS[0])
    assert ended.code == 0
    found = {path.stem: pl.read_parquet(path) for path in (folder / "out").glob("*.parquet")}
    everybody = tables()["enterprises"]["enterprise_id"].sort().to_list()
    assert found["enterprises.topics"]["enterprise_id"].to_list() == everybody
    province = found["enterprises.attributes"].filter(column="province=山西省")
    assert set(province["enterprise_id"]) > {"E030", "E040"}
    gains = found["pairs.gains"]
    assert gains.columns == ["need_id", "enterprise_id", "value"]
    assert gains.filter(need_id=NEED_IDS[1], enterprise_id="E010").height == 1
    words = found["needs.words"].filter(need_id=NEED_IDS[0])
    assert "led封装" in words["column"].to_list()
    page = json.loads(run("recommend", "--need", NEED_IDS[0], "-k", 1, "--json").out)
    best = page["leads"][0]
    own = (
        found["factors"]
        .filter(enterprise_id=best["enterprise"]["enterprise_id"])
        .row(0, named=True)
    )
    for reason in best["reasons"]:
        assert own[reason["factor"]] == pytest.approx(reason["contribution"])


def test_matrices_in_python(home, folder, monkeypatch):
    monkeypatch.setenv("LIANZHAO_HOME", str(home))
    monkeypatch.setenv("LIANZHAO_ENCODER", "tests.pool:HashedEncoder")
    names: dict = {}
    exec(EXAMPLES["matrices.py"], names)
    assert names["topics"].columns[:2] == ["enterprise_id", "topic 0"]
    assert names["numbers"].shape == (tables()["enterprises"].height, len(names["nodes"]))
    assert names["gains"].height > 0
    assert np.isfinite(names["found"]["enterprises.text"].to_numpy()).all()
