"""Columns of profiles for filters: places, tags, figures, and derived ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from features.enterprises.profile import flags
from features.values.standing import standings

if TYPE_CHECKING:
    from collections.abc import Iterable

STATED = (
    "enterprise_id",
    "province",
    "city",
    "district",
    "tags",
    "registered_capital",
    "founded",
    "revenue",
    "industry_code",
)
COLUMNS = (*STATED, "standing", "flags", "credit_known", "listed")
"""The columns `STATED` of the table, and derived ones."""
_STOCK_CODE = r"^\d{6}(?:\.[A-Za-z]{2})?$"
_LISTED = re.compile(r"上市|A股|H股|港股|主板|创业板|科创板|北交所|listed", re.IGNORECASE)
_NOT_YET = re.compile(r"拟|后备|培育|辅导|储备|非|未|退|unlisted|delisted", re.IGNORECASE)


def traits(enterprises: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of filters, in the order of the table.

    `listed` is true for a stock code as id or a tag of listed companies, false if there are tags
    without one, and null if unknown. `credit_known` says whether the absence of credit flags is
    meaningful.
    """
    called = ("name", "short_name", "credit")
    raised = pl.Series(
        "flags",
        [flags(row) for row in enterprises.select(called).iter_rows(named=True)],
        pl.List(pl.String),
    )
    own = pl.col("enterprise_id").str.contains(_STOCK_CODE)
    tagged = pl.Series("tagged", _listed_by_tags(enterprises["tags"].to_list()), pl.Boolean)
    return enterprises.select(
        *STATED,
        standings(enterprises["status"]),
        raised,
        credit_known=pl.col("credit").is_not_null(),
        listed=pl.when(own).then(statement=True).otherwise(tagged),
    )


def _listed_by_tags(each: Iterable[list[str] | None]) -> list[bool | None]:
    return [
        any(_LISTED.search(tag) and not _NOT_YET.search(tag) for tag in tags) if tags else None
        for tags in each
    ]
