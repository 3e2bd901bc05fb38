"""Reports of a comparison: JSON with everything, and a table as CSV and Markdown."""

from __future__ import annotations

import csv
import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from features.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Document = dict[str, Any]
"""The result of `Comparison.to_dict`."""

NOTE = (
    "The figures say how well relevant enterprises are found again that were hidden from the "
    "rankers. They do not say whether an enterprise will invest, and nothing about signing rates."
)
UNKNOWN = "–"
_LISTS = ("coverage@20", "gini@20", "overlap@20")


def table(
    document: Document, part: str = "all", *, brief: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, one row per ranker: means with intervals, differences to the stack.

    Parameters
    ----------
    document : dict
    part : str
        `all`, `warm` or `cold` needs.
    brief : bool
        Intervals only for the main figure of the protocol, so that a row fits a screen.
    """
    judged_by = document["judged_by"]
    figures = [judged_by, *(name for name in document["figures"] if name != judged_by)]
    ahead = document["stack_minus_peer"]
    header = ["ranker", judged_by, "stack ahead", *figures[1:], *_LISTS]
    rows = []
    for name, own in document["rankers"].items():
        found = own["figures"][part]
        gap = ahead[name][part][judged_by] if name in ahead else None
        others = [found[figure] for figure in figures[1:]]
        rows.append(
            [
                name,
                interval_text(found[judged_by]),
                interval_text(gap, signed=True),
                *(number(own and own["mean"]) if brief else interval_text(own) for own in others),
                *(number(own["lists"][key]) for key in _LISTS),
            ]
        )
    return header, rows


def needs_text(document: Document, part: str = "all") -> str:
    """Return the number of needs that the figures cover, and how many are left out of each."""
    over: dict[str, list[str]] = {}
    for name, figure in document["figures"].items():
        counts, questions = figure["needs"][part], figure["needs"]["questions"]
        text = f"{counts['judged']} needs, {counts['left_out']} left out"
        if part == "all" and sum(questions.values()) > sum(counts.values()):
            text += f", and {questions['left_out']} of {sum(questions.values())} questions"
        text += f" (fewer than {figure['least_relevant']} relevant)"
        over.setdefault(text, []).append(name)
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in over.items())


def slices_of(document: Document) -> list[str]:
    """Return the slices: `all`, and `warm` and `cold` if there are both."""
    found = next(iter(document["rankers"].values()), None)
    own = ("warm", "cold")
    there = [p for p in own if found and any(found["figures"][p].values())]
    return ["all", *there] if len(there) > 1 else ["all"]


def ablation(document: Document, *, brief: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, one row per factor: the loss without it.

    With `brief`, only for the main figure of the protocol.
    """
    figures = [document["judged_by"]] if brief else list(document["figures"])
    rows = [
        [name, *(interval_text(found["all"][figure], signed=True) for figure in figures)]
        for name, found in document["stack_minus_stack_without"].items()
    ]
    return ["without", *(f"loss of {figure}" for figure in figures)], rows


def markdown(document: Document) -> str:
    """Return the report as Markdown: the tables and all counts."""
    lines = [f"# {document['protocol']}{hidden_from(document)}", "", NOTE, ""]
    lines += [f"Candidates: {candidates_text(document['candidates'])}.", ""]
    for part in slices_of(document):
        lines += [f"## {part.capitalize()} needs", "", *markdown_table(*table(document, part))]
        lines += ["", f"{needs_text(document, part)}.", ""]
    header, rows = ablation(document)
    if rows:
        lines += ["## What leaves when a factor leaves", "", *markdown_table(header, rows), ""]
    if len(document["cuts"]) > 1:
        lines += ["## Cut by cut", "", *markdown_table(*cuts(document)), ""]
    lines += ["## Counted", "", *(f"- {k}: {v}" for k, v in document["counts"].items())]
    lines += [f"- warning: {told}" for told in document.get("warnings", ())]
    lines += [f"- left out: {name} ({why})" for name, why in document["left_out"].items()]
    return "\n".join([*lines, f"- split: {document['split']['sha256']}", ""])


def cuts(document: Document) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, one row per ranker: its figures at each cut of `time`."""
    figure, by_day = document["judged_by"], document["cuts"]
    rows = [
        [name, *(interval_text(own[name][figure]) for own in by_day.values())]
        for name in document["rankers"]
    ]
    return [f"ranker, {figure}", *by_day], rows


def hidden_from(document: Document) -> str:
    """Return from which day on deals are hidden, "" for other protocols."""
    days = document["dates"]
    if len(days) > 1:
        return f", mean over {len(days)} cuts: hidden from {', '.join(days)} on"
    return f", hidden from {days[0]} on" if days else ""


def candidates_text(among: Mapping[str, Any]) -> str:
    """Return the description and number of candidates."""
    counts = {among["fewest"], among["most"]}
    shown_counts = " to ".join(str(count) for count in sorted(counts))
    return f"{shown_counts} of {among['enterprises']}: {among['who']}"


def matrix(columns: Sequence[tuple[Document, str]]) -> str:
    """Return a Markdown table of rankers × protocols.

    Parameters
    ----------
    columns : sequence of (document, figure)
    """
    header = ["", *(f"{document['protocol']}, {figure}" for document, figure in columns)]
    names = dict.fromkeys(name for document, _ in columns for name in document["rankers"])
    rows = [[name, *(_cell(*column, name) for column in columns)] for name in names]
    return "\n".join(markdown_table(header, rows))


def figures_csv(document: Document) -> str:
    """Return every figure and difference of every ranker as numbers, one per row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["what", "ranker", "needs", "figure", "mean", "low", "high", "count"])
    kinds = {
        "figure": {name: own["figures"] for name, own in document["rankers"].items()},
        "stack_minus_peer": document["stack_minus_peer"],
        "stack_minus_stack_without": document["stack_minus_stack_without"],
    }
    for kind, rankers in kinds.items():
        for name, found in rankers.items():
            for part, figures in found.items():
                for figure, own in figures.items():
                    if own is not None:
                        writer.writerow([kind, name, part, figure, *own.values()])
    for name, own in document["rankers"].items():
        for key, value in own["lists"].items():
            writer.writerow(["lists", name, "all", key, value, None, None, None])
    return text.getvalue()


