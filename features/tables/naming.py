"""How a warning names some of many, and counts rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def some(texts: Sequence[str], of: int) -> str:
    """Return texts that are the first of so many: `a, b and 3 more`."""
    more = of - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")


def counted(rows: int) -> str:
    """Return how many rows there are in words: `1 row`, `1,204 rows`."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"
