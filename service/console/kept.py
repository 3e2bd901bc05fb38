"""Pages whose main part is kept as text: a list asked for again and again is written once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from service.cache.local import LocalCache

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import Any

    from jinja2 import Template

_BYTES = 24 * 2**20
_ENTRY_BYTES = 1024
"""What an entry weighs besides its texts."""


class PageText(NamedTuple):
    """What of a page is the same for everybody who gets the same answers.

    Attributes
    ----------
    title, main, source : Markup
        The blocks of a template; `source` says in the foot what the page rests on.
    """

    title: Markup
    main: Markup
    source: Markup

    @classmethod
    def of(cls, template: Template, values: Mapping[str, Any]) -> PageText:
        """Write them. No value says who asks: a template that wants to know fails."""
        context = template.new_context(dict(values))
        blocks = template.blocks
        return cls(
            *(
                Markup("".join(blocks[name](context)) if name in blocks else "")
                for name in cls._fields
            )
        )

    @property
    def weight(self) -> int:
        """Bytes that they take in memory."""
        return _ENTRY_BYTES + sum(map(sys.getsizeof, self))


class KeptPages:
    """Keeps what was used last of them, up to a number of bytes."""

    def __init__(self) -> None:
        self.entries: LocalCache[PageText] = LocalCache(_BYTES)

    def get(self, key: Hashable) -> PageText | None:
        """Return what is kept under a key, None where nothing is."""
        return self.entries.get(key)

    def put(self, key: Hashable, text: PageText) -> None:
        """Keep the text of a page."""
        self.entries.put(key, text, text.weight)
