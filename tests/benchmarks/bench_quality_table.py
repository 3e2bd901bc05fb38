"""The README's table of quality, through the command line alone: what is asked, over which pool.

Phrases that officials type over two pools, names of another classification over a third, industries
and enterprises never seen among the listed companies (their labels are exclusive), and the outbound
deals (a country is a zone), at six cuts in time. Phrases, scopes and prose are asked for twice: by
the thesaurus alone, and with words as a language model gives them. The sets in which the stack is
least ahead of the best other ranker come first. Takes about half an hour once texts are encoded.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.listed import ENCODINGS, ROOT, Listed, command, lianzhao, shared
from tests.benchmarks.report import progress, report
from training.harness import BEST, THESAURUS
from training.report import candidates_told, markdown_table, matrix, number, told
from training.stack import STACK

SHOWN = (STACK, BEST, "character_tfidf", "character_tfidf_words", "bm25", "bm25_words", "centroid")
SHOWN += ("lightfm", "sector_popularity", "sector_zone_popularity", "recent_popularity")
"""The rows of the longer table."""


@dataclass(frozen=True)
class Asked:
    """One evaluation: a name, a protocol, the figures to show, and files beside the workspace."""

    name: str
    protocol: str
    figures: tuple[str, ...]
    workspace: str = "listed"
    folder: str | None = None
    pool: str | None = None
    words: bool = False

    @property
    def arguments(self) -> list[str | Path]:
        """What `lianzhao evaluate` is given besides the protocol."""
        if self.folder is None:
            return []
        judgements = "judged" if self.protocol == "phrases" else "relevance"
        found: list[str | Path] = ["--needs", shared(f"{self.folder}/needs.csv")]
        found += ["--judgements", shared(f"{self.folder}/{judgements}.csv")]
        if self.pool is not None:
            found += ["--enterprises", shared(f"{self.pool}/enterprises.csv")]
        return found


JUDGED = ("ndcg@10",)
SETS = (
    Asked("phrases, products", "phrases", JUDGED, folder="phrases", words=True),
    Asked(
        "phrases, names and scopes", "phrases", JUDGED, folder="phrases", pool="scope", words=True
    ),
    Asked("prose", "prose", JUDGED, folder="prose", pool="prose", words=True),
    Asked(
        "needs never seen",
        "cold-need",
        ("ndcg@10", "ndcg@10_whole_pool", "recall@50", "recall@50_whole_pool"),
    ),
    Asked("enterprises never seen", "cold-enterprise", ("ndcg@10", "recall@50")),
    Asked("later deals, mean of the cuts", "time", ("recall@10_known", "ndcg@10"), "outbound"),
    Asked("pairs never seen", "warm", ("recall@10_known", "ndcg@10"), "outbound"),
    Asked("countries never seen", "leave-zone-out", ("recall@10_known", "ndcg@10"), "outbound"),
)


def run(listed: Listed, out: Path | None = None) -> None:
    """Evaluate, report every figure, and print both tables as Markdown on stderr.

    Parameters
    ----------
    listed : Listed
    out : Path, optional
        Where the reports of `lianzhao evaluate` and the tables are kept.
    """
    folder = (out or listed.folder / "quality").resolve()
    homes = workspaces(listed)
    rows, columns = [], []
    for asked in SETS:
        home = homes[asked.workspace]
        document = evaluate(asked, home, folder)
        worded = evaluate(asked, home, folder, with_words=True) if asked.words else None
        for figure in asked.figures:
            tell(asked.name, document, figure)
            if worded is not None:
                tell(f"{asked.name}, words of a model", worded, figure)
            rows.append(row(asked, document, worded, figure))
            columns.append(({**document, "protocol": asked.name}, figure))
    header = [
        *("asked; figure", "candidates", "Lianzhao", "with a model's words"),
        *("lost without the thesaurus", "best single factor", "best peer"),
        *("ahead of the better of both", "unjudged in the first ten"),
    ]
    short = markdown_table(header, [cells for _, cells in sorted(rows, key=lambda one: one[0])])
    kept = [({**own, "rankers": _shown(own)}, figure) for own, figure in columns]
    tables = "\n".join([*short, "", matrix(kept), ""])
    progress(tables)
    (folder / "tables.md").write_text(tables, encoding="utf-8")


def workspaces(listed: Listed) -> dict[str, Path]:
    """Return workspaces of the listed companies and of the outbound deals, nothing trained."""
    home = listed.folder / "quality-listed"
    home.mkdir()
    if listed.ready is not None and (listed.ready / ENCODINGS).is_file():
        shutil.copy(listed.ready / ENCODINGS, home)
    listed.fill(home)
    return {"listed": home, "outbound": outbound(listed.folder / "outbound")}


def outbound(home: Path) -> Path:
    """Return a workspace of the outbound deals."""
    for table in ("enterprises", "needs", "events"):
        arguments = command(home, "import", table, shared(f"outbound/{table}.csv"), "--json")
        subprocess.run(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return home


def evaluate(asked: Asked, home: Path, folder: Path, *, with_words: bool = False) -> dict[str, Any]:
    """Evaluate one set, by the command line; return its document."""
    name = f"{asked.name}{', words' if with_words else ''}"
    own = folder / name.replace(", ", "-").replace(" ", "-")
    words = ["--words", shared(f"{asked.folder}/words.csv")] if with_words else []
    progress(f"evaluate {name}")
    given = ("evaluate", "--protocol", asked.protocol, *asked.arguments, *words, "--out", own)
    report(f"quality.{name}.seconds", lianzhao(home, *given), "s")
    found: dict[str, Any] = json.loads((own / f"{asked.protocol}.json").read_bytes())
    return found


def tell(name: str, document: dict[str, Any], figure: str) -> None:
    """Report a figure of every ranker, and how far the stack is ahead of it."""
    for ranker, own in document["rankers"].items():
        span = own["figures"]["all"][figure]
        gap = document["stack_minus_peer"].get(ranker, {}).get("all", {}).get(figure)
        ahead = {key: round(gap[key], 4) for key in ("mean", "low", "high")} if gap else None
        report(
            f"quality.{name}.{figure}.{ranker}",
            span["mean"],
            "mean over needs",
            low=round(span["low"], 4),
            high=round(span["high"], 4),
            needs=span["needs"],
            stack_ahead=ahead,
        )


def row(
    asked: Asked, document: dict[str, Any], worded: dict[str, Any] | None, figure: str
) -> tuple[float, list[str]]:
    """Return how far the stack is ahead of the best other ranker, and the cells of a row."""
    rankers = document["rankers"]

    def mean(name: str) -> float:
        return float(rankers[name]["figures"]["all"][figure]["mean"])

    peer = max((name for name in rankers if name not in (STACK, BEST)), key=mean)
    best = max((peer, BEST), key=mean)
    gap = document["stack_minus_peer"][best]["all"][figure]
    lost = document["stack_minus_stack_without"].get(THESAURUS)
    unjudged = rankers[STACK]["figures"]["all"].get("unjudged@10")
    factor = rankers[BEST]["settings"]["factor"]
    return gap["mean"], [
        f"{asked.name}; {figure}",
        candidates_told(document["candidates"]),
        told(rankers[STACK]["figures"]["all"][figure]),
        told(worded and worded["rankers"][STACK]["figures"]["all"][figure]),
        told(lost and lost["all"][figure], signed=True),
        f"{factor} {told(rankers[BEST]['figures']['all'][figure])}",
        f"{peer} {told(rankers[peer]['figures']['all'][figure])}",
        told(gap, signed=True),
        number(unjudged and unjudged["mean"]),
    ]


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    rankers = document["rankers"]
    return {name: rankers[name] for name in SHOWN if name in rankers}
