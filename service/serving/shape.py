"""How much of a page of leads is sent: reasons, fields of a lead, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.serving.filters import Facet
    from service.serving.interfaces import Document


@dataclass(frozen=True)
class Shape:
    """What of a page is asked for.

    Parameters
    ----------
    reasons : int, optional
        So many of a lead's reasons, the largest; all of them by default.
    fields : tuple of str
        The fields of a lead, or such as `enterprise.name`; all of them by default.
    facets : tuple of str
        What is counted over the whole list.
    """

    reasons: int | None = None
    fields: tuple[str, ...] = ()
    facets: tuple[Facet, ...] = ()

    def __post_init__(self) -> None:
        for name in ("fields", "facets"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    def canonical(self) -> dict[str, Any]:
        """Return what is not as by default."""
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
