"""Origin of each field of an enterprise: the newer one of two sources is shown.

A row has the source and the date of the newest file with a value for it. Fields from other files
are listed in addition, as `field date source` each, so that a row of one source needs no list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection

COLUMNS = ("source", "source_date", "origins")
_NO_DATE = "-"
_FOLLOWING = {"founded_precision": "founded"}
"""Columns that belong to another one and have no origin of their own."""


def has_origins(*frames: pl.DataFrame) -> bool:
    """Whether any row states its origin."""
    return any(
        frame[name].null_count() < frame.height
        for frame in frames
        for name in COLUMNS
        if name in frame.columns
    )


def with_newest(
    old: pl.DataFrame, new: pl.DataFrame, present: Collection[str], *, replace: bool
) -> pl.DataFrame:
    """Return rows with the newer value of each field; a file without a date counts as the newest.

    Parameters
    ----------
    old, new
        The same rows, stored and new, in the same order.
    present
        Columns that the file has.
    replace
        Whether an empty field that is not older erases the stored value.
    """
    fields = [name for name in new.columns[1:] if name not in COLUMNS and name not in _FOLLOWING]
    listed = _listed(old)
    columns: dict[str, pl.Series] = {new.columns[0]: new.to_series(0)}
    origins: list[pl.DataFrame] = []
    older = _filled(new["source_date"] < old["source_date"])
    source = _either(older, old["source"], _first(new["source"], old["source"]))
    date = _either(older, old["source_date"], _first(new["source_date"], old["source_date"]))
    for name in fields:
        at_source, at_date = _origin(old, listed, name)
        stale = _filled(new["source_date"] < at_date) & old[name].is_not_null()
        stated = new[name].is_not_null()
        if replace and name in present:
            stated = stated | True
        taken = stated & ~stale
        columns[name] = _either(taken, new[name], old[name])
        for follower, leader in _FOLLOWING.items():
            if leader == name and follower in new.columns:
                columns[follower] = _either(taken, new[follower], old[follower])
        origins.append(
            pl.DataFrame(
                {
                    "row": pl.int_range(new.height, eager=True),
                    "field": pl.repeat(name, new.height, eager=True),
                    "source": _either(taken, new["source"], at_source),
                    "date": _either(taken, new["source_date"], at_date),
                    "differs": columns[name].is_not_null(),
                }
            ).filter(
                pl.col("differs")
                & (pl.col("source").ne_missing(source) | pl.col("date").ne_missing(date))
            )
        )
    columns |= {"source": source, "source_date": date, "origins": _shown(origins, new.height)}
    return pl.DataFrame([columns[name].alias(name) for name in new.columns])


def _listed(old: pl.DataFrame) -> pl.DataFrame:
    """Return row, field, date and source of the listed fields."""
    parts = pl.col("origins").str.splitn(" ", 3)
    return (
        old.lazy()
        .select("origins")
        .with_row_index("row")
        .explode("origins")
        .drop_nulls("origins")
        .select(
            "row",
            field=parts.struct[0],
            date=parts.struct[1].str.to_date("%Y-%m-%d", strict=False),
            source=parts.struct[2].replace("", None),
        )
        .collect()
    )


def _origin(old: pl.DataFrame, listed: pl.DataFrame, name: str) -> tuple[pl.Series, pl.Series]:
    """Return the source and the date of a field in each row."""
    source, date = old["source"], old["source_date"]
    own = listed.filter(pl.col("field") == name)
    if own.is_empty():
        return source, date
    return source.scatter(own["row"], own["source"]), date.scatter(own["row"], own["date"])


def _shown(origins: list[pl.DataFrame], height: int) -> pl.Series:
    date = pl.col("date").dt.to_string("%Y-%m-%d").fill_null(_NO_DATE)
    shown = (
        pl.concat(origins)
        .select(
            "row", one=pl.concat_str("field", date, pl.col("source").fill_null(""), separator=" ")
        )
        .group_by("row", maintain_order=True)
        .agg("one")
    )
    empty = pl.Series("origins", [None] * height, dtype=pl.List(pl.String))
    return empty if shown.is_empty() else _scattered(empty, shown)


def _scattered(empty: pl.Series, shown: pl.DataFrame) -> pl.Series:
    rows = pl.DataFrame({"row": pl.int_range(len(empty), eager=True)})
    return rows.join(shown, on="row", how="left", maintain_order="left")["one"]


def _first(one: pl.Series, other: pl.Series) -> pl.Series:
    return pl.select(pl.coalesce(one, other)).to_series()


def _either(condition: pl.Series, one: pl.Series, other: pl.Series) -> pl.Series:
    return pl.select(pl.when(condition).then(one).otherwise(other)).to_series()


def _filled(condition: pl.Series) -> pl.Series:
    return condition.fill_null(value=False)
