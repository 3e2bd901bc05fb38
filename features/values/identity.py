"""Identity of enterprises: normalised credit codes, and ids derived from names."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.words.normal import simplified

if TYPE_CHECKING:
    import numpy.typing as npt

MADE = "N-"
"""Prefix of ids that are derived from names."""
SPOILED = r"^\d(?:\.\d+)?[eE]\+?0*1\d$"
"""A code of 18 characters that a spreadsheet converted to a number."""
SPOILED_EXPECTED = (
    "a credit code of 18 characters: a spreadsheet has turned it into a number and lost its last "
    "digits; format the column as text and fill it in from the source"
)

_ODD = r"[^0-9A-Z._/\-]|\d{13}\.0"
_WRAPPED = r'^=\s*"?(.*?)"?$'
_LABEL = r"^[\x{4e00}-\x{9fff}/]{2,}[:：]\s*"
"""统一社会信用代码：9114…."""
_REMARK = r"^([0-9A-Za-z]{18})\s*[(（].*$"
_DECIMAL = r"^(\d{13,})\.0+$"
"""A code of digits that was stored as a number."""
_QUOTES = "'\"‘’“”` \u00a0"
_CODE = r"^[0-9A-Za-z]{18}$"
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The characters of a credit code; the value of each is its position (GB 32100-2015)."""
_LENGTH = 18
FILLING = r"[\s()（）【】\[\]<>《》“”\"'‘’·・.,，。、\-—–_*]"
"""Characters that are ignored when names are compared: blanks, brackets, quotes and dashes."""
_FILLING = re.compile(FILLING)


def normalised_ids(ids: pl.Series) -> pl.Series:
    """Return ids as they are stored, without the wrappers of spreadsheets.

    Texts that look like credit codes are converted to half-width capitals without blanks.
    """
    if not ids.str.contains(_ODD).any():
        return ids
    name = ids.name
    plain = (
        pl.col(name)
        .str.normalize("NFKC")
        .str.replace(_WRAPPED, "${1}")
        .str.strip_chars(_QUOTES)
        .str.replace(_LABEL, "")
        .str.replace(_REMARK, "${1}")
        .str.replace(_DECIMAL, "${1}")
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
    """Return which ids look like credit codes with a wrong check digit.

    The last character is 31 minus the sum of the others, each times 3 to the power of its position,
    modulo 31 (GB 32100-2015).
    """
    codes = ids.str.contains(_CODE).fill_null(value=False)
    wrong = pl.select(pl.repeat(False, len(ids))).to_series()
    if not codes.any():
        return wrong
    joined: str = ids.filter(codes).str.join("").item()
    pairs = np.frombuffer(joined.encode(), dtype="<u2").reshape(-1, _LENGTH // 2)
    total = np.zeros(len(pairs), dtype=np.int32)
    for place, worths in enumerate(_worths()):
        total += worths[pairs[:, place]]
    fits = (total >= 0) & (total % 31 == 0)
    return wrong.scatter(codes.arg_true(), ~fits)


@cache
def _worths() -> list[npt.NDArray[np.int32]]:
    """Return for each of the nine pairs of characters the weighted sum of any two characters.

    The check digit has weight 1, so that a right code sums to a multiple of 31. Characters of no
    code make the sum of all pairs negative.
    """
    worth = np.full(256, -1, dtype=np.int32)
    worth[np.frombuffer(_SIGNS.encode(), dtype=np.uint8)] = np.arange(len(_SIGNS))
    known = worth >= 0
    # A pair is one number, with its first character in the lower byte.
    both = known[:, None] & known[None, :]
    weights = [*(3**place % 31 for place in range(_LENGTH - 1)), 1]
    sums = [
        worth[None, :] * weights[at] + worth[:, None] * weights[at + 1]
        for at in range(0, _LENGTH, 2)
    ]
    return [np.where(both, one, -_LENGTH * 30 * 30).astype(np.int32).reshape(-1) for one in sums]


def plain_name(name: str) -> str:
    """Return the name in plain form for look-ups: script, width and punctuation are ignored.

    Examples
    --------
    >>> plain_name("樣例（長治）有限公司") == plain_name("样例(长治) 有限公司")
    True
    """
    return _FILLING.sub("", simplified(unicodedata.normalize("NFKC", name)).upper())


def made_id(name: str) -> str:
    """Return the id of an enterprise that is known by its name only.

    It depends on the name alone, so that every file gives the same id.
    """
    return MADE + hashlib.sha256(plain_name(name).encode()).hexdigest()[:12].upper()
