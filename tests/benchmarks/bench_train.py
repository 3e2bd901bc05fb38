"""Training on the listed data through the command line, texts not encoded yet and encoded."""

import tempfile
from pathlib import Path

from tests.benchmarks.listed import Listed, lianzhao
from tests.benchmarks.report import progress, report


def run(listed: Listed) -> None:
    if listed.ready is None:
        home = listed.workspace
        report("train.first.seconds", listed.seconds_to_train, "s", target="<= 480")
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        if listed.ready is not None:
            home = Path(folder)
            progress("import and train: no texts encoded yet, this takes minutes")
            listed.fill(home)
            report("train.first.seconds", lianzhao(home, "train"), "s", target="<= 480")
        progress("train: all texts encoded")
        report("train.encoded.seconds", lianzhao(home, "train"), "s", target="<= 60")
