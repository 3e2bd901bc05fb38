"""The listed companies, their needs and judgements, and workspaces made of them."""

import os
import shutil
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

from tests.benchmarks.report import SkippedError, progress

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LIANZHAO_SHARED", ROOT.parent / "shared" / "data")).resolve()
SOURCES = {"enterprises": "enterprises", "needs": "needs", "judgements": "relevance"}
ENCODINGS = "encodings.sqlite"
_COMMAND = (sys.executable, "-c", "from service.commands import main; main()")


def lianzhao(home: Path, *arguments: str | Path) -> float:
    """Run a command on a workspace in a process of its own; return the seconds it took."""
    begin = time.perf_counter()
    subprocess.run(command(home, *arguments), check=True, cwd=ROOT, stdout=sys.stderr)
    return time.perf_counter() - begin


def command(home: Path, *arguments: str | Path) -> list[str]:
    return [*_COMMAND, "--home", str(home), *map(str, arguments)]


def shared(name: str) -> Path:
    """Return a file of the shared data, or skip the benchmark where it is not there."""
    path = SHARED / name
    if not path.is_file():
        raise SkippedError(f"no {path} (set LIANZHAO_SHARED)")
    return path


class Listed:
    """The tables, and a trained workspace of them that all benchmarks of one run share.

    Parameters
    ----------
    folder : Path
        For everything that is written.
    ready : Path, optional
        A workspace trained before; a copy of it is used instead of training one, which takes
        minutes.
    """

    def __init__(self, folder: Path, ready: Path | None = None) -> None:
        self.folder = folder
        self.ready = ready

    def source(self, table: str) -> Path:
        """Return the file of a table, or skip the benchmark where the data are not there."""
        return shared(f"listed/{SOURCES[table]}.csv")

    @cached_property
    def workspace(self) -> Path:
        """A workspace with everything imported and an active model."""
        home = self.folder / "listed"
        self.source("enterprises")
        if self.ready is not None:
            progress(f"copy {self.ready}")
            shutil.copytree(self.ready, home)
            return home
        self.fill(home)
        progress("train: no texts encoded yet, this takes minutes")
        self.seconds_to_train = lianzhao(home, "train")
        return home

    def fill(self, home: Path, **replaced: Path) -> None:
        """Import the tables, or other files in their place, into a new workspace."""
        for table in SOURCES:
            self.source(table)
            # Four of the needs have no name and are rejected, and so are their judgements.
            path = replaced.get(table, self.source(table))
            arguments = command(home, "import", table, path, "--json")
            subprocess.run(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
