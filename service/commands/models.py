"""Learning and versions: `train`, `evaluate` and `models`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import UnavailableError
from service.commands.context import Context, echo_json, progress
from training import publishing

versions = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Protocol(StrEnum):
    """How an evaluation holds out."""

    cold_need = "cold-need"
    cold_enterprise = "cold-enterprise"
    warm = "warm"
    time = "time"
    leave_zone_out = "leave-zone-out"


def train(
    context: typer.Context,
    seed: Annotated[int, typer.Option(min=0, help="Same data and seed, same model.")] = 0,
    activate: Annotated[
        bool, typer.Option("--activate/--no-activate", help="Let it serve at once.")
    ] = True,
    force: Annotated[
        bool, typer.Option(help="Activate it even if it ranks worse than character TF-IDF.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit on what the workspace holds, judge it on what was held out, save and activate it."""
    own: Context = context.obj
    with progress() as tell:
        done = publishing.train(
            own.workspace,
            own.registry,
            own.encoder,
            seed=seed,
            activate=activate,
            force=force,
            progress=tell,
        )
    if as_json:
        echo_json(done)
        return
    _tell_metrics(done["metrics"])
    state = "active" if done["activated"] else f"saved, not activated: {done['why_not']}"
    typer.echo(f"model {done['version']}: {state}")


def evaluate(
    protocol: Annotated[Protocol, typer.Option(help="What is held out, and how.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the report.")] = None,  # noqa: ARG001
    as_json: AsJson = False,  # noqa: ARG001
) -> None:
    """Compare every ranker and baseline under one protocol (not there yet)."""
    raise UnavailableError(
        f"evaluate --protocol {protocol.value} is not there yet; "
        "`lianzhao train` judges every version on held-out needs and enterprises, "
        "and `lianzhao models show` tells what it reached"
    )


@versions.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the versions, newest first."""
    own: Context = context.obj
    found = own.registry.list()
    if as_json:
        echo_json(found)
        return
    for version in found:
        mark = "*" if version["active"] else " "
        typer.echo(f"{mark} {version['version']}  {_headline(version)}")
    if not found:
        typer.echo("no version yet: run `lianzhao train`")


@versions.command()
def show(context: typer.Context, version: str, as_json: AsJson = False) -> None:
    """Show what a version was made of and what it reached."""
    own: Context = context.obj
    found = own.registry.show(version)
    if as_json:
        echo_json(found)
        return
    for field in ("version", "active", "created_at", "seed", "encoder", "data", "window"):
        typer.echo(f"{field}: {found.get(field)}")
    _tell_metrics(found["metrics"])
    for kind, weights in found["weights"].items():
        told = ", ".join(f"{name} {weight:.3g}" for name, weight in weights.items())
        typer.echo(f"weights, {kind}: {told}")


@versions.command()
def activate(context: typer.Context, version: str) -> None:
    """Let a version serve from now on."""
    own: Context = context.obj
    own.registry.activate(version)
    typer.echo(f"model {version}: active")


@versions.command()
def rollback(context: typer.Context) -> None:
    """Go back to the version that was active before."""
    own: Context = context.obj
    typer.echo(f"model {own.registry.rollback()}: active")


@versions.command()
def prune(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest to keep.")],
) -> None:
    """Delete old versions; the active one always stays."""
    own: Context = context.obj
    gone = own.registry.prune(keep)
    typer.echo(f"deleted {len(gone)}" + (f": {', '.join(gone)}" if gone else ""))


def _headline(version: Mapping[str, Any]) -> str:
    if version["damaged"]:
        return "damaged: train again, or restore it from a backup"
    cold = version["metrics"]["cold"]
    if not cold:
        return "nothing held out"
    return f"NDCG@10 on held-out needs {_figure(cold['blend']['ndcg@10'])}"


def _tell_metrics(metrics: Mapping[str, Any]) -> None:
    """Print what was reached on held-out needs and enterprises, beside the baseline."""
    for kind, held in (("cold", "held-out needs"), ("warm", "held-out enterprises")):
        found = metrics[kind]
        if found is None:
            typer.echo(f"{held}: none (too few judgements); the weights are the prior ones")
            continue
        gain = found["gain_over_character_tfidf"]["ndcg@10"]
        typer.echo(
            f"{held}: {found['needs']} needs, {found['needs_left_out']} left out; "
            f"NDCG@10 {_figure(found['blend']['ndcg@10'])}, "
            f"Recall@50 {_figure(found['blend']['recall@50'])}; "
            f"character TF-IDF {_figure(found['character_tfidf']['ndcg@10'])}; "
            f"paired gain {_figure(gain)}"
        )


def _figure(interval: Mapping[str, float]) -> str:
    return f"{interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
