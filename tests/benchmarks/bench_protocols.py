"""Every ranker under the five protocols, through the command line alone: the README's table.

The listed companies serve cold-need and cold-enterprise (their labels are exclusive), the outbound
deals warm, time (from 2015 on) and leave-zone-out (a country is a zone). Takes a quarter of an
hour once texts are encoded.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.benchmarks.listed import ROOT, SHARED, Listed, command, lianzhao
from tests.benchmarks.report import SkippedError, progress, report
from training.report import matrix

DATE = "2015-01-01"
LISTED = ("cold-need", "cold-enterprise")
OUTBOUND = ("warm", "time", "leave-zone-out")
COLUMNS = (
    ("cold-need", "ndcg@10"),
    ("cold-need", "recall@50"),
    ("cold-enterprise", "ndcg@10"),
    ("cold-enterprise", "recall@50"),
    ("warm", "ndcg@10"),
    ("warm", "recall@10_known"),
    ("time", "recall@10_known"),
    ("time", "recall@10"),
    ("leave-zone-out", "ndcg@10"),
    ("leave-zone-out", "recall@10_known"),
)


def run(listed: Listed, out: Path | None = None) -> None:
    """Evaluate, report every figure of the table, and print it as Markdown on stderr.

    Parameters
    ----------
    listed : Listed
    out : Path, optional
        Where the reports of `lianzhao evaluate` are kept.
    """
    folder = (out or listed.folder / "protocols").resolve()
    homes = {"listed": listed.workspace, "outbound": outbound(listed.folder / "outbound")}
    found: dict[str, dict[str, Any]] = {}
    for source, protocols in (("listed", LISTED), ("outbound", OUTBOUND)):
        for protocol in protocols:
            dated = ("--date", DATE) if protocol == "time" else ()
            progress(f"{protocol} on {source}")
            begun = ("evaluate", "--protocol", protocol, *dated, "--out", folder)
            seconds = lianzhao(homes[source], *begun)
            report(f"protocols.{protocol}.seconds", seconds, "s")
            found[protocol] = json.loads((folder / f"{protocol}.json").read_bytes())
            own = found[protocol]["rankers"]["lianzhao"]["seconds"]
            target = "<= 600" if protocol == "cold-need" else None
            report(f"protocols.{protocol}.stack.seconds", own, "s", target=target)
    for protocol, figure in COLUMNS:
        tell(found[protocol], figure)
    progress(matrix([(found[protocol], figure) for protocol, figure in COLUMNS]))


def tell(document: dict[str, Any], figure: str) -> None:
    """Report a figure of every ranker, and how far the stack is ahead of it."""
    for name, own in document["rankers"].items():
        span = own["figures"]["all"][figure]
        gap = document["stack_minus_peer"].get(name, {}).get("all", {}).get(figure)
        ahead = {key: round(gap[key], 4) for key in ("mean", "low", "high")} if gap else None
        report(
            f"protocols.{document['protocol']}.{figure}.{name}",
            span["mean"],
            "mean over needs",
            low=round(span["low"], 4),
            high=round(span["high"], 4),
            needs=span["needs"],
            stack_ahead=ahead,
        )


def outbound(home: Path) -> Path:
    """Return a workspace of the outbound deals."""
    for table in ("enterprises", "needs", "events"):
        path = SHARED / "outbound" / f"{table}.csv"
        if not path.is_file():
            raise SkippedError(f"no {path} (set LIANZHAO_SHARED)")
        arguments = command(home, "import", table, path, "--json")
        subprocess.run(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return home
