"""Normal forms for comparing texts: simplified characters, width and case.

Words, items and concepts are compared by `normal`, headers, values and place names by `simplified`,
which converts by phrase: 乾 is kept in 乾安县, as in gazetteers.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opencc import OpenCC

_HAN = range(0x3400, 0xA000)
_KEPT = 10_000


@cache
def _converter(table: str) -> OpenCC:
    from opencc import OpenCC  # its tables are loaded once, on first use

    return OpenCC(table)


@cache
def to_simplified() -> dict[str, str]:
    """Return the simplified form of every traditional character."""
    convert = _converter("t2s").convert
    single = ((sign, convert(sign)) for sign in map(chr, _HAN))
    return {sign: simplified for sign, simplified in single if simplified != sign}


@cache
def _translation() -> dict[int, str]:
    """Return the same as a table for `str.translate`."""
    return str.maketrans(to_simplified())


def normal(text: str) -> str:
    """Return the normal form of a text: NFKC, lower case, simplified characters.

    Characters are converted one by one (OpenCC's table t2s), so that the form of a substring is a
    substring of the form.

    Examples
    --------
    >>> normal("ＬＥＤ封裝")
    'led封装'
    """
    if text.isascii():
        return text.lower().strip()
    return unicodedata.normalize("NFKC", text).lower().translate(_translation()).strip()


@lru_cache(_KEPT)
def simplified(text: str) -> str:
    """Return a text in simplified characters, converted phrase by phrase.

    Examples
    --------
    >>> simplified("統一社會信用代碼")
    '统一社会信用代码'
    """
    return text if text.isascii() else str(_converter("t2s").convert(text))


def traditional(text: str) -> str:
    """Return a text in traditional characters."""
    return str(_converter("s2t").convert(text))


def longest_first(texts: Iterable[str]) -> list[str]:
    """Return texts, the longest first; equally long ones in order, the same in every process."""
    return sorted(texts, key=lambda text: (-len(text), text))
