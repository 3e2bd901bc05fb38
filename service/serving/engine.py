"""The engine: from a need to a page of leads. Mask → score → order → explain."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.enterprises.signals import NO_SIGNALS, Signals
from features.need import NeedQuery
from features.presence import Presence
from service.projects.rules import SHIPPED, Rules
from service.serving.batch import BatchRanker
from service.serving.directory import Directory, brief
from service.serving.explanation.leads import LeadWriter
from service.serving.explanation.meaning import fit_note, understood_document
from service.serving.filters import Filters
from service.serving.gates import Gates
from service.serving.need_cache import NeedCache
from service.serving.partial import partial_document, shards_document
from service.serving.partners import PartnerWriter
from service.serving.selection import Selection, of_any_industry
from service.serving.suited_needs import NeedFinder
from service.serving.survey import Survey
from service.serving.words.model import NoWords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from features.errors import InputError
    from features.progress import Count
    from features.space.arrays import NeedFeatures
    from models.retrieval.retrieval import Retriever
    from models.storage.prepared import Prepared
    from service.serving.filters import Facet
    from service.serving.interfaces import Document, Language
    from service.serving.words.model import WordSource

NO_WORDS = NoWords()
_NO_FILTERS = Filters()


class Engine(Directory):
    """Answers on one model and one version of the tables; safe to call from several threads.

    Parameters
    ----------
    prepared : Prepared
        The ranker, and the enterprises that it ranks.
    tables : dict of DataFrame
        zones, needs, events.
    model_version, pool_version : str
    pool_date : str or None
        ISO date of the last change of the enterprises.
    made_of : tuple of str
        The versions of the model and the tables that it was prepared from.
    own_words : DataFrame, optional
        The table words, if it may differ from the one the ranker was loaded with.
    words : WordSource
        A language model, whose words come before those of the thesaurus.
    signals : Signals
        Recent signals of enterprises.
    rules : Rules
        The rules of gates.
    unfit : mapping, optional
        By need_id, the enterprises judged not to answer the need.
    joined : mapping, optional
        Ids that were merged into others.
    """

    def __init__(
        self,
        prepared: Prepared,
        tables: dict[str, pl.DataFrame],
        *,
        model_version: str,
        pool_version: str,
        pool_date: str | None,
        made_of: tuple[str, ...] = (),
        own_words: pl.DataFrame | None = None,
        words: WordSource = NO_WORDS,
        signals: Signals = NO_SIGNALS,
        rules: Rules = SHIPPED,
        unfit: Mapping[str, Sequence[str]] | None = None,
        joined: Mapping[str, str] | None = None,
    ) -> None:
        bound, residents = prepared.bound, prepared.residents
        space = bound.ranker.space
        self.space = space if own_words is None else space.with_words(own_words)
        who = residents.closed, residents.repeated
        super().__init__(prepared.profiles, *who, tables, space.chain_map, joined or {})
        self.prepared = prepared
        self.bound = bound
        self.made_of = made_of
        self.words = words
        self._unfit = unfit or {}
        self.model_version = model_version
        self.pool_version = pool_version
        self.pool_date = pool_date
        self._presence = Presence(space, bound.pool, residents, **tables)
        found = signals.spread(bound.pool.ids)
        self.need_cache = NeedCache(self.space, self._zones, self._presence, words, found)
        self.retriever = prepared.retriever
        self.gates = Gates(rules, prepared.profiles, bound.pool.products, pool_date)
        self.writer = LeadWriter(prepared, self._presence, signals, self.gates)

    def touch(self) -> None:
        """Read what the first requests would otherwise wait for: mapped files and the thesaurus."""
        self.space.thesaurus.open()
        self.prepared.touch()

    def shards(self) -> Document | None:
        """Return the state of the shards of the pool; None without shards."""
        return shards_document(self.retriever)

    def rest(self) -> None:
        """Clear the caches: another engine is in service from now on."""
        self.need_cache.clear()
        self.writer.clear()
        self.__dict__.pop("_selection", None)

    def recommend(
        self,
        need: NeedQuery,
        filters: Filters,
        limit: int,
        offset: int,
        language: Language,
        *,
        deals: bool = True,
        facets: Sequence[Facet] = (),
    ) -> Document:
        """Return a page of leads, ranked and explained, with counts of what was left out.

        `deals` says whether the caller may see counts of deals, which cover all zones; facets are
        counted over the whole list.
        """
        chosen, features = self._selection.leads(need, filters), self.features(need)
        rows = chosen.rows
        counted = self._selection.facets(facets, rows, need, language) if facets else None
        ranked, parts, partial = self._ranked(features, rows, offset, offset + limit, language)
        fits = self.writer.fits(features, ranked)
        leads = self.writer.leads(need, features, parts, ranked, offset + 1, language, deals=deals)
        return {
            "need": self._shown(need),
            "understood": understood_document(features.understood, language),
            **self._versions,
            "total": len(rows),
            "limit": limit,
            "offset": offset,
            **chosen.counts,
            "fit_note": fit_note(features.understood, fits, language),
            "partial": partial,
            "facets": counted,
            "leads": [lead | {"fit": fit} for lead, fit in zip(leads, fits, strict=True)],
        }

    def enterprises(
        self,
        q: str,
        limit: int,
        offset: int,
        *,
        filters: Filters = _NO_FILTERS,
        zone_id: str | None = None,
        facets: Sequence[Facet] = (),
        language: Language = "zh",
    ) -> Document:
        """Return a page of enterprises by name and filters, including those struck off.

        The filters `stage` and `seat` are relative to `zone_id`.
        """
        found = self._profiles.search(q.strip()) if q.strip() else None
        chosen = self._selection.enterprises(filters, zone_id, found)
        shown = chosen.rows[offset : offset + limit].tolist()
        counted = None
        if facets:
            seen_from = of_any_industry(zone_id) if zone_id else None
            counted = self._selection.facets(facets, chosen.rows, seen_from, language)
        return {
            "total": len(chosen.rows),
            "limit": limit,
            "offset": offset,
            "unknown": chosen.unknown,
            "unknown_values": chosen.unknown_values,
            "facets": counted,
            "enterprises": [brief(self._profiles.row(at)) for at in shown],
        }

    def facets(
        self,
        need: NeedQuery,
        filters: Filters,
        wanted: Sequence[Facet],
        language: Language,
        first: int | None = None,
    ) -> Document:
        """Return, for each facet, how many of all leads, or of the `first`, have each value."""
        rows, partial = self._selection.leads(need, filters).rows, None
        if first is not None:
            rows, _, partial = self._ranked(self.features(need), rows, 0, first, language)
        return {"facets": self._selection.facets(wanted, rows, need, language), "partial": partial}

    def lead(
        self, need: NeedQuery, enterprise_id: str, language: Language, *, deals: bool = True
    ) -> Document:
        """Return one enterprise as a lead for a need, with its rank (NotFoundError)."""
        at, features = self._at(enterprise_id), self.features(need)
        rows = self._selection.leads(need, Filters()).rows
        rank, own = self.retriever.place(features, at, rows)
        lead = self.writer.lead(need, features, own, at, rank, language, deals=deals)
        (fit,) = self.writer.fits(features, np.array([at]))
        return {"need": self._shown(need), "lead": lead | {"fit": fit}}

    def candidates(self, need: NeedQuery, filters: Filters, limit: int) -> Document:
        """Return the first leads without reasons, for maps and counts."""
        features = self.features(need)
        rows = self._selection.leads(need, filters).rows
        ranked, parts, partial = self._ranked(features, rows, 0, limit, "zh")
        found = self._survey.candidates(features, ranked, parts.sum(axis=0))
        fits = self.writer.fits(features, ranked)
        point = None if np.isnan(features.point).any() else list(features.point)
        return {
            "need": self._shown(need),
            "point": point,
            "total": len(rows),
            "partial": partial,
            "candidates": [one | {"fit": fit} for one, fit in zip(found, fits, strict=True)],
        }

    def partners(
        self,
        enterprise_id: str,
        side: str,
        filters: Filters,
        limit: int,
        offset: int,
        language: Language,
        *,
        zone_id: str | None = None,
    ) -> Document:
        """Return a page of an enterprise's suppliers and customers (NotFoundError).

        With `zone_id`, enterprises that signed with the zone or are seated in its city are left
        out.
        """
        at = self._at(enterprise_id)
        for_zone = NeedQuery("以商招商", zone_id=zone_id)
        chosen = self._selection.leads(for_zone, filters)
        found = self._partners.page(at, side, chosen.rows, limit, offset, language, zone_id)
        return {**self._versions, **found, **chosen.counts}

    def gaps(self, zone_id: str, chain_id: str) -> list[Document]:
        """Return the nodes of a chain as a zone has them: missing, weak, strong or unknown."""
        return self._survey.gaps(chain_id, zone_id)

    def presence(self, chain_id: str, zone_ids: Sequence[str]) -> Document:
        """Return what these zones together have of a chain (NotFoundError)."""
        return self._survey.chain(chain_id, zone_ids)

    def batch(
        self,
        needs: Sequence[NeedQuery],
        k: int,
        *,
        within: NDArray[np.bool_] | None = None,
        retriever: Retriever | None = None,
        include: Sequence[str] = (),
        explained: int = 20,
        described: bool = True,
        language: Language = "zh",
        progress: Count | None = None,
        refuse: Callable[[NeedQuery, InputError], None] | None = None,
        leave_out: Callable[[NeedQuery, dict[str, int]], None] | None = None,
    ) -> pl.DataFrame:
        """Return the first `k` leads of many needs, one row per lead; see `BatchRanker.rank`.

        They are the leads that a page with this `include` lists. `within`, of shape (n,) in the
        order of the pool's ids, limits the candidates; an enterprise with several ids is listed
        once. `retriever` replaces the engine's own, with the same result. `leave_out` is called
        with (need, counts) of the candidates that are not new leads.
        """
        allowed = np.flatnonzero(self._listed)
        if within is not None:
            allowed = self.prepared.residents.standing(np.flatnonzero(within))

        def candidates(need: NeedQuery) -> NDArray[np.intp]:
            rows, left_out = self._selection.new_leads(need, allowed, include)
            if leave_out is not None:
                leave_out(need, left_out)
            return rows

        versions = {"model_version": self.model_version, "pool_version": self.pool_version}
        ranker = BatchRanker(self.need_cache, retriever or self.retriever, self.writer, versions)
        return ranker.rank(
            needs,
            k,
            candidates,
            explained=explained,
            described=described,
            language=language,
            progress=progress,
            refuse=refuse,
        )

    def features(self, need: NeedQuery) -> NeedFeatures:
        """Return the features of a need."""
        return self.need_cache.features(need)

    def contributions(self, need: NeedQuery) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the contributions, shape (factors, n), and which enterprises can be listed.

        In the order of the pool. Raw scores are the sums over the factors.
        """
        return self.bound.contributions(self.features(need)), self._listed

    def without(self, enterprise_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows of the pool are not these enterprises, under any of their ids."""
        found = np.ones(len(self.bound.pool), dtype=np.bool_)
        found[self.prepared.residents.alike(np.flatnonzero(self.within(enterprise_ids)))] = False
        return found

    def needs_for(
        self,
        enterprise_id: str,
        limit: int,
        language: Language,
        *,
        zones: frozenset[str] | None = None,
    ) -> Document:
        """Return the needs that an enterprise suits best, by its rank in each need's list.

        If `zones` is given, only their needs, and without counts of deals.
        """
        at = self._at(enterprise_id)
        needs = [n for n in self._needs.values() if zones is None or n.zone_id in zones]
        found = self._suited.page(at, needs, limit, language, deals=zones is None)
        return {
            "enterprise": brief(self._profiles.row(at)),
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "total": found.total,
            "limit": limit,
            "needs": [{"need": self._shown(need)} | lead for need, lead in found.needs],
        }

    def _ranked(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int, language: Language
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], Document | None]:
        """Return the rows at some ranks, their contributions, and the field `partial`."""
        (ranked, parts), missing = self.retriever.ranked_partly(need, rows, start, stop)
        return ranked, parts, partial_document(self.retriever, missing, rows, language)

    @property
    def _versions(self) -> Document:
        names = ("model_version", "pool_version", "pool_date")
        return {name: getattr(self, name) for name in names}

    @cached_property
    def _suited(self) -> NeedFinder:
        return NeedFinder(self.need_cache, self.retriever, self.writer, self._selection)

    @cached_property
    def _partners(self) -> PartnerWriter:
        return PartnerWriter(
            self.space, self.prepared, self._presence, self.writer, self.need_cache.signals
        )

    @cached_property
    def _survey(self) -> Survey:
        return Survey(
            self.bound.pool,
            self.prepared.profiles,
            self.prepared.residents,
            self.retriever.named,
            self._listed,
            self.chain_map,
            self._presence,
        )

    @cached_property
    def _selection(self) -> Selection:
        as_of = date.fromisoformat(self.pool_date) if self.pool_date else None
        return Selection(
            self._profiles,
            self._listed,
            self.prepared.residents,
            self.retriever.named,
            self.chain_map,
            self._presence,
            self._zones,
            as_of,
            self.gates,
            self._unfit,
        )
