"""The demo in a new workspace: from the command to the first lead printed; see also `make demo`."""

import os
import re
import subprocess
import tempfile
import time

from tests.benchmarks.listed import ROOT, Listed, command
from tests.benchmarks.report import progress, report

_LEAD = re.compile(r"\s*1\. ")


def run(listed: Listed) -> None:
    progress("demo: a new workspace")
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        begin = time.perf_counter()
        first = None
        leads = 0
        with subprocess.Popen(
            # A key, a database or another encoder set here would be another measurement.
            [*command(folder, "demo", "--no-serve")],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("LIANZHAO_")},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stdout or ():
                if first is None and _LEAD.match(line):
                    first = time.perf_counter() - begin
                leads += bool(re.match(r"\s*\d+\. ", line))
        if process.returncode or first is None:
            raise RuntimeError(f"the demo ended with {process.returncode}, {leads} leads printed")
        assert leads >= 10, leads
        report("demo.first_lead.seconds", first, "s", target="<= 20", leads=leads)
        report("demo.whole.seconds", time.perf_counter() - begin, "s")
