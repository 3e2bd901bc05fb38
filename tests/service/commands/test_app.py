import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.workspace import Workspace
from tests.pool import NEED_IDS

ROOT = Path(__file__).parents[3]
COMMANDS = ["demo", "import", "remove", "train", "evaluate", "recommend", "models", "keys", "serve"]
CALL = "from service.commands import main; main()"


def shell(*arguments, home, **options):
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LIANZHAO_ENCODER": "tests.pool:HashedEncoder",
        "LIANZHAO_HOME": str(home),
    }
    return subprocess.Popen(
        [sys.executable, "-c", CALL, *arguments],
        env=environment,
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.parametrize("command", [None, *COMMANDS, ("models", "prune"), ("keys", "add")])
def test_help_everywhere(run, command, tmp_path):
    words = [command] if isinstance(command, str) else list(command or ())
    ended = run(*words, "--help")
    assert ended.code == 0
    assert "Usage" in ended.out
    if command is None:
        assert all(name in ended.out for name in COMMANDS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["--nothing"],
        ["train", "--seed", "x"],
        ["train", "--seed", "-1"],
        ["evaluate"],
        ["evaluate", "--protocol", "hot"],
        ["import", "nothing", "a.csv"],
        ["import", "enterprises"],
        ["remove", "zone", "z"],
        ["recommend"],
        ["recommend", "--need", "a", "--text", "b"],
        ["recommend", "--zone", "a"],
        ["recommend", "--industry", "a"],
        ["recommend", "--need", "a", "-k", "0"],
        ["recommend", "--need", "a", "-k", "-3"],
        ["recommend", "--needs", "a.csv"],
        ["recommend", "--needs", "a.csv", "--out", "b.txt"],
        ["recommend", "--needs", "a.csv", "--out", "b.csv", "--reasons", "-1"],
        ["recommend", "--need", "a", "--within", "b.csv"],
        ["recommend", "--need", "a", "--out", "missing/b.csv"],
        ["models", "prune"],
        ["models", "prune", "--keep", "-1"],
        ["models", "show"],
        ["serve", "--port", "99999"],
        ["serve", "--workers", "0"],
        ["serve", "--shards", "0"],
        ["serve", "--shards", "2", "--replicas", "0"],
        ["serve", "--replicas", "2"],
        ["serve", "--shards", "2", "--address", "10.0.0.5:6379"],
        ["serve", "--engine", "ray"],
        ["serve", "--engine", "ray", "--shards", "2", "--workers", "2"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_writes_nothing(run, arguments, tmp_path):
    ended = run(*arguments)
    assert ended.code == 2
    assert ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"), [("LOG_LEVEL", "loud"), ("ENCODER", "not an encoder"), ("CACHE_TTL", "x")]
)
def test_a_wrong_setting_names_itself_and_what_is_right(run, monkeypatch, name, value):
    monkeypatch.setenv(f"LIANZHAO_{name}", value)
    ended = run("models", "list")
    assert ended.code == 2
    assert f"LIANZHAO_{name} must be" in ended.said
    assert value in ended.said


def test_the_option_goes_before_the_setting(run, home, tmp_path, monkeypatch):
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "elsewhere"))
    assert "no version yet" in run("models", "list").out
    assert "* " in run("--home", home, "models", "list").out


def test_a_full_disk_is_one_clear_line(run, home, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "encodings")

    monkeypatch.setattr("service.commands.recommend.load_engine", full)
    ended = run("recommend", "--need", NEED_IDS[0])
    assert (ended.code, ended.said) == (1, "the disk is full: encodings")


def test_what_nobody_foresaw_is_one_line_too(run, home, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr("service.commands.recommend.load_engine", broken)
    ended = run("recommend", "--need", NEED_IDS[0])
    assert ended.code == 1
    assert ended.said == "unexpected failure, please report it: ZeroDivisionError: one two"


def test_a_process_of_its_own_ends_the_same_way(home):
    with shell("recommend", "--need", "nothing", home=home) as process:
        out, err = process.communicate()
    assert process.returncode == 1
    assert out == ""
    assert err.splitlines() == ["lianzhao: no need 'nothing' is known"]


def test_a_reader_that_goes_away_is_no_failure_to_report(home):
    with shell("recommend", "--need", NEED_IDS[0], "-k", "9999", "--json", home=home) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert process.wait() == 1
    assert err == ""


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_a_training_killed_leaves_workspace_and_model_as_they_were(home, kill):
    before = sorted(path.relative_to(home) for path in home.glob("models/[!.]*"))
    versions = {name: Workspace(home).version(name) for name in ("enterprises", "judgements")}
    with shell("train", home=home) as process:
        for line in process.stderr:
            if line.startswith("held-out needs"):
                break
        process.send_signal(kill)
        process.stdout.read()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode != 0
    time.sleep(0.1)
    assert sorted(path.relative_to(home) for path in home.glob("models/[!.]*")) == before
    assert {name: Workspace(home).version(name) for name in versions} == versions
