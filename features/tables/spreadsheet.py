"""Tables that people open in a spreadsheet: no text from outside may run there."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

_RUNS = r"^[=+\-@＝＋－＠\t\r\n]"
"""What a spreadsheet takes for the beginning of a formula, in Chinese and Japanese ones too."""
_NUMBER = r"^[+-]?\d+(\.\d+)?$"


def inert(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose texts stay texts in a spreadsheet that opens it as CSV.

    A text that would run as a formula gets an apostrophe in front; a number does no harm and
    stays. See OWASP, CSV Injection. Only for what people read: programs take texts as they are.
    """
    runs = cs.string().str.contains(_RUNS) & ~cs.string().str.contains(_NUMBER)
    return frame.with_columns(
        pl.when(runs).then(pl.lit("'") + cs.string()).otherwise(cs.string()).name.keep()
    )
