"""First talk (首谈): the first zone of a city in talks with an enterprise reserves it.

The holder of a talk is not stored, but follows from the events: the first zone of a city that
records a talk with an enterprise holds it, every later talk of that zone renews it, and it ends
with the zone's loss or by expiry. Only orders of the city are stored.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl
import sqlalchemy as sa

from features.errors import ConflictError, InputError, NotFoundError
from features.places import city_key
from features.tables.project_list import CLOSED, TALKS
from features.vocabulary import WON
from service.database.project_store import stands
from service.database.schema import EVENTS, RETRACTIONS, TALK_ORDERS
from service.projects.requests import COMMAND, Asked, check_city, check_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from service.access.keys import Caller
    from service.database.connection import Database
    from service.projects.references import References
    from service.projects.requests import Changes
    from service.serving.interfaces import Document

_STAGES = (*sorted(TALKS), *sorted(CLOSED), "established")
_COLUMNS = ("event_id", "enterprise_id", "zone_id", "need_id", "stage", "date")


class TalkSource(Protocol):
    """The parts of `Projects` that talks use."""

    database: Database
    references: References
    changes: Changes
    talk_days: int
    clock: Callable[[], datetime.date]


class HeldElsewhereError(ConflictError):
    """A talk with an enterprise that is reserved for another zone of the city."""

    code = "held-elsewhere"


class Said(NamedTuple):
    """A recorded talk of a zone with an enterprise; an order of the city has no stage."""

    date: datetime.date
    order: bool
    zone_id: str | None
    stage: str | None = None


class Talk(NamedTuple):
    """The zone that reserves an enterprise, and the last day of the reservation."""

    zone_id: str
    until: datetime.date


def holder(stated: Iterable[Said], days: int, today: datetime.date) -> Talk | None:
    """Return the holder of the talks of an enterprise with the zones of a city, or None.

    Parameters
    ----------
    said
        In any order; on one day an order of the city takes precedence.
    days
        Days until a talk expires.

    Examples
    --------
    >>> from datetime import date
    >>> first = Said(date(2026, 1, 1), False, "a", "contacted")
    >>> holder([first, Said(date(2026, 2, 1), False, "b", "negotiation")], 90, date(2026, 3, 1))
    Talk(zone_id='a', until=datetime.date(2026, 4, 1))
    """
    talk: Talk | None = None
    for date, order, zone_id, stage in sorted(stated, key=lambda one: (one.date, one.order)):
        if date > today:
            break
        if talk is not None and date > talk.until:
            talk = None
        until = date + datetime.timedelta(days=days)
        if order:
            talk = Talk(zone_id, until) if zone_id else None
        elif stage in TALKS and zone_id and (talk is None or talk.zone_id == zone_id):
            talk = Talk(zone_id, until)
        elif stage in CLOSED and talk is not None and talk.zone_id == zone_id:
            talk = None
    return talk if talk is not None and today <= talk.until else None


def talk_of(projects: TalkSource, enterprise_id: str, city: str, caller: Caller) -> Document:
    """Return the state of talks of a city's zones with an enterprise, as visible to the caller.

    Returns
    -------
    dict
        `state`: free, ours or elsewhere; `zone_id` and `until`, null for callers who may not see
        the other zone.
    """
    check_role(caller)
    talk = projects.database.read(
        lambda connection: _held(connection, projects, enterprise_id, city), None
    )
    return talk_shown(talk, caller)


def talk_shown(talk: Talk | None, caller: Caller) -> Document:
    """Return a talk as visible to the caller."""
    if talk is None:
        return {"state": "free", "zone_id": None, "until": None}
    if not caller.sees(talk.zone_id):
        return {"state": "elsewhere", "zone_id": None, "until": None}
    state = "held" if caller.zones is None else "ours"
    return {"state": state, "zone_id": talk.zone_id, "until": talk.until.isoformat()}


def order_talk(
    projects: TalkSource, enterprise_id: str, city: str, zone_id: str | None, asked: Asked = COMMAND
) -> Document:
    """Assign the talks with an enterprise to a zone of the city, or release them; for the city.

    Raises
    ------
    ForbiddenError
        For callers limited to some zones.
    NotFoundError
        For an enterprise that is not known.
    InputError
        For a zone that is not one of the city.
    """
    check_city(asked.caller, "giving talks to a zone")
    if projects.references.enterprise(enterprise_id) is None:
        raise NotFoundError(
            f"no enterprise {enterprise_id!r} is known", field="enterprise_id", got=enterprise_id
        )
    zones = projects.references.zones_of(city)
    if zone_id is not None and zone_id not in zones:
        expected = f"a zone of {city}: {', '.join(zones)}"
        raise InputError(
            f"zone_id: got {zone_id!r}, expected {expected}",
            field="zone_id",
            got=zone_id,
            expected=expected,
        )
    body = {"enterprise_id": enterprise_id, "city": city, "zone_id": zone_id}
    today = projects.clock()

    def work(connection: sa.Connection) -> tuple[Document, str]:
        row = {**body, "city": _city(city), "date": today, "key_id": asked.caller.key_id}
        connection.execute(sa.insert(TALK_ORDERS).values(row))
        talk = _held(connection, projects, enterprise_id, city)
        return talk_shown(talk, asked.caller), enterprise_id

    return projects.changes.make(asked, "/v1/talks/{enterprise_id}", body, work)


def check_free(
    connection: sa.Connection,
    projects: TalkSource,
    about: Mapping[str, Any],
    stage: str,
    caller: Caller,
) -> None:
    """Raise for an official's talk with an enterprise that is held by another zone of the city.

    Raises
    ------
    HeldElsewhereError
        Without naming the zone.
    """
    enterprise_id, zone_id = about["enterprise_id"], about["zone_id"]
    if caller.zones is None or stage not in TALKS or enterprise_id is None:
        return
    city = projects.references.city_of(zone_id)
    talk = _held(connection, projects, enterprise_id, city) if city else None
    if talk is not None and talk.zone_id != zone_id and not caller.sees(talk.zone_id):
        raise HeldElsewhereError(
            "the enterprise is in talks with another zone of the city: ask the city to give them "
            "to yours",
            field="enterprise_id",
            got=enterprise_id,
            expected="an enterprise that no other zone is in talks with",
        )


def held_in(projects: TalkSource, city: str, caller: Caller) -> dict[str, str]:
    """Return all enterprises in talks with a zone of a city, and the zone; for the city."""
    check_city(caller, "the talks of all zones")
    today, days = projects.clock(), projects.talk_days
    held = {
        enterprise_id: holder(stated, days, today)
        for enterprise_id, stated in _all_records(projects, city).items()
    }
    return {enterprise_id: talk.zone_id for enterprise_id, talk in held.items() if talk}


def settled_in(projects: TalkSource, city: str, caller: Caller) -> set[str]:
    """Return the enterprises seated in a city, or signed with a zone of it; for the city."""
    check_city(caller, "the enterprises of the city")
    found = projects.references.seated_in(city)
    for enterprise_id, stated in _all_records(projects, city).items():
        last: dict[str | None, str | None] = {}
        for one in sorted((one for one in stated if not one.order), key=lambda one: one.date):
            last[one.zone_id] = one.stage
        if any(stage in (*WON, "established") for stage in last.values()):
            found.add(enterprise_id)
    return found


def _all_records(projects: TalkSource, city: str) -> dict[str, list[Said]]:
    zones = set(projects.references.zones_of(city))

    def work(connection: sa.Connection) -> dict[str, list[Said]]:
        found: dict[str, list[Said]] = {}
        for enterprise_id, stated in _said(connection, projects, None):
            if stated.zone_id in zones:
                found.setdefault(enterprise_id, []).append(stated)
        for enterprise_id, stated in _orders(connection, _city(city), None):
            found.setdefault(enterprise_id, []).append(stated)
        return found

    nothing: dict[str, list[Said]] = {}
    return projects.database.read(work, nothing)


def _held(
    connection: sa.Connection, projects: TalkSource, enterprise_id: str, city: str
) -> Talk | None:
    zones = set(projects.references.zones_of(city))
    stated = [one for _, one in _said(connection, projects, enterprise_id) if one.zone_id in zones]
    stated += [one for _, one in _orders(connection, _city(city), enterprise_id)]
    return holder(stated, projects.talk_days, projects.clock())


def _said(
    connection: sa.Connection, projects: TalkSource, enterprise_id: str | None
) -> Iterable[tuple[str, Said]]:
    """Yield the recorded and imported talks with one enterprise or all, without retracted ones."""
    asked = sa.select(*[EVENTS.c[name] for name in _COLUMNS]).where(
        EVENTS.c.stage.in_(_STAGES), EVENTS.c.enterprise_id.is_not(None), stands()
    )
    if enterprise_id is not None:
        asked = asked.where(EVENTS.c.enterprise_id == enterprise_id)
    names = ("event_id", "need_id", "zone_id")
    taken = connection.execute(sa.select(*[RETRACTIONS.c[name] for name in names]))
    gone = {tuple(row) for row in taken}
    imported = projects.references.talks()
    if enterprise_id is not None:
        imported = imported.filter(pl.col("enterprise_id") == enterprise_id)
    rows = [tuple(row) for row in connection.execute(asked.order_by(EVENTS.c.number))]
    for event_id, whom, zone_id, need_id, stage, date in [*imported.rows(), *rows]:
        about = (event_id, need_id or "", zone_id or "")
        if gone.isdisjoint((about, (event_id, "", ""))):
            zone = zone_id or (projects.references.need(need_id) or {}).get("zone_id")
            yield whom, Said(date, False, zone, stage)


def _orders(
    connection: sa.Connection, city: str, enterprise_id: str | None
) -> Iterable[tuple[str, Said]]:
    asked = sa.select(TALK_ORDERS).where(TALK_ORDERS.c.city == city)
    if enterprise_id is not None:
        asked = asked.where(TALK_ORDERS.c.enterprise_id == enterprise_id)
    for row in connection.execute(asked.order_by(TALK_ORDERS.c.number)):
        yield row.enterprise_id, Said(row.date, True, row.zone_id)


def _city(city: str) -> str:
    return city_key(city) or city
