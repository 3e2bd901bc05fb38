"""Cache of rendered pages: the main part of a page that is requested often is rendered once."""

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
"""Bytes of an entry in addition to its texts."""


class PageText(NamedTuple):
    """The parts of a page that are the same for all callers with the same answers.

    Attributes
    ----------
    title, main, source : Markup
        The blocks of a template; `source` is the statement of sources in the footer.
    """

    title: Markup
    main: Markup
    source: Markup

    @classmethod
    def of(cls, template: Template, values: Mapping[str, Any]) -> PageText:
        """Render the blocks. The values do not include the caller: a template using it fails."""
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
        """Bytes in memory."""
        return _ENTRY_BYTES + sum(map(sys.getsizeof, self))


class KeptPages:
    """A cache of the most recently used pages, limited in bytes."""

    def __init__(self) -> None:
        self.entries: LocalCache[PageText] = LocalCache(_BYTES)

    def get(self, key: Hashable) -> PageText | None:
        """Return the entry of a key, None if there is none."""
        return self.entries.get(key)

    def put(self, key: Hashable, text: PageText) -> None:
        """Store the text of a page."""
        self.entries.put(key, text, text.weight)
