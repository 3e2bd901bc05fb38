"""Values of projects as they come in: read by the rules of an import, and checked against them."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from features.errors import InputError, UnknownReferenceError
from features.imports.record import parse_record
from features.tables.project_list import PROJECTS, SOURCES, YEARS_AHEAD
from service.database import project_store
from service.projects.references import stated_name

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    import sqlalchemy as sa

    from service.projects.references import References
    from service.projects.rules import Rules

USUAL = 1.0
"""亿元: the usual amount of a project, until `ENOUGH` amounts are known."""
ENOUGH = 20
TOO_MANY_TIMES = 1_000
"""So many times the usual is asked back."""
_DESCRIPTIVE = (
    *("code", "project", "place", "industry", "amount", "unit", "handler", "due", "source"),
    *("production_site", "research_site", "note"),
)
DESCRIPTION = (*_DESCRIPTIVE, "list_id")
"""What may be changed of a project by itself."""
REFERENCE = ("enterprise_id", "enterprise", "zone_id", "need_id")


class UnusualAmountError(InputError):
    """An amount that looks as if it was given in another unit."""

    code = "unusual-amount"


def horizon(today: datetime.date) -> datetime.date:
    """Return the day that a list is read on, so that deadlines of `YEARS_AHEAD` are read.

    That a move is not in the future is checked for itself.
    """
    return today.replace(year=today.year + YEARS_AHEAD - 1, day=1)


def read_values(body: Mapping[str, Any], today: datetime.date) -> dict[str, Any]:
    """Read the columns of a list of projects that a body has; the others are left out.

    Raises
    ------
    InputError
        For a value that an import would reject.
    """
    given = {
        column.name: None if body[column.name] is None else str(body[column.name])
        for column in PROJECTS.columns
        if column.name in body
    }
    # A row has to have a stage: where none is given, any will do.
    found = parse_record(PROJECTS, {"stage": "lead", **given}, horizon(today))
    listed = {"list_id": body["list_id"]} if "list_id" in body else {}
    return to_the_yuan({name: found[name] for name in given}) | listed


def to_the_yuan(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with an amount in whole yuan: 300 万元 are 0.03 亿元 in every spreadsheet."""
    if values.get("amount") is not None:
        values["amount"] = round(values["amount"], 8)
    return values


def resolve_references(values: dict[str, Any], references: References) -> dict[str, Any]:
    """Return values with what they refer to looked up: ids checked, names turned into ids.

    A need gives the zone and the industry; zone and industry give the need where there is one; a
    place gives the zone where it is only one; a name gives the enterprise where it is only one's.

    Raises
    ------
    UnknownReferenceError
    """
    found = {**dict.fromkeys((*REFERENCE, *DESCRIPTION)), **values}
    if found["enterprise_id"] is not None:
        known = references.enterprise(found["enterprise_id"])
        _require(known, "enterprise_id", found["enterprise_id"], "enterprise")
        assert known
        found["enterprise"] = found["enterprise"] or known["name"]
    else:
        name = stated_name(found["enterprise"])
        if name is None and found["project"] is None and found["enterprise"]:
            # A list that names no enterprise still describes the one it means.
            found["project"] = found["enterprise"].strip("()（） ")
        found["enterprise"] = name
        found["enterprise_id"] = references.enterprise_named(name) if name else None
    if found["need_id"] is not None:
        need = references.need(found["need_id"])
        _require(need, "need_id", found["need_id"], "need")
        assert need
        if found["zone_id"] not in (None, need["zone_id"]):
            expected = f"the zone of the need, {need['zone_id']!r}, or nothing"
            raise InputError(
                f"zone_id: got {found['zone_id']!r}, expected {expected}",
                field="zone_id",
                got=found["zone_id"],
                expected=expected,
            )
        found["zone_id"] = need["zone_id"]
        found["industry"] = found["industry"] or need["industry"]
    if found["zone_id"] is None and found["place"]:
        found["zone_id"] = references.place(found["place"])
    if found["zone_id"] is not None:
        _require(references.zone(found["zone_id"]), "zone_id", found["zone_id"], "zone")
    if found["need_id"] is None:
        found["need_id"] = references.need_of(found["zone_id"], found["industry"])
    if not (found["enterprise"] or found["project"]):
        expected = "an enterprise, or at least what the project is"
        raise InputError(
            f"enterprise: is empty, expected {expected}", field="enterprise", expected=expected
        )
    found["source"] = _source(found["source"])
    return found


def check_values(
    connection: sa.Connection, values: Mapping[str, Any], rules: Rules, *, confirmed: bool
) -> None:
    """Refuse a unit that is not in the list, and ask back for an amount that is out of all scale.

    Raises
    ------
    InputError
        `UnusualAmountError` for an amount of a thousand times the usual, unless `confirmed`.
    """
    rules.check_unit(values.get("unit"))
    amount = values.get("amount")
    if amount is None or confirmed or amount < USUAL:
        return
    usual = project_store.usual_amount(connection, ENOUGH) or USUAL
    if amount >= TOO_MANY_TIMES * usual:
        expected = (
            f"亿元; the usual amount is {usual:g}. Was it meant in 万元? Give the unit, such as "
            f"{amount:g}万, or send it again with confirm_amount"
        )
        raise UnusualAmountError(
            f"amount: got {amount:g} 亿元, expected {expected}",
            field="amount",
            got=amount,
            expected=expected,
        )


def likeness(values: Mapping[str, Any]) -> str:
    """Return what a project is known by when it comes again: its code, or all that names it."""
    place = values["zone_id"] or values["place"]
    if values["code"]:
        stated: list[Any] = ["code", place, values["code"]]
    else:
        names = (values["enterprise"], values["project"], values["industry"])
        stated = ["names", place, *(re.sub(r"\s", "", name or "") for name in names)]
    return sha256(orjson.dumps(stated)).hexdigest()[:32]


def _source(given: str | None) -> str | None:
    for name, choice in SOURCES.items():
        if given in (name, choice.gloss, *choice.aliases.split()):
            return name
    return given


def _require(known: object, field: str, got: str, what: str) -> None:
    if known is None:
        expected = f"the {field} of a known {what}"
        raise UnknownReferenceError(
            f"{field}: got {got!r}, expected {expected}", field=field, got=got, expected=expected
        )
