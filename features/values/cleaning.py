"""Cleaning of texts: trimmed, without invisible characters, placeholders for unknown as null."""

from __future__ import annotations

import polars as pl

from features.vocabulary import UNKNOWN

_BREAKS = r"[\t\n\x0b\x0c\r\x{85}\x{2028}\x{2029}]+"
_CONTROL = r"[\p{Cc}\p{Cf}\x{2028}\x{2029}]"
"""Invisible characters: controls, direction marks, soft hyphens, zero-width spaces."""
_WRAPPED = r"""^\s*=\s*"(.*)"\s*$"""
_QUOTED = r"^\s*'([^'\s;]+)$"
"""Wrappers by which a spreadsheet marks a value as text: ="2019", and a leading apostrophe."""
_ODD = rf"^\s*[=']|{_CONTROL}"
_UNKNOWN = ["NaN", *sorted({f for word in UNKNOWN for f in (word, word.upper(), word.title())})]
_LOOKED_AT = 10_000
_OFTEN = 4
"""Average number of occurrences from which a column counts as repeating its texts."""


def distinct(raw: pl.Series, often: float = _OFTEN) -> pl.Series | None:
    """Return the distinct texts of a column that repeats them; None if most are distinct.

    Parameters
    ----------
    often
        Average number of occurrences from which it is worth it: small if parsing is expensive.
    """
    first = raw.head(_LOOKED_AT).drop_nulls()
    if len(raw) <= _LOOKED_AT or often * first.n_unique() > len(first):
        return None
    few = raw.unique()
    return few if often * len(few) < len(raw) else None


def differ(texts: pl.Series) -> bool:
    """Whether all texts differ for certain: their hashes do, which costs a fifth of comparing them.

    Examples
    --------
    >>> differ(pl.Series(["a", "b", None])), differ(pl.Series(["a", "b", "a"]))
    (True, False)
    """
    return texts.hash().n_unique() == len(texts)


def cleaned(raw: pl.Series, breaks: str = " ") -> pl.Series:
    """Trim and unwrap texts, drop control characters and placeholders, replace line breaks.

    Examples
    --------
    >>> cleaned(pl.Series(['="2019"', "'2019", "don't"])).to_list()
    ['2019', '2019', "don't"]
    """
    text = pl.col("raw")
    frame = _visible(raw, breaks).to_frame("raw").lazy().select(text.str.strip_chars())
    known = pl.when(~text.is_in(_UNKNOWN)).then(text)
    return frame.select(known.alias("raw")).collect(engine="streaming")["raw"]


def _visible(raw: pl.Series, breaks: str) -> pl.Series:
    """Replace tabs and line breaks by `breaks`; drop control characters and wrappers of texts.

    Only rows that have any are processed: on a million long texts this takes seconds.
    """
    text = pl.col("raw")
    frame = raw.to_frame("raw")
    found = frame.lazy().select(text.str.contains(_ODD)).collect(engine="streaming")["raw"]
    if not found.any():
        return raw
    dirty = found.fill_null(value=False)
    mended = frame.filter(dirty).select(
        text.str.replace_all(_BREAKS, breaks)
        .str.replace_all(_CONTROL, "")
        .str.replace(_WRAPPED, "${1}")
        .str.replace(_QUOTED, "${1}")
    )
    places = pl.select(pl.when(dirty).then(dirty.cum_sum() - 1)).to_series()
    return pl.select(pl.when(dirty).then(mended["raw"].gather(places)).otherwise(raw)).to_series()
