"""API keys: `keys`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import UsageError
from features.vocabulary import KEY_ROLES
from service.commands.context import Context, echo_json
from service.database.key_store import KeyStore

if TYPE_CHECKING:
    from service.access.keys import Key

keys = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_OF_ZONES = ("official", "front-end")


@keys.command()
def add(
    context: typer.Context,
    role: Annotated[str, typer.Option(help=f"The role of the key: {', '.join(KEY_ROLES)}.")],
    zone: Annotated[
        list[str] | None,
        typer.Option(help="A zone that the key is limited to; repeatable; required for officials."),
    ] = None,
    expires: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Days until it expires.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A label of its owner, for the list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key. It is shown once and stored only as a hash."""
    own: Context = context.obj
    wanted, zones = _role(role), tuple(zone or ())
    if wanted == "official" and not zones:
        raise UsageError(
            "an official's key is for certain zones: give --zone", field="zone", expected="a zone"
        )
    if zones and wanted not in _OF_ZONES:
        raise UsageError(
            f"a key of the role {wanted} is for all zones, not for {', '.join(zones)}",
            field="zone",
            got=", ".join(zones),
            expected="no zone",
        )
    _check_zones(own, zones)
    key_id, token = KeyStore(own.database).add(wanted, zones, name=name, days=expires)
    if as_json:
        echo_json({"id": key_id, "key": token, "role": wanted, "zones": zones, "name": name})
        return
    typer.echo(token)
    typer.echo(f"key {key_id} ({wanted}): it is not shown again; send it as X-API-Key", err=True)


@keys.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, never their secrets."""
    own: Context = context.obj
    found = [_shown(key) for key in KeyStore(own.database).list()]
    if as_json:
        echo_json(found)
        return
    for key in found:
        zones = f" ({', '.join(key['zones'])})" if key["zones"] else ""
        until = f", until {key['expires_at']}" if key["expires_at"] else ""
        name = f"  {key['name']}" if key["name"] else ""
        typer.echo(f"{key['id']}  {key['role']}{zones}  {key['state']}{until}{name}")
    if not found:
        typer.echo("no key yet: the service listens on loopback only and asks for none")


@keys.command()
def revoke(context: typer.Context, id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Revoke a key; running services follow within a second."""
    own: Context = context.obj
    KeyStore(own.database).revoke(id_)
    typer.echo(f"revoked key {id_}")


def _role(given: str) -> str:
    stated = given.strip().lower()
    for role, choice in KEY_ROLES.items():
        if stated in {role, choice.gloss, *choice.aliases.split()}:
            return role
    expected = ", ".join(KEY_ROLES)
    raise UsageError(
        f"role must be one of {expected}; got {given!r}", field="role", got=given, expected=expected
    )


def _check_zones(own: Context, zones: tuple[str, ...]) -> None:
    known = {
        zone_id
        for table in ("zones", "needs")
        for zone_id in own.workspace.read(table)["zone_id"].drop_nulls()
    }
    for zone_id in zones:
        if zone_id not in known:
            typer.echo(f"warning: no zone {zone_id!r} is known yet", err=True)


def _shown(key: Key) -> dict[str, Any]:
    now = datetime.now(UTC).timestamp()
    state = "good"
    if key.revoked_at is not None:
        state = "revoked"
    elif key.expires_at is not None and key.expires_at <= now:
        state = "expired"
    return {
        "id": key.key_id,
        "role": key.role,
        "zones": list(key.zones),
        "name": key.name,
        "state": state,
        "created_at": _time(key.created_at),
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
