"""Duplicates in a pool: rows that share a code, a name or a former name.

An enterprise may be imported under its registration number of before 2015 (15 digits), unified code
(18 characters), organisation code (9) or tax number (15), under a new name, with blanks or
punctuation in its name, or with its former name appended. These pairs are suspected: lists show one
row of each group, and joining needs a confirmation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from features.enterprises.profile import struck_off
from features.geography.place_names import resolve
from features.values.identity import FILLING
from features.words.normal import to_simplified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CODE, NAME, FORMER = "code", "name", "former name"

_BEHIND = r"[(（【\[]\s*(?:曾用名|原名|更名前|原)\s*[:：为]?\s*([^)）】\]]+)[)）】\]]"
"""A former name appended to the name. NFKC makes parentheses and colons half-width."""
_BARE = r"[\s,;]*(?:曾用名|原名|更名前)\s*[:为]\s*([^()\[\]【】]+)$"
"""The same without brackets."""
_SEVERAL = r"\s*[、,;/]\s*"
_UNIFIED = r"^[1-9A-Y][1-9][0-9]{6}([0-9A-HJ-NP-RTUWXY]{8}[0-9X])[0-9A-HJ-NP-RTUWXY]$"
_TAX = r"^[0-9]{6}([0-9A-HJ-NP-RTUWXY]{8}[0-9X])$"
_ORGANISATION = r"^([0-9A-HJ-NP-RTUWXY]{8}[0-9X])$"
_COMPARED = 50
"""Up to this many rows of one name are compared pairwise; more are treated as one."""


class Pair(NamedTuple):
    """Two rows that are suspected to be one enterprise, and what they share."""

    one: int
    other: int
    why: str


def suspected_pairs(enterprises: pl.DataFrame) -> list[Pair]:
    """Return the pairs of rows that share a code, a name or a former name, each pair once."""
    found: dict[tuple[int, int], str] = {}
    codes = enterprises.select(_code())["code"].to_list()
    seats = enterprises.select("province", "city").rows()
    for why, rows in _sharing(enterprises):
        for one, other in _each_with_each(rows):
            if why == CODE or not _apart(codes[one], codes[other], seats[one], seats[other]):
                found.setdefault((min(one, other), max(one, other)), why)
    return [Pair(one, other, why) for (one, other), why in sorted(found.items())]


class Same(NamedTuple):
    """Groups of rows of a pool that are one enterprise.

    Attributes
    ----------
    group : ndarray of int, shape (n,)
        The group of each row, -1 without any.
    repeated : ndarray of bool, shape (n,)
        Whether another row represents its group.
    """

    group: NDArray[np.int32]
    repeated: NDArray[np.bool_]


def same(enterprises: pl.DataFrame, known: NDArray[np.intp] | None = None) -> Same:
    """Return the groups of rows that are one enterprise, and their representatives.

    The representative is a row that is not struck off: the most complete one, then one with a
    unified code, then the first.

    Parameters
    ----------
    enterprises : DataFrame
        The enterprises table, or at least the columns of `features.residents.COLUMNS`.
    known : ndarray of int, shape (n,), optional
        The number of known columns of each row; by default of the columns given.
    """
    hidden = np.zeros(enterprises.height, dtype=np.bool_)
    groups = np.full(enterprises.height, -1, dtype=np.int32)
    linked = suspected_pairs(enterprises)
    if not linked:
        return Same(groups, hidden)
    ends = np.array([(pair.one, pair.other) for pair in linked])
    rows, at = np.unique(ends, return_inverse=True)
    at = at.reshape(ends.shape)
    links = sparse.coo_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(len(rows),) * 2)
    group = connected_components(links, directed=False)[1]
    of_them = enterprises[rows]
    complete = known_columns(of_them) if known is None else known[rows]
    coded = of_them["enterprise_id"].str.contains(_UNIFIED).to_numpy()
    # np.lexsort sorts by its last key first.
    order = np.lexsort((np.arange(len(rows)), ~coded, -complete, struck_off(of_them), group))
    first = np.r_[True, np.diff(group[order]) != 0]
    hidden[rows[order[~first]]] = True
    groups[rows] = group
    return Same(groups, hidden)


def known_columns(enterprises: pl.DataFrame) -> NDArray[np.intp]:
    """Return the number of known columns of each row."""
    counted = enterprises.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int64)))
    return counted.to_series().to_numpy()


def _sharing(enterprises: pl.DataFrame) -> Iterator[tuple[str, list[int]]]:
    """Yield shared values and their rows: codes first, then names, then former names."""
    plain = (
        enterprises.lazy()
        .with_row_index("row")
        .select(
            "row",
            _code(),
            name=_plain(pl.col("name")).str.replace(_BARE, "(曾用名:${1})"),
            former=pl.col("former_names") if "former_names" in enterprises.columns else _NO_TEXTS,
        )
        .with_columns(
            behind=pl.col("name").str.extract_all(_BEHIND),
            name=pl.col("name").str.replace_all(_BEHIND, ""),
        )
        .collect()
    )
    yield from ((CODE, rows) for rows in _groups(plain.select("row", key="code")))
    names = plain.select("row", key=pl.col("name").str.replace_all(FILLING, ""))
    names = names.filter(pl.col("key") != "")
    yield from ((NAME, rows) for rows in _groups(names))
    stated = plain.select("row", key="former").explode("key")
    behind = plain.select("row", key="behind").explode("key")
    names_behind = pl.col("key").str.extract(_BEHIND).str.replace_all(_SEVERAL, ";")
    behind = behind.with_columns(names_behind.str.split(";")).explode("key")
    former = (
        pl.concat([stated, behind])
        .with_columns(_plain(pl.col("key")).str.replace_all(FILLING, ""))
        .filter(pl.col("key") != "")
        .unique()
    )
    if former.is_empty():
        return
    known = names.filter(pl.col("key").is_in(former["key"].implode()))
    both = pl.concat([former, known]).unique(maintain_order=True)
    yield from ((FORMER, rows) for rows in _groups(both))


_NO_TEXTS = pl.lit(None, pl.List(pl.String))


def _plain(names: pl.Expr) -> pl.Expr:
    """Return names in a normal form of width, script and case."""
    return names.str.normalize("NFKC").str.replace_many(to_simplified()).str.to_uppercase()


def _groups(keys: pl.DataFrame) -> Iterator[list[int]]:
    repeated_keys = keys.filter(pl.col("key").is_not_null() & pl.col("key").is_duplicated())
    grouped = repeated_keys.group_by("key", maintain_order=True).agg(pl.col("row").unique().sort())
    yield from (rows for rows in grouped["row"].to_list() if len(rows) > 1)


def _code() -> pl.Expr:
    """Return the organisation code in an id, which all later numbers contain; null without one."""
    plain = (
        pl.col("enterprise_id")
        .str.normalize("NFKC")
        .str.to_uppercase()
        .str.replace_all(r"[\s\-]", "")
    )
    forms = (_UNIFIED, _TAX, _ORGANISATION)
    return pl.coalesce(plain.str.extract(form) for form in forms).alias("code")


def _each_with_each(rows: list[int]) -> Iterator[tuple[int, int]]:
    if len(rows) > _COMPARED:
        yield from pairwise(rows)
        return
    for at, one in enumerate(rows):
        for other in rows[at + 1 :]:
            yield one, other


def _apart(
    one: str | None,
    other: str | None,
    one_seat: tuple[str | None, ...],
    other_seat: tuple[str | None, ...],
) -> bool:
    """Whether two rows of one name differ in code and seat, like shops of the same name."""
    if one is None or other is None or one == other:
        return False
    return any(
        here != there
        for here, there in zip(resolve(*one_seat).seat, resolve(*other_seat).seat, strict=True)
        if here and there
    )
