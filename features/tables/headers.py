"""Headers of a file: which column of a table each one means."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.columns import Column, Kind, Table
from features.errors import InputError
from features.vocabulary import YUAN

_BRACKET = re.compile(r"^(.+?)[(\[【](?:单位:)?([^()\[\]【】]*)[)\]】]$")


@dataclass(frozen=True)
class Headers:
    """What the headers of a file mean for a table.

    Parameters
    ----------
    positions
        Canonical column → position in the file.
    given
        Canonical column → header as it stands in the file.
    units
        Canonical column → yuan in one unit, where the header names a unit.
    unknown
        Headers that mean no column of the table.
    """

    positions: Mapping[str, int]
    given: Mapping[str, str]
    units: Mapping[str, float]
    unknown: Sequence[str]


def recognised(table: Table, headers: Sequence[str]) -> int:
    """How many of the headers mean a column of the table."""
    aliases = _aliases(table)
    return sum(_meaning(aliases, header) is not None for header in headers)


def matched(table: Table, headers: Sequence[str], source: str) -> Headers:
    """Match the headers of a file with the columns of a table.

    Raises
    ------
    InputError
        When a required column is missing, or two headers mean one column.
    """
    positions: dict[str, int] = {}
    units: dict[str, float] = {}
    unknown = []
    aliases = _aliases(table)
    for position, header in enumerate(headers):
        meaning = _meaning(aliases, header)
        if meaning is None:
            if header.strip():
                unknown.append(header.strip())
            continue
        column, unit = meaning
        if column.name in positions:
            former = headers[positions[column.name]]
            raise InputError(
                f"{source}: two columns mean {column.name} ({column.gloss}): "
                f"{former.strip()} and {header.strip()}; leave one of them",
                field=column.name,
                got=[former, header],
                expected="one column for each meaning",
            )
        positions[column.name] = position
        if unit is not None:
            units[column.name] = unit
    _check_required(table, positions, headers, source)
    given = {name: headers[position].strip() for name, position in positions.items()}
    return Headers(positions, given, units, unknown)


def _check_required(
    table: Table, positions: Mapping[str, int], headers: Sequence[str], source: str
) -> None:
    missing = [
        f"{column.name} ({column.headers.split()[0]})"
        for column in table.columns
        if column.required and column.name not in positions
    ]
    if table.either and not any(name in positions for name in table.either):
        missing.append(" or ".join(f"{n} ({table.column(n).gloss})" for n in table.either))
    if missing:
        found = ", ".join(header.strip() for header in headers if header.strip()) or "none"
        raise InputError(
            f"{source}: the {table.name} table needs the columns {', '.join(missing)}; "
            f"the file has: {found}",
            field=missing[0].split()[0],
            got=list(headers),
            expected="the columns " + ", ".join(missing),
        )


def _meaning(known: Mapping[str, Column], header: str) -> tuple[Column, float | None] | None:
    """Column that a header means, and yuan in one unit when it names a unit of money."""
    text = _plain(header)
    if text in known:
        return known[text], None
    bracketed = _BRACKET.match(text)
    if bracketed is None or bracketed[1] not in known:
        return None
    column = known[bracketed[1]]
    if column.kind is not Kind.MONEY:
        return column, None
    unit = re.sub("人民币|rmb|cny", "", bracketed[2])
    return (column, YUAN[unit]) if unit in YUAN else None


def _aliases(table: Table) -> Mapping[str, Column]:
    return {
        _plain(alias): column
        for column in table.columns
        for alias in (column.name, *column.headers.split())
    }


def _plain(header: str) -> str:
    text = unicodedata.normalize("NFKC", header).replace("\ufeff", "").strip().strip("*:").lower()
    return re.sub(r"\s+", "" if re.search(r"[\u4e00-\u9fff]", text) else "_", text.strip())
