"""Forms in which texts are compared: simplified characters, one width, one case.

Words, items and concepts are compared by `normal`, headers, values and names of places by
`simplified`, which reads whole phrases: 乾 stays what it is in 乾安县, as gazetteers write it.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_HAN = range(0x3400, 0xA000)
_KEPT = 10_000


@cache
def _converter(table: str) -> OpenCC:
    from opencc import OpenCC  # its tables are read once, and only where a text is compared

    return OpenCC(table)


@cache
def to_simplified() -> dict[str, str]:
    """Return the simplified form of every traditional character."""
    convert = _converter("t2s").convert
    single = ((sign, convert(sign)) for sign in map(chr, _HAN))
    return {sign: simplified for sign, simplified in single if simplified != sign}


@cache
def _translation() -> dict[int, str]:
    """Return the same as `str.translate` takes it."""
    return str.maketrans(to_simplified())


def normal(text: str) -> str:
    """Return the form in which texts are compared: NFKC, lower case, simplified characters.

    Characters are converted one by one (OpenCC's table t2s), so that a part of a text has the form
    that it has within the text.

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
