"""Every example in a README is run, on the demo's data."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from starlette.testclient import TestClient

from features.workspace import Workspace
from service.api.app import create_app
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.service.commands.conftest import Ended

    Run = Callable[..., Ended]

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.M | re.S)
READMES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("README*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]
    if not path.is_relative_to(ROOT / ".venv") and BLOCK.search(path.read_text(encoding="utf-8"))
)
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


def commands(page: str) -> Iterator[list[str]]:
    """Give the words of every command on a page, without comments and output."""
    for block in BLOCK.findall(page):
        lines = block.replace("\\\n", " ").splitlines()
        if any(line.startswith("$ ") for line in lines):
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        for line in lines:
            if words := shlex.split(line, comments=True):
                yield words


class Reader:
    """Does what a reader of a page does: makes the files that it names, and runs its commands."""

    def __init__(self, home: Path, run: Run, page: Path) -> None:
        self.home = home
        self.ran = run
        self.page = page
        self.event_id = ""

    def follow(self, words: list[str]) -> None:
        """Run one command."""
        program, *arguments = words
        if program == "make":
            assert arguments[0] in TARGETS
        elif program == "curl":
            self.call(arguments)
        elif program == "lianzhao":
            self.run(arguments)
        else:  # containers, which are tested elsewhere: the files are there
            for word in arguments:
                if word.startswith("docker/") and word != "docker/.env":
                    assert (ROOT / word).exists(), word

    def run(self, arguments: list[str]) -> None:
        if arguments[0] == "serve":
            return  # it never ends; tests/service/test_server.py starts it
        for word in arguments:
            if re.search(r"\.(csv|xlsx|txt)$", word) and "--out" not in arguments:
                self.provide(word)
        for option in ("--needs", "--within"):
            if option in arguments:
                self.provide(arguments[arguments.index(option) + 1])
        if "ID" in arguments:
            table = "keys" if arguments[0] == "keys" else "projects"
            arguments = [self.id_of(table) if word == "ID" else word for word in arguments]
        ended = self.ran(*arguments)
        assert ended.code == 0, f"lianzhao {shlex.join(arguments)}: {ended.err}"

    def call(self, arguments: list[str]) -> None:
        method, url, headers, body = "GET", "", {}, None
        given = iter(arguments)
        for word in given:
            if word == "-X":
                method = next(given)
            elif word == "-H":
                name, _, value = next(given).partition(": ")
                headers[name] = value
            elif word == "-d":
                method, body = "POST", next(given).encode()
            else:
                url = word.replace("EVENT_ID", self.event_id)
        app = create_app(Settings.load(home=self.home.with_name("served")))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            answer = client.request(method, url, headers=headers, content=body)
        assert answer.is_success, f"{url}: {answer.text}"
        if url.endswith("/v1/events"):
            self.event_id = answer.json()["event_id"]

    def id_of(self, table: str) -> str:
        """Return the first id of a key or a project."""
        if table == "keys":
            return str(json.loads(self.ran("keys", "list", "--json").out)[0]["id"])
        board: dict[str, Any] = json.loads(self.ran("projects", "--json").out)
        return str(next(pool["list"][0] for pool in board["pools"] if pool["list"])["project_id"])

    def provide(self, name: str) -> None:
        """Make a file that an example reads."""
        path = Path(name)
        if path.exists():
            return
        exported = {"企业.xlsx": "enterprises", "需求.xlsx": "needs", "scopes.csv": "enterprises"}
        exported |= {"zones.csv": "zones", "projects.csv": "events"}
        if name == "项目清单.xlsx":
            assert self.ran("projects", "export", name).code == 0
        elif name in exported:
            assert self.ran("export", exported[name], name).code == 0
        elif name == "offer.txt":
            path.write_text("对项目按期供地，协助办理审批。\n", encoding="utf-8")
        else:
            rows = self.rows(path.stem)
            (rows.write_csv if path.suffix == ".csv" else rows.write_excel)(path)

    def rows(self, stem: str) -> pl.DataFrame:
        workspace = Workspace(self.home)
        needs = workspace.read("needs").select("need_id", "zone_id", "industry").head(6)
        ids = workspace.read("enterprises")["enterprise_id"]
        pairs = [
            (need, ids[5 * at + k], 2) for at, need in enumerate(needs["need_id"]) for k in (0, 1)
        ]
        judged = pl.DataFrame(pairs, ["need_id", "enterprise_id", "grade"], orient="row")
        if stem == "words" and self.page.parent.name == "training":
            return needs.select("need_id", words="industry")
        words = pl.DataFrame({"concept": ["精甲醇"], "words": ["精甲醇;甲醇"]})
        signal = {"enterprise_id": ids[0], "date": "2026-01-05", "kind": "扩产", "source": "公告"}
        return {
            "needs": needs,
            "candidates": ids.head(50).to_frame(),
            "judged": judged,
            "members": judged,
            "expert": judged,
            "words": words,
            "产品词": words,
            "signals": pl.DataFrame([signal]),
        }[stem]


@pytest.mark.parametrize("page", READMES, ids=str)
def test_every_example_runs(
    page: Path, demo: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("home", "served"):  # the keys that commands make are not asked for over HTTP
        shutil.copytree(demo, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path / "home", run, page)
    asked = [*commands((ROOT / page).read_text(encoding="utf-8"))]
    assert asked
    for words in asked:
        reader.follow(words)


def test_the_first_page_is_short() -> None:
    for name in ("README.md", "README.zh.md"):
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 160
