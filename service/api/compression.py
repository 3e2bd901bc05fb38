"""Compression of answers: Brotli if the client accepts it, else gzip.

Compressed bodies are cached with the answer, and so are computed once per answer rather than per
request. Only answers without secrets are compressed: lists, reference data, profiles, the document
and files; never those marked `no-store`. The console's pages mask their form tokens differently
each time (`service/console/sessions.py`), since the length of a compressed page could otherwise
reveal them (BREACH).
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
"""Answers below this size in bytes are not compressed."""
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6
_SHORT = 100
"""Maximum length of a header whose parsed value is cached."""


def encoding_for(scope: Scope) -> ContentEncoding | None:
    """Return the content encoding that a client prefers, None for none."""
    given = headers.by_name(scope).get(b"accept-encoding", b"")
    return (_kept if len(given) <= _SHORT else _wanted)(given)


def compress(body: bytes, encoding: ContentEncoding) -> bytes:
    """Return a body compressed; equal bodies give equal bytes."""
    if encoding == "br":
        return bytes(brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY))
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _wanted(header: bytes) -> ContentEncoding | None:
    """Return which of the two an Accept-Encoding header prefers; Brotli if equal.

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
