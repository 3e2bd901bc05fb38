"""Evaluation of all rankers under one protocol: `evaluate`."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from features import calendar
from features.encoder import EncodingStore
from features.errors import InputError, UsageError
from models.executors import InProcess
from models.settings import ModelSettings
from service.commands.context import Context, echo_json, progress
from service.commands.evaluation_data import Files
from service.commands.workers import AddressOption, EngineOption, WorkEngine, workers
from service.serving.explanation.sentences import FACTORS
from training import harness, plots, protocols, report
from training.peers.roster import peer_named, peers
from training.publishing import read_tables
from training.stack import Stack


class Protocol(StrEnum):
    """Protocols of evaluation."""

    cold_need = "cold-need"
    cold_enterprise = "cold-enterprise"
    warm = "warm"
    time = "time"
    leave_zone_out = "leave-zone-out"
    phrases = "phrases"
    prose = "prose"


def evaluate(
    context: typer.Context,
    protocol: Annotated[Protocol, typer.Option(help="The protocol: what is held out, and how.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for JSON, CSV, Markdown and plots.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The same data and seed give the same splits.")
    ] = 0,
    date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="For time: the first day held out; by default the first days of the last six "
            "years that can be judged, in turn, and their mean.",
        ),
    ] = None,
    needs: Annotated[
        Path | None,
        typer.Option(help="For phrases and prose: a file of needs to evaluate on, not imported."),
    ] = None,
    judgements: Annotated[
        Path | None, typer.Option(help="A file of judgements of these needs, not imported.")
    ] = None,
    enterprises: Annotated[
        Path | None,
        typer.Option(
            help="A file of another pool, not imported; the workspace's labels are then not used."
        ),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(
            help="A file of need_id and words (;), used as a language model's words for needs."
        ),
    ] = None,
    ranker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:CLASS",
            help="A ranker of your own to compare with, from a package or the current folder.",
        ),
    ] = None,
    assigned: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the model, as in train."),
    ] = None,
    engine: EngineOption = WorkEngine.local,
    address: AddressOption = None,
    at_once: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=10_000,
            help="Tasks that are judged at once; by default 1 with local (no other process).",
        ),
    ] = None,
) -> None:
    """Compare every ranker and every baseline under one protocol, with intervals."""
    files = Files(needs, judgements, enterprises, words)
    files.check(protocol.value)
    own: Context = context.obj
    rankers = [peer_named(text) for text in ranker or ()]
    settings = ModelSettings().with_values(assigned or ())
    if date is not None and protocol is not Protocol.time:
        raise UsageError(
            f"--date goes with --protocol time, not with {protocol.value}",
            field="date",
            got=date.date().isoformat(),
            expected="--protocol time",
        )
    held, versions, changed = read_tables(own.workspace)
    data, asked = files.over(held, own.workspace)
    given = files.read_words()
    split = protocols.split(
        protocol.value,
        data,
        today=changed or calendar.today(),
        seed=seed,
        since=date.date() if date else None,
        asked=asked,
    )
    if out is not None:
        _make(out)  # fails now rather than after minutes of work
    store = EncodingStore(own.workspace.home / "encodings.sqlite", own.encoder)
    with workers(engine, address, at_once) as executor, progress() as tell:
        found = harness.compare(
            split,
            store,
            rankers=(*peers(), *rankers),
            stack=Stack(settings),
            words=given,
            progress=tell,
            executor=None if isinstance(executor, InProcess) else executor,
            encoder=own.settings.encoder,
        )
    document = found.to_dict() | {
        "tables": versions,
        "files": {name: path.name for name, path in vars(files).items() if path is not None},
        "encoder": own.encoder.id,
    }
    saved = _save(document, out) if out is not None else []
    if as_json:
        echo_json(document)
        return
    for told in document.get("warnings", ()):
        typer.echo(f"warning: {told}", err=True)
    _tell(document)
    for path in saved:
        typer.echo(f"wrote {path}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"--out {folder} cannot be a folder: a file is in its way; expected a folder, or a "
            "path where one can be made",
            field="out",
            got=str(folder),
            expected="a folder, or a path where one can be made",
        ) from error


def _save(document: dict[str, Any], folder: Path) -> list[Path]:
    files = report.save(document, folder)
    reason = plots.why_not()
    if reason is not None:
        typer.echo(f"no plots: {reason}", err=True)
        return files
    return files + plots.save(document, folder, {n: own.gloss for n, own in FACTORS.items()})


def _tell(document: dict[str, Any]) -> None:
    """Print the tables, with rules on a terminal."""
    day = report.hidden_from(document)
    for part in report.slices_of(document):
        _print(
            f"{document['protocol']}{day}: {part} needs", *report.table(document, part, brief=True)
        )
        typer.echo(f"{report.needs_text(document, part)}\n")
    header, rows = report.ablation(document, brief=True)
    if rows:
        _print("What leaves when a factor leaves", header, rows)
    counted = ", ".join(f"{name} {value}" for name, value in document["counts"].items())
    among = document["candidates"]
    typer.echo(f"\ncandidates: {report.candidates_text(among)}")
    typer.echo(f"counted: {counted}")
    for name, why in document["left_out"].items():
        typer.echo(f"left out: {name} ({why})")
    typer.echo(report.NOTE)


def _print(title: str, header: list[str], rows: list[list[str]]) -> None:
    if sys.stdout.isatty():
        ruled = Table(*header, title=title, title_justify="left")
        for row in rows:
            ruled.add_row(*row)
        Console().print(ruled)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    typer.echo(title)
    for row in (header, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())
