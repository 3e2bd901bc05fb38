"""Lookup by name: a full name, a part of it, or its characters in order."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from features.words.normal import simplified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FILLING = re.compile(r"[\s()（）\-—_·、,，]")
_SHORT = 2
"""Minimum length for a match of characters in order."""


def alike(text: str, names: Mapping[str, Iterable[str | None]]) -> list[str]:
    """Return the ids whose names best match a text.

    An equal id or name takes precedence over one that begins with the text, then one that contains
    it, then one with its characters in order: 长治高新区 matches 长治高新技术产业开发区.

    Parameters
    ----------
    names
        Id → its names.

    Examples
    --------
    >>> alike("高新", {"a": ["长治高新技术产业开发区"], "b": ["长治经济技术开发区"]})
    ['a']
    """
    if text in names:
        return [text]
    wanted = _plain(text)
    if not wanted:
        return []
    plain = {
        id_: [_plain(name) for name in (id_, *called) if name] for id_, called in names.items()
    }
    in_order = re.compile(".*".join(map(re.escape, wanted))) if len(wanted) > _SHORT else None
    for fits in (
        lambda name: name == wanted,
        lambda name: name.startswith(wanted),
        lambda name: wanted in name,
        lambda name: in_order is not None and in_order.search(name) is not None,
    ):
        found = [id_ for id_, called in plain.items() if any(map(fits, called))]
        if found:
            return found
    return []


def _plain(text: str) -> str:
    return _FILLING.sub("", simplified(unicodedata.normalize("NFKC", text)).lower())
