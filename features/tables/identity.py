"""Who an enterprise is: credit codes as they are written, and ids made from names."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import numpy as np
import polars as pl

from features.normal import simplified

MADE = "N-"
"""What an id that is made from a name begins with."""
SPOILED = r"^\d(?:\.\d+)?[eE]\+?1\d$"
"""A code of 18 characters that a spreadsheet has turned into a number."""
SPOILED_EXPECTED = (
    "a credit code of 18 characters: a spreadsheet has turned it into a number and lost its last "
    "digits; format the column as text and fill it in from the source"
)

_ODD = r"[^0-9A-Z._/\-]"
_WRAPPED = r'^=\s*"?(.*?)"?$'
_QUOTES = "'\"‘’“”` \u00a0"
_CODE = r"^[0-9A-Za-z]{18}$"
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The signs of a credit code, each worth its position: GB 32100-2015."""
_LENGTH = 18
FILLING = r"[\s()（）【】\[\]<>《》“”\"'‘’·・.,，。、\-—–_*]"
"""What does not distinguish names: blanks, brackets, quotes and dashes."""
_FILLING = re.compile(FILLING)


def normalised_ids(ids: pl.Series) -> pl.Series:
    """Return ids as they are stored: without what a spreadsheet puts around them.

    What looks like a credit code is brought into capitals of plain width without blanks.
    """
    if not ids.str.contains(_ODD).any():
        return ids
    name = ids.name
    plain = (
        pl.col(name).str.normalize("NFKC").str.replace(_WRAPPED, "${1}").str.strip_chars(_QUOTES)
    )
    compact = plain.str.replace_all(r"[\s\-]", "")
    return (
        ids.to_frame()
        .lazy()
        .select(
            pl.when(compact.str.contains(_CODE))
            .then(compact.str.to_uppercase())
            .when(plain != "")
            .then(plain)
            .alias(name)
        )
        .collect()
        .to_series()
    )


def misspelled(ids: pl.Series) -> pl.Series:
    """Return which ids look like credit codes and have a check digit that does not fit.

    The last sign is 31 less the sum of the others, each times 3 to the power of its position,
    modulo 31 (GB 32100-2015).
    """
    codes = ids.str.contains(_CODE).fill_null(value=False)
    wrong = pl.select(pl.repeat(False, len(ids))).to_series()
    if not codes.any():
        return wrong
    joined: str = ids.filter(codes).str.join("").item()
    signs = np.frombuffer(joined.encode(), dtype=np.uint8).reshape(-1, _LENGTH)
    worth = np.full(256, -1, dtype=np.int16)
    worth[np.frombuffer(_SIGNS.encode(), dtype=np.uint8)] = np.arange(len(_SIGNS))
    total = np.zeros(len(signs), dtype=np.int16)  # at most 17 × 30 × 30
    fits = np.ones(len(signs), dtype=np.bool_)
    for place in range(_LENGTH - 1):
        value = worth[signs[:, place]]
        total += value * np.int16(3**place % 31)
        fits &= value >= 0
    fits &= (31 - total % 31) % 31 == worth[signs[:, -1]]
    return wrong.scatter(codes.arg_true(), ~fits)


def plain_name(name: str) -> str:
    """Return a name by which an enterprise is found again: script, width and signs do not count.

    Examples
    --------
    >>> plain_name("樣例（長治）有限公司") == plain_name("样例(长治) 有限公司")
    True
    """
    return _FILLING.sub("", simplified(unicodedata.normalize("NFKC", name)).upper())


def made_id(name: str) -> str:
    """Return the id of an enterprise of which no more than its name is known.

    It depends on nothing but the name, so that every file gives the same.
    """
    return MADE + hashlib.sha256(plain_name(name).encode()).hexdigest()[:12].upper()
