"""Training and versions: `train` and `models`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from features.errors import ConflictError, RefusedError, UsageError
from models.settings import ModelSettings
from models.storage import loading, prepared
from service.commands import manifests
from service.commands.context import Context, echo_json, progress
from service.commands.matrices import read_matrices
from service.commands.workers import (
    AddressOption,
    EngineOption,
    ShardsOption,
    WorkEngine,
    workers,
)
from service.serving.by_shards import chunk_workers
from service.serving.export import write_table
from service.serving.lifecycle.loading import load_engine
from training import comparison, publishing
from training.desk.matrices import factor_matrix

versions = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def train(
    context: typer.Context,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The same data and seed give the same model.")
    ] = 0,
    activate: Annotated[bool, typer.Option("--activate/--no-activate", help="Activate it.")] = True,
    force: Annotated[
        bool,
        typer.Option(
            help="Activate it even if it ranks worse than the active one, or is not comparable."
        ),
    ] = False,
    assigned: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help=f"A setting: {', '.join(ModelSettings.names())}."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train on the workspace, evaluate on held-out cases, save and activate the version.

    An evaluated active version is only replaced by one that was compared with it and is not worse:
    any other is saved but not activated (exit code 3), unless --force is given.
    """
    own: Context = context.obj
    settings = ModelSettings().with_values(assigned or ())
    for fall in publishing.fallen(own.workspace, own.registry):
        typer.echo(f"warning: {fall}", err=True)
    with progress() as tell:
        done = publishing.train(
            own.workspace,
            own.registry,
            own.encoder,
            seed=seed,
            settings=settings,
            activate=activate,
            force=force,
            progress=tell,
        )
    if as_json:
        echo_json(done)
    else:
        manifests.tell_notes(done)
        manifests.tell_figures(done["metrics"], done.get("notes") or ())
        manifests.tell_calibration(done)
        manifests.tell_standing(done)
        state = "active" if done["activated"] else "saved, not activated"
        typer.echo(f"model {done['version']}: {state}")
    if activate and not done["activated"]:
        raise RefusedError(f"model {done['version']} does not serve: {done['why_not']}")


@versions.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the versions, newest first; * marks the active one."""
    own: Context = context.obj
    found = own.registry.list()
    if as_json:
        echo_json(found)
        return
    for version in found:
        mark = "*" if version["active"] else " "
        typer.echo(f"{mark} {version['version']}  {manifests.headline(version)}")
    if not found:
        typer.echo("no version yet: run `lianzhao train`")


@versions.command()
def show(context: typer.Context, version: str, as_json: AsJson = False) -> None:
    """Show the data and figures of a version."""
    own: Context = context.obj
    found = own.registry.show(version)
    problem = loading.problem(own.registry.path(version), own.workspace, own.encoder)
    if as_json:
        echo_json(found | {"problem": problem})
        return
    manifests.tell_version(found, problem)


@versions.command()
def compare(
    context: typer.Context,
    one: Annotated[str, typer.Argument(help="A version.")],
    other: Annotated[str, typer.Argument(help="The version to compare with it.")],
    as_json: AsJson = False,
) -> None:
    """Compare two versions over the needs that both were evaluated on."""
    own: Context = context.obj
    before, after = (_judged(own, version) for version in (one, other))
    found = {
        "one": one,
        "other": other,
        "changed_tables": comparison.changed_tables(before, after),
        "same_splits": before["splits"] == after["splits"],
        "kinds": comparison.compare_versions(before["judged"], after["judged"]),
    }
    if as_json:
        echo_json(found)
        return
    manifests.tell_difference(found)


@versions.command()
def activate(context: typer.Context, version: str) -> None:
    """Activate a version."""
    own: Context = context.obj
    own.registry.activate(version)
    typer.echo(f"model {version}: active")
    refused = own.registry.show(version).get("refused")
    if refused:
        typer.echo(f"note: training had refused it: {refused}", err=True)


@versions.command()
def rollback(context: typer.Context) -> None:
    """Activate the previously active version."""
    own: Context = context.obj
    typer.echo(f"model {own.registry.rollback()}: active")


@versions.command()
def prepare(
    context: typer.Context,
    version: Annotated[
        str | None, typer.Argument(help="A version; by default the active one.")
    ] = None,
    engine: EngineOption = WorkEngine.local,
    address: AddressOption = None,
    shards: ShardsOption = None,
    as_json: AsJson = False,
) -> None:
    """Compute what serving needs of all enterprises, ahead of time and on several workers.

    A run that was stopped goes on with the enterprises that were not done yet. What is there
    already is kept.
    """
    own: Context = context.obj
    begin = time.perf_counter()
    with workers(engine, address, shards) as executor, progress() as tell:
        ready = load_engine(
            own.workspace,
            own.encoder,
            lambda done, of: tell("read profiles", done, of),
            version=version,
            workers=chunk_workers(own.workspace, executor, own.settings.encoder),
        )
    told = {
        "version": ready.model_version,
        "enterprises": len(ready.bound.pool),
        "workers": executor.workers,
        "seconds": round(time.perf_counter() - begin, 1),
    }
    if as_json:
        echo_json(told)
        return
    typer.echo(f"model {ready.model_version}: prepared for {told['enterprises']} enterprises")


@versions.command()
def prune(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=0, help="Number of newest versions to keep.")],
) -> None:
    """Delete old versions and their prepared files.

    The active one is always kept, and so is the one that a rollback would activate.
    """
    own: Context = context.obj
    gone = own.registry.prune(keep)
    prepared.tidy(own.workspace)
    typer.echo(f"deleted {len(gone)}" + (f": {', '.join(gone)}" if gone else ""))


@versions.command()
def matrices(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help="A version.")],
    out: Annotated[Path, typer.Option(help="Folder for Parquet files.")],
    need: Annotated[
        list[str] | None,
        typer.Option(help="Ids of needs whose factors are written for every enterprise."),
    ] = None,
) -> None:
    """Write the matrices of a version on enterprises, needs and pairs, with labelled columns."""
    own: Context = context.obj
    engine = load_engine(own.workspace, own.encoder, version=version)
    asked = [engine.features(engine.need(need_id)) for need_id in need or ()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"--out {out} cannot be a folder: a file is in its way", field="out", got=str(out)
        ) from error
    for name, matrix in read_matrices(engine, own.workspace).items():
        write_table(matrix.to_polars(), out / f"{name}.parquet")
        shape = " x ".join(map(str, matrix.values.shape))
        typer.echo(f"{name}: {shape} in {out / name}.parquet")
    frames = [
        factor_matrix(engine.bound, features)
        .to_polars()
        .insert_column(0, pl.lit(features.need_id, dtype=pl.String).alias("need_id"))
        for features in asked
    ]
    if frames:
        write_table(pl.concat(frames), out / "factors.parquet")
        typer.echo(f"factors: {len(frames)} needs in {out / 'factors'}.parquet")


def _judged(own: Context, version: str) -> dict[str, Any]:
    """Return a manifest that has figures per need."""
    found = own.registry.show(version)
    if "judged" not in found:
        raise ConflictError(
            f"model {version} has no figures per need: it was made by another version of Lianzhao",
            field="version",
            got=version,
            expected="a version with figures need by need: train again",
        )
    return found
