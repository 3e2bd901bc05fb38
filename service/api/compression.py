"""Answers in fewer bytes: Brotli where the caller takes it, else gzip.

What is compressed is kept beside the answer, so that it is done once for an answer and not once for
a request. Only answers are compressed that bear no secret: lists, reference data, profiles, the
document and files; never what is marked `no-store`. The pages of the console mask the tokens of
their forms anew each time (`service/console/sessions.py`), since the length of a compressed page
would otherwise reveal them bit by bit.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import brotli

if TYPE_CHECKING:
    from starlette.types import Scope

from service.api import headers

ContentEncoding = Literal["br", "gzip"]
SMALLEST = 1024
"""Bytes below which an answer is sent as it is."""
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6
_SHORT = 100
"""Bytes of a header whose meaning is kept."""


def encoding_for(scope: Scope) -> ContentEncoding | None:
    """Return how a caller wants answers compressed, None where not at all."""
    given = headers.by_name(scope).get(b"accept-encoding", b"")
    return (_kept if len(given) <= _SHORT else _wanted)(given)


def compress(body: bytes, encoding: ContentEncoding) -> bytes:
    """Return a body compressed; equal bodies give equal bytes."""
    if encoding == "br":
        return bytes(brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY))
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _wanted(header: bytes) -> ContentEncoding | None:
    """Return what an Accept-Encoding header prefers of the two; Brotli of both.

    Examples
    --------
    >>> _wanted(b"gzip, deflate, br"), _wanted(b"gzip, br;q=0.5"), _wanted(b"*;q=0, gzip;q=0")
    ('br', 'gzip', None)
    """
    weights: dict[str, float] = {}
    for item in header.decode("latin-1").lower().split(","):
        name, _, parameters = item.partition(";")
        weights.setdefault(name.strip(), _weight(parameters))
    anything = weights.get("*", 0.0)
    br, plain = weights.get("br", anything), weights.get("gzip", anything)
    if max(br, plain) <= 0:
        return None
    return "br" if br >= plain else "gzip"


_kept = lru_cache(maxsize=256)(_wanted)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
