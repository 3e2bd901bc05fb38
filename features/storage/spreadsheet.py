"""Tables that people open in a spreadsheet, protected against formula injection."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

_RUNS = r"^[=+\-@＝＋－＠\t\r\n]"
"""Characters that begin a formula in a spreadsheet, in Chinese and Japanese ones too."""
_NUMBER = r"^[+-]?\d+(\.\d+)?$"


def inert(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose texts are not run as formulas by a spreadsheet that opens it as CSV.

    A text that would run as a formula is prefixed with an apostrophe; numbers are harmless and
    kept. See OWASP, CSV Injection. For files that people open; programs need the unchanged texts.
    """
    runs = cs.string().str.contains(_RUNS) & ~cs.string().str.contains(_NUMBER)
    return frame.with_columns(
        pl.when(runs).then(pl.lit("'") + cs.string()).otherwise(cs.string()).name.keep()
    )
