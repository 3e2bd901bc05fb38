"""One form of every text: what differs by width, case or script alone is the same text."""

from __future__ import annotations

import unicodedata
from functools import cache

_HAN = range(0x3400, 0xA000)


@cache
def _to_simplified() -> dict[int, str]:
    """Return the simplified form of every traditional character, as `str.translate` takes it."""
    from opencc import OpenCC  # its tables are read once, and only where a text is compared

    convert = OpenCC("t2s").convert
    single = ((code, convert(chr(code))) for code in _HAN)
    return {code: simplified for code, simplified in single if simplified != chr(code)}


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
    return unicodedata.normalize("NFKC", text).lower().translate(_to_simplified()).strip()
