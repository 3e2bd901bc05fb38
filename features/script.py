"""Traditional characters → simplified ones: headers, places, states and names are compared so."""

from functools import cache, lru_cache

import opencc

_KEPT = 10_000


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(_KEPT)
def simplified(text: str) -> str:
    """Return a text in simplified characters.

    Examples
    --------
    >>> simplified("統一社會信用代碼")
    '统一社会信用代码'
    """
    return text if text.isascii() else str(_converter().convert(text))


def traditional(text: str) -> str:
    """Return a text in traditional characters."""
    return str(opencc.OpenCC("s2t").convert(text))
