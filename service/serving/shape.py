"""Which parts of a page of leads are sent: reasons, fields of a lead, facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.serving.filters import Facet
    from service.serving.interfaces import Document


@dataclass(frozen=True)
class Shape:
    """The requested parts of a page.

    Parameters
    ----------
    reasons : int, optional
        How many reasons per lead, the largest first; all by default.
    fields : tuple of str
        The fields of a lead, such as `score` or `enterprise.name`; all by default.
    facets : tuple of str
        The facets to count over the whole list.
    """

    reasons: int | None = None
    fields: tuple[str, ...] = ()
    facets: tuple[Facet, ...] = ()

    def __post_init__(self) -> None:
        for name in ("fields", "facets"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    def canonical(self) -> dict[str, Any]:
        """Return the values that differ from the defaults."""
        return {name: value for name, value in vars(self).items() if value not in ((), None)}

    def of(self, leads: list[Document]) -> list[Document]:
        """Return leads in this shape."""
        if self.reasons is not None:
            leads = [{**lead, "reasons": lead["reasons"][: self.reasons]} for lead in leads]
        return [_picked(lead, self.fields) for lead in leads] if self.fields else leads


def _picked(lead: Document, fields: tuple[str, ...]) -> Document:
    found: Document = {}
    for name in fields:
        whole, _, part = name.partition(".")
        if not part:
            found[whole] = lead[whole]
        elif whole not in fields:
            found.setdefault(whole, {})[part] = lead[whole][part]
    return {name: found[name] for name in lead if name in found}
