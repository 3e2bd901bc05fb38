"""Negotiation of the language."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.serving.interfaces import Language

_SHORT = 200
"""Maximum length of a header whose language is cached."""


def negotiate(header: str) -> Language:
    """Return the language that an Accept-Language header prefers; Chinese by default.

    Examples
    --------
    >>> negotiate("fr, en-GB;q=0.8, zh;q=0.2"), negotiate("fr"), negotiate("zh;q=0, *")
    ('en', 'zh', 'en')
    """
    return (_kept if len(header) <= _SHORT else _found)(header)


def _found(header: str) -> Language:
    weights: dict[str, float] = {}
    for item in header.split(","):
        tag, _, parameters = item.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in {"zh", "en", "*"}:
            weights.setdefault(language, _weight(parameters))
    anything = weights.pop("*", 0.0)
    zh, en = weights.get("zh", anything), weights.get("en", anything)
    if zh == en and zh > 0 and len(weights) == 2:
        return "en" if next(iter(weights)) == "en" else "zh"
    return "en" if en > zh else "zh"


_kept = lru_cache(maxsize=1024)(_found)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