def save(document: Document, folder: Path) -> list[Path]:
    """Write `<protocol>.json`, `.csv` and `.md`; return the files."""
    stem = document["protocol"]
    contents = {
        f"{stem}.json": orjson.dumps(document, option=orjson.OPT_INDENT_2),
        # Excel recognises the encoding only by the byte order mark.
        f"{stem}.csv": b"\xef\xbb\xbf" + figures_csv(document).encode(),
        f"{stem}.md": markdown(document).encode(),
    }
    return [write(folder / name, content) for name, content in contents.items()]


def write(path: Path, content: bytes) -> Path:
    """Write a file atomically.

    Raises
    ------
    UnavailableError
        When it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise UnavailableError(f"could not write {path}: {error.strerror}") from error
    return path


def interval_text(interval: Mapping[str, float] | None, *, signed: bool = False) -> str:
    """Return a mean with its interval, such as `0.531 [0.487, 0.573]`."""
    if interval is None:
        return UNKNOWN
    sign = "+" if signed else ""
    mean, low, high = (f"{interval[key]:{sign}.3f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def number(value: float | None) -> str:
    """Return three decimals."""
    return UNKNOWN if value is None else f"{value:.3f}"


def _cell(document: Document, figure: str, name: str) -> str:
    own = document["rankers"].get(name)
    return UNKNOWN if own is None else interval_text(own["figures"]["all"][figure])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    return [line(header), line(["---"] * len(header)), *map(line, rows)]
