"""Releases in a store that several hosts share: `store`."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from features.errors import ConflictError, UnavailableError, UsageError
from models.releases import releases
from models.releases.registry import ModelRegistry
from models.releases.store import Store
from service.commands.context import Context, echo_json, progress
from service.serving.lifecycle.following import follow
from service.serving.lifecycle.loading import NoModelError, load_engine

store = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@store.command()
def push(
    context: typer.Context,
    force: Annotated[
        bool,
        typer.Option(
            help="Publish although those who follow have to prepare a version themselves."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the active version, prepared for the tables as they are, and these tables.

    Where both the model and the tables differ from the newest release, two releases are published:
    the earlier model on the new tables, then the new one.
    """
    own: Context = context.obj
    shared = _store(own)
    version = own.registry.active()
    if version is None:
        raise NoModelError("no model is active yet: run `lianzhao train` first")
    numbers = shared.numbers()
    after = numbers[-1] if numbers else 0
    versions = [version]
    if after:
        last = shared.release(after)
        changed = last.tables != own.workspace.pointed()
        if last.version != version and changed and _is_here(own.registry, last.version, force):
            versions.insert(0, last.version)
    added = []
    with progress() as tell:
        for each in versions:
            load_engine(own.workspace, own.encoder, version=each)
            after = releases.push(
                own.workspace, each, shared, after, lambda d, of: tell("store files", d, of)
            )
            added.append({"release": after, "version": each})
    if as_json:
        echo_json({"releases": added})
        return
    for told in added:
        typer.echo(f"release {told['release']}: model {told['version']}")


@store.command()
def pull(
    context: typer.Context,
    stay: Annotated[
        bool, typer.Option("--follow", help="Go on, and take over every release as it comes.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds between two looks, with --follow.")
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Take the releases over that this workspace does not have yet; a service switches to them."""
    own: Context = context.obj
    shared = _store(own)
    if stay:
        ends = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: ends.set())
        follow(own.workspace, own.registry, shared, every, ends.wait)
        return
    with progress() as tell:
        number = releases.pull(
            own.workspace, own.registry, shared, lambda d, of: tell("fetch files", d, of)
        )
    if not number:
        raise ConflictError(f"nothing was published in {shared.url} yet", field="store")
    told = {"release": number, "version": own.registry.active()}
    if as_json:
        echo_json(told)
    else:
        typer.echo(f"release {number}: model {told['version']}")


@store.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the releases, newest first; * marks the one that this workspace has."""
    own: Context = context.obj
    shared = _store(own)
    state = releases.State.of(own.workspace.home)
    found = [
        {
            "release": number,
            "version": release.version,
            "enterprises": release.tables.get("enterprises", {}).get("rows", 0),
            "files": len(release.files),
            "bytes": sum(file.size for file in release.files),
            "here": state is not None and state.release == number,
        }
        for number in reversed(shared.numbers())
        for release in (shared.release(number),)
    ]
    if as_json:
        echo_json(found)
        return
    for told in found:
        typer.echo(
            f"{'*' if told['here'] else ' '} {told['release']}  {told['version']}  "
            f"{told['enterprises']} enterprises  {told['bytes'] / 1e6:.1f} MB"
        )
    if not found:
        typer.echo("no release yet: run `lianzhao store push`")


def _store(own: Context) -> Store:
    url = own.settings.store_url
    if url is None:
        raise UsageError(
            "no store is set: give its URL in LIANZHAO_STORE_URL",
            field="LIANZHAO_STORE_URL",
            expected="file:///folder or s3://bucket/prefix",
        )
    return Store(url)


def _is_here(registry: ModelRegistry, version: str, force: bool) -> bool:
    if any(own["version"] == version for own in registry.list()):
        return True
    if force:
        return False
    raise UnavailableError(
        f"model {version} of the newest release is not in this workspace, and the tables have "
        "changed since as well: those who follow would have to prepare the new one themselves; "
        "--force publishes all the same",
        got=version,
        expected="the workspace that published it",
    )
