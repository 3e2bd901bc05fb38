"""Protocols that the app relies on: the engine, its source, and the registry of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from features.errors import InputError
    from features.need import NeedQuery
    from features.progress import Count
    from service.serving.filters import Facet, Filters
    from service.serving.words.model import WordSource

Language = Literal["zh", "en"]
Document = dict[str, Any]
"""A JSON object."""
LOOK_SECONDS = 0.001
"""How long a check of the workspace is valid, so that concurrent requests share one. A caller who
changes something and waits for longer than this gets no answer from before the change."""


class Engine(Protocol):
    """Answers on one model and one version of the tables; safe to call from several threads."""

    @property
    def words(self) -> WordSource:
        """A language model, whose words come before those of the thesaurus."""

    @property
    def model_version(self) -> str:
        """The model that answers."""

    @property
    def pool_version(self) -> str:
        """The version of the tables."""

    @property
    def pool_date(self) -> str | None:
        """ISO date of the last import of enterprises."""

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
        """Return a page of leads; without counts of deals if the caller may not see all zones."""

    def facets(
        self,
        need: NeedQuery,
        filters: Filters,
        wanted: Sequence[Facet],
        language: Language,
        first: int | None = None,
    ) -> Document:
        """Return how many of all leads for a need, or of the first, have each value."""

    def shards(self) -> Document | None:
        """Return the state of the shards of the pool; None without shards."""

    def lead(
        self, need: NeedQuery, enterprise_id: str, language: Language, *, deals: bool = True
    ) -> Document:
        """Return one enterprise as a lead for a need, with its rank (NotFoundError)."""

    def candidates(self, need: NeedQuery, filters: Filters, limit: int) -> Document:
        """Return the first leads in short, without reasons."""

    def presence(self, chain_id: str, zone_ids: Sequence[str]) -> Document:
        """Return what these zones together have of a chain (NotFoundError)."""

    def batch(
        self,
        needs: Sequence[NeedQuery],
        k: int,
        *,
        within: NDArray[np.bool_] | None = None,
        explained: int = 20,
        described: bool = True,
        progress: Count | None = None,
        refuse: Callable[[NeedQuery, InputError], None] | None = None,
    ) -> pl.DataFrame:
        """Return the first `k` leads of many needs, one row per lead."""

    def without(self, enterprise_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows of the pool are not these enterprises, under any of their ids."""

    def need(self, need_id: str) -> NeedQuery:
        """Return a known need (NotFoundError)."""

    def need_of(self, zone_id: str, industry: str) -> NeedQuery:
        """Return the need of a zone in an industry (NotFoundError)."""

    def zones(self, q: str | None = None) -> list[Document]:
        """Return every zone, or those whose id or name matches `q`."""

    def zone(self, zone_id: str) -> Document:
        """Return a zone with its needs (NotFoundError)."""

    def needs(self, zone: str | None = None) -> list[Document]:
        """Return every need, or those of the zone of this id or name (NotFoundError)."""

    def chains(self) -> list[Document]:
        """Return every chain."""

    def chain(self, chain_id: str) -> Document:
        """Return a chain with nodes and edges (NotFoundError)."""

    def find_chain(self, chain: str | None, node_id: str | None) -> str:
        """Return the id of a chain by its id or name, or that of a node (NotFoundError)."""

    def gaps(self, zone_id: str, chain_id: str) -> list[Document]:
        """Return the nodes of a chain as a zone has them."""

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
        """Return a page of an enterprise's suppliers and customers (NotFoundError)."""

    def rest(self) -> None:
        """Clear the caches: another engine is in service now."""

    def enterprises(
        self,
        q: str,
        limit: int,
        offset: int,
        *,
        filters: Filters = ...,
        zone_id: str | None = None,
        facets: Sequence[Facet] = (),
        language: Language = "zh",
    ) -> Document:
        """Return a page of the enterprises whose name contains `q` and that pass the filters."""

    def enterprise(self, enterprise_id: str) -> Document:
        """Return a profile (NotFoundError)."""

    def needs_for(
        self,
        enterprise_id: str,
        limit: int,
        language: Language,
        *,
        zones: frozenset[str] | None = None,
    ) -> Document:
        """Return the needs that an enterprise suits, of all zones or of some (NotFoundError)."""


class EngineSource(Protocol):
    """Holds an engine of the active model and the current tables."""

    @property
    def engine(self) -> Engine | None:
        """The engine loaded last; None before the first is loaded."""

    def open(self) -> None:
        """Start loading announced versions before they become active."""

    def close(self) -> None:
        """Stop loading ahead."""

    def ready(self) -> Engine | None:
        """Return the engine if it is up to date with the workspace, else None.

        An engine that was loaded ahead is put in service first; nothing is loaded.
        """

    def pool_version(self) -> str:
        """Return the current version of the tables, whichever engine is in service."""

    def trouble(self) -> str | None:
        """Return why the engine is not of the active model, or no longer on disk; else None."""

    def current(self) -> Engine:
        """Return an engine that is up to date with the workspace; load it if the workspace changed.

        Raises
        ------
        UnavailableError, DamagedError
            When there is no model, or it cannot be loaded.
        """


class Registry(Protocol):
    """The versions of models."""

    def list(self) -> list[Document]:
        """Return every version."""

    def show(self, version: str) -> Document:
        """Return what is known of a version (NotFoundError)."""

    def activate(self, version: str) -> str:
        """Put a version in service and return it."""

    def rollback(self) -> str:
        """Put the previous version in service and return it."""

    def active(self) -> str | None:
        """Return the version in service, None before the first."""
