"""Abbreviated lists and row counts in warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def some(texts: Sequence[str], of: int) -> str:
    """Return the first texts and the number of the others: `a, b and 3 more`."""
    more = of - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")


def counted(rows: int) -> str:
    """Return the number of rows as text: `1 row`, `1,204 rows`."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"
