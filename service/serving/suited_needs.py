"""The needs that one enterprise suits best, by its rank in the list of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from features.errors import InputError
from service.serving.filters import Filters
from service.threads import check_wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from features.need import NeedQuery
    from models.retrieval.retrieval import Retriever
    from service.serving.explanation.leads import LeadWriter
    from service.serving.interfaces import Document, Language
    from service.serving.need_cache import NeedCache
    from service.serving.selection import Selection

_NO_FILTERS = Filters()
_SHOWN = ("rank", "score", "raw_score", "node", "stage", "reasons")


class SuitedPage(NamedTuple):
    """The first of the needs, each with the enterprise as a lead for it.

    Attributes
    ----------
    total : int
        How many needs the enterprise was ranked for.
    needs : list of (NeedQuery, dict)
    """

    total: int
    needs: list[tuple[NeedQuery, Document]]


class NeedFinder:
    """Ranks needs for an enterprise.

    Parameters
    ----------
    need_cache : NeedCache
    retriever : Retriever
    writer : LeadWriter
    selection : Selection
        Who is in the list of a need.
    """

    def __init__(
        self,
        need_cache: NeedCache,
        retriever: Retriever,
        writer: LeadWriter,
        selection: Selection,
    ) -> None:
        self._need_cache = need_cache
        self._retriever = retriever
        self._writer = writer
        self._selection = selection

    def page(
        self,
        row: int,
        needs: Iterable[NeedQuery],
        limit: int,
        language: Language,
        *,
        deals: bool = True,
    ) -> SuitedPage:
        """Return the needs that a row of the pool suits best.

        Needs are ordered by the rank of the enterprise, then by its raw score, then by id. A need
        that shares no word with any profile is left out. See `LeadWriter.lead` for `deals`.
        """
        found = []
        for need in needs:
            check_wanted()
            try:
                features = self._need_cache.features(need)
            except InputError:  # it shares no word with any profile
                continue
            rows = self._selection.leads(need, _NO_FILTERS).rows
            rank, parts = self._retriever.place(features, row, rows)
            found.append((rank, -float(parts.sum()), need, features, parts))
        found.sort(key=lambda case: (case[0], case[1], case[2].need_id))
        shown = []
        for rank, _, need, features, parts in found[:limit]:
            lead = self._writer.lead(need, features, parts, row, rank, language, deals=deals)
            shown.append((need, {name: lead[name] for name in _SHOWN}))
        return SuitedPage(len(found), shown)
