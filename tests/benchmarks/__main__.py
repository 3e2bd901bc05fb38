"""All benchmarks, or those named: `python -m tests.benchmarks [NAME …]`.

Every figure is one JSON object a line on stdout (name, value, unit, what it is a ratio to, and
its target where it has one); progress goes to stderr. A benchmark whose data are not there says
so on stderr and is skipped.
"""

import argparse
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from tests.benchmarks.listed import ROOT, Listed
from tests.benchmarks.report import SkippedError, progress

NAMES = ("train", "recommend", "hybrid", "batch", "demo", "serving", "workers", "quality")
ON_REQUEST = (
    "quality_table",
    "fit",
    "wide",
    "projects",
    "allocate",
    "console",
    "plan",
    "publish",
    "replicas",
    "scale",
    "scale_train",
    "shards",
    "soak",
    "stability",
)
"""Benchmarks that take too long to run unless they are named."""


def main() -> int:
    """Run the named benchmarks; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(("import", *NAMES, *ON_REQUEST))
    )
    parser.add_argument(
        "--workspace", type=Path, help="a trained workspace of the listed data, to use a copy of"
    )
    parser.add_argument(
        "--folds", default="1", help="folds of the quality benchmark, such as 1,2,3,4,5"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="where the reports of `quality_table` and the memory of `soak` are kept",
    )
    parser.add_argument(
        "--update", action="store_true", help="put the tables of `quality_table` into the READMEs"
    )
    parser.add_argument("--minutes", type=float, default=60, help="how long `soak` goes on")
    options = parser.parse_args()
    known = ("import", *NAMES)
    if unknown := [name for name in options.names if name not in (*known, *ON_REQUEST)]:
        every = ", ".join((*known, *ON_REQUEST))
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {every}")
    folds = tuple(int(fold) for fold in options.folds.split(","))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="lianzhao-bench-") as folder:
        listed = Listed(Path(folder), options.workspace)
        for name in options.names or known:
            progress(f"== {name}")
            try:
                runner(name, folds, options)(listed)
            except SkippedError as reason:
                progress(f"{name} skipped: {reason}")
            except Exception:
                progress(f"{name} failed:\n{traceback.format_exc()}")
                failed = 1
    return failed


def runner(
    name: str, folds: tuple[int, ...], options: argparse.Namespace
) -> Callable[[Listed], None]:
    """Return the function of a benchmark, whose module is imported only when it is run."""
    if name == "import":
        return run_import
    run: Callable[..., None] = import_module(f"tests.benchmarks.bench_{name}").run
    more: dict[str, dict[str, object]] = {
        "quality": {"folds": folds},
        "quality_table": {"out": options.out, "update": options.update},
        "soak": {"out": options.out, "minutes": options.minutes},
    }
    return partial(run, **more.get(name, {}))


def run_import(listed: Listed) -> None:
    """Import has a command of its own, which measures in processes of their own."""
    listed.source("enterprises")
    subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_import"], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
