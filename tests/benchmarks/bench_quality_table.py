"""The README's table of quality, measured through the command line: by question and pool.

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
from training.report import interval_text, markdown_table, matrix
from training.stack import STACK
from training.standings import BEST, THESAURUS

SHOWN = (STACK, BEST, "character_tfidf", "character_tfidf_words", "bm25", "bm25_words", "centroid")
SHOWN += ("lightfm", "sector_popularity", "sector_zone_popularity", "recent_popularity")
"""The rows of the longer table."""
BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"


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


def run(listed: Listed, out: Path | None = None, *, update: bool = False) -> None:
    """Evaluate, report every figure, and print both tables as Markdown on stderr.

    Parameters
    ----------
    listed : Listed
    out : Path, optional
        Where the reports of `lianzhao evaluate` and the tables are kept; a report that is there
        already is not made again.
    update : bool
        Whether the tables take the place of those in `README.md` and `training/README.md`.
    """
    folder = (out or listed.folder / "quality").resolve()
    homes = workspaces(listed)
    for asked in SETS:
        for with_words in (False, True)[: 1 + asked.words]:
            evaluate(asked, homes[asked.workspace], folder, with_words=with_words)
    short, long = tables(folder)
    for text in (short, long):
        progress(text)
    if update:
        place(ROOT / "README.md", short)
        place(ROOT / "training" / "README.md", long)


def tables(folder: Path) -> tuple[str, str]:
    """Report every figure; return the short and the long table of the sets that are there."""
    rows, columns = [], []
    for asked in SETS:
        document, worded = (read(asked, folder, with_words=own) for own in (False, True))
        if document is None:
            continue
        for figure in asked.figures:
            tell(asked.name, document, figure)
            if worded is not None:
                tell(f"{asked.name}, words of a model", worded, figure)
            rows.append(row(asked, document, worded, figure))
            columns.append((_shown(document, asked.name), figure))
    header = [
        *("asked; figure", "Lianzhao", "with a model's words", "best single factor"),
        *("best peer", "ahead of the better of both", "lost without the thesaurus", "candidates"),
    ]
    ordered = [cells for _, cells in sorted(rows, key=lambda one: one[0])]
    return "\n".join(markdown_table(header, ordered)), "\n\n".join(_long(columns))


def place(path: Path, table: str) -> None:
    """Put a table between the marks of a document."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


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


def evaluate(asked: Asked, home: Path, folder: Path, *, with_words: bool) -> None:
    """Evaluate one set by the command line, unless its report is there."""
    if read(asked, folder, with_words=with_words) is not None:
        return
    own = kept(asked, folder, with_words=with_words)
    words = ["--words", shared(f"{asked.folder}/words.csv")] if with_words else []
    progress(f"evaluate {own.name}")
    given = ("evaluate", "--protocol", asked.protocol, *asked.arguments, *words, "--out", own)
    report(f"quality.{own.name}.seconds", lianzhao(home, *given), "s")


def read(asked: Asked, folder: Path, *, with_words: bool) -> dict[str, Any] | None:
    """Return the report of one set, None where there is none."""
    path = kept(asked, folder, with_words=with_words) / f"{asked.protocol}.json"
    return json.loads(path.read_bytes()) if path.is_file() else None


def kept(asked: Asked, folder: Path, *, with_words: bool) -> Path:
    """Return the folder of a report."""
    name = f"{asked.name}{', words' if with_words else ''}"
    return folder / name.replace(", ", "-").replace(" ", "-")


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
    factor = rankers[BEST]["settings"]["factor"]
    among = document["candidates"]
    counts = "–".join(str(count) for count in sorted({among["fewest"], among["most"]}))
    own = rankers[STACK]["figures"]["all"]
    beside = f" ({own['unjudged@10']['mean']:.0%} unjudged)" if "unjudged@10" in own else ""
    return gap["mean"], [
        f"{asked.name}; {figure}",
        f"{interval_text(own[figure])}{beside}",
        interval_text(worded and worded["rankers"][STACK]["figures"]["all"][figure]),
        f"{factor} {interval_text(rankers[BEST]['figures']['all'][figure])}",
        f"{peer} {interval_text(rankers[peer]['figures']['all'][figure])}",
        interval_text(gap, signed=True),
        interval_text(lost and lost["all"][figure], signed=True),
        f"{among['enterprises']}" if figure.endswith("whole_pool") else counts,
    ]


def _long(columns: list[tuple[dict[str, Any], str]]) -> list[str]:
    """Return a table of rankers × sets for the sets of each workspace, so that pages hold it."""
    deals = {own.name for own in SETS if own.workspace == "outbound"}
    parts = [
        [one for one in columns if (one[0]["protocol"] in deals) == of_deals]
        for of_deals in (False, True)
    ]
    return [matrix(part) for part in parts if part]


def _shown(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a document under the name of its set, with the rankers to show."""
    rankers = document["rankers"]
    own = {ranker: rankers[ranker] for ranker in SHOWN if ranker in rankers}
    return {**document, "protocol": name, "rankers": own}
