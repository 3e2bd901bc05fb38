"""Matching of enterprises that are known by a code in one file and only by name in another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import polars as pl

from features.values.cleaning import differ
from features.values.identity import MADE, made_id, plain_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from features.files.reading import Rows

_SHOWN = 3
_KEY = "enterprise_id"
IDENTIFYING = (_KEY, "name", "former_names")
"""The columns by which enterprises are matched."""


class Read(Protocol):
    """Reads a table of the workspace: all columns, or at least some of them."""

    def __call__(self, table: str, columns: Collection[str] | None = None, /) -> pl.DataFrame:
        """Read it."""


@dataclass(frozen=True)
class Matched:
    """The matched enterprises.

    Parameters
    ----------
    codes
        Id derived from a name → the code of the same enterprise in the file.
    warnings
        What was matched, and possible matches that were kept separate.
    """

    codes: Mapping[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def renamed(self, old: pl.DataFrame) -> pl.DataFrame:
        """Return stored enterprises under their present codes."""
        if not self.codes:
            return old
        known = set(old[_KEY])
        given = {made: code for made, code in self.codes.items() if code not in known}
        gone = [made for made in self.codes if made not in given]
        return old.filter(~pl.col(_KEY).is_in(gone)).with_columns(pl.col(_KEY).replace(given))


def match_enterprises(frame: pl.DataFrame, rows: Rows, read: Read) -> tuple[pl.DataFrame, Matched]:
    """Find enterprises of a file that are already stored under another id.

    Equal codes match by themselves. If one of the two is known only by name, they match by the
    plain form of the name or of a former name, unless several enterprises have that name.
    """
    warnings: list[str] = []
    codes: dict[str, str] = {}
    if not rows.has(_KEY):
        frame, warnings = _with_codes(frame, read("enterprises", IDENTIFYING))
    else:
        old = read("enterprises", IDENTIFYING)
        made = old.filter(pl.col(_KEY).str.starts_with(MADE))
        if not made.is_empty():
            codes = _codes_of(made, frame)
            if codes:
                warnings.append(
                    f"{len(codes)} enterprise{'s' if len(codes) > 1 else ''} known by name alone "
                    f"{'have' if len(codes) > 1 else 'has'} a code now, such as "
                    f"{next(iter(codes.values()))}"
                )
        warnings += _doubtful(frame)
    return frame, Matched(codes, warnings)


def joined_ids(frame: pl.DataFrame, enterprises: pl.DataFrame) -> pl.DataFrame:
    """Replace ids that were derived from names by codes.

    Such an id depends on the name alone, so that it can be computed for an enterprise with a code.
    """
    known = set(enterprises[_KEY])
    asked = set(frame[_KEY].drop_nulls().unique().to_list())
    lost = {one for one in asked if one.startswith(MADE) and one not in known}
    if not lost:
        return frame
    found = {
        made: ids[0]
        for made, ids in _by_made_id(enterprises).items()
        if made in lost and len(ids) == 1
    }
    return frame.with_columns(pl.col(_KEY).replace(found)) if found else frame


def _by_made_id(enterprises: pl.DataFrame) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for code, name, former in enterprises.select(IDENTIFYING).iter_rows():
        for one in {made_id(text) for text in (name, *(former or ())) if text}:
            ids.setdefault(one, []).append(code)
    return ids


def _with_codes(frame: pl.DataFrame, old: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Give enterprises without a code the ids under which they are stored."""
    if old.is_empty() or frame.is_empty():
        return frame, []
    made = set(frame[_KEY].drop_nulls())
    found, doubtful = {}, []
    for one, ids in _by_made_id(old).items():
        if one not in made or ids == [one]:
            continue
        others = [code for code in ids if code != one]
        if len(others) == 1:
            found[one] = others[0]
        else:
            doubtful.append(", ".join(others))
    warnings = []
    if found:
        warnings.append(f"{len(found)} found by name among the stored enterprises")
    if doubtful:
        warnings.append(
            f"kept separate, because several stored enterprises have the name: "
            f"{'; '.join(doubtful[:_SHOWN])}"
        )
    return frame.with_columns(pl.col(_KEY).replace(found)) if found else frame, warnings


def _codes_of(made: pl.DataFrame, frame: pl.DataFrame) -> dict[str, str]:
    """Return the codes in a file of enterprises that are stored under ids derived from names."""
    stored = set(made[_KEY])
    plain = {plain_name(name) for name in made["name"]}
    codes: dict[str, list[str]] = {}
    named = frame.select(_KEY, "name", "former_names").filter(
        pl.col(_KEY).is_not_null() & ~pl.col(_KEY).str.starts_with(MADE)
    )
    for code, name, former in named.iter_rows():
        for text in (name, *(former or ())):
            if text and plain_name(text) in plain and (one := made_id(text)) in stored:
                codes.setdefault(one, []).append(code)
    return {one: found[0] for one, found in codes.items() if len(set(found)) == 1}


def _doubtful(frame: pl.DataFrame) -> list[str]:
    """Report names that occur under different codes."""
    named = frame.filter(pl.col("name").is_not_null() & pl.col(_KEY).is_not_null())
    if differ(named["name"]):
        return []
    twice = named.filter(named["name"].is_duplicated()).select("name", _KEY)
    if twice.is_empty():
        return []
    pairs = (
        twice.group_by("name", maintain_order=True)
        .agg(pl.col(_KEY).unique(maintain_order=True))
        .filter(pl.col(_KEY).list.len() > 1)
    )
    if pairs.is_empty():
        return []
    shown = "; ".join(
        f"{name} ({', '.join(ids[:_SHOWN])})" for name, ids in pairs.head(_SHOWN).iter_rows()
    )
    return [f"{pairs.height} name(s) have several codes, kept separate: {shown}"]
