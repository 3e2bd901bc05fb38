"""Commands with an ASCII locale, closed streams, or an invalid home."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service import commands

ROOT = Path(__file__).parents[3]
CSV = "企业编号,企业名称,主营产品\n1,甲锂电池有限公司,锂电池\n"
RUN = """import sys
from service.commands import main

home, *commands = sys.argv[1:]
for command in commands:
    sys.argv[1:] = ["--home", home, *command.split()]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
    print("<end>")
"""
"""Runs several commands in one process: starting one takes longer than most commands do."""


def run_all(folder, home, *commands, closed="", **environment):
    """Return what each command printed, as bytes; all must succeed."""
    (folder / "run.py").write_text(RUN, encoding="utf-8")
    own = {**os.environ, "PYTHONPATH": str(ROOT), "LIANZHAO_ENCODER": "tests.pool:HashedEncoder"}
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "run.py", home, *commands],
        cwd=folder,
        env={**own, **environment},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout.split(b"<end>\n")[:-1]


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_chinese_paths_and_words_where_the_locale_knows_ascii_only(tmp_path, locale):
    (tmp_path / "企业.csv").write_text(CSV, encoding="utf-8")
    bare = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    asked = ("import enterprises 企业.csv", "train", "recommend --text 锂电池")
    *_, found = run_all(tmp_path, "工作区", *asked, **bare)
    assert "甲锂电池有限公司" in found.decode()
    assert (tmp_path / "工作区" / "tables").is_dir()


@pytest.mark.parametrize("encoding", ["latin-1", "gb18030"])
def test_a_stream_that_has_no_chinese_signs_is_no_failure(tmp_path, encoding):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    asked = ["import enterprises a.csv", "train", "recommend --text 锂电池"]
    asked.append(f"{asked[-1]} --json")
    own = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    found = [part.decode(encoding) for part in run_all(tmp_path, "home", *asked, **own)]
    lead = json.loads(found[3])["leads"][0]
    assert lead["enterprise"]["name"] == "甲锂电池有限公司"
    assert "1. 0." in found[2]


@pytest.mark.parametrize(
    ("encoding", "anew", "noted"),
    [
        ("utf-8", False, False),
        ("ascii", True, False),
        ("iso8859-1", True, False),
        ("koi8-r", True, False),
        ("gbk", False, True),
        ("gb18030", False, True),
    ],
)
def test_a_locale_without_chinese_signs_is_left(monkeypatch, capsys, encoding, anew, noted):
    begun = []
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: encoding)
    monkeypatch.setattr("sys.argv", ["lianzhao", "企业.csv"])
    monkeypatch.setattr("os.execve", lambda *given: begun.append(given[2]))
    monkeypatch.delenv("LIANZHAO_UTF8_TAKEN", raising=False)
    commands._take_utf8()
    assert [each["PYTHONUTF8"] for each in begun] == ["1"] * anew
    assert ("LC_ALL=C.UTF-8" in capsys.readouterr().err) is noted


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-", ">&- 2>&-", "2>/dev/full"])
def test_closed_streams_are_no_failure(tmp_path, closed):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    asked = ("import enterprises a.csv", "train", "recommend --text 锂电池 --json")
    run_all(tmp_path, "home", *asked, closed=closed)
    assert Workspace(tmp_path / "home").read("enterprises").height == 1
    assert ModelRegistry(Workspace(tmp_path / "home")).active()


def test_a_dangling_link_is_no_home(run, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for home in ("link", "link/below"):
        ended = run("--home", tmp_path / home, "models", "list")
        assert ended.code == 2
        assert "is a link to something that is not there" in ended.said


@pytest.mark.parametrize("home", ["", "  "])
def test_an_empty_home_is_not_the_current_folder(run, home):
    assert run("--home", home, "models", "list").code == 2
    assert run("--home", ".", "models", "list").code == 0
