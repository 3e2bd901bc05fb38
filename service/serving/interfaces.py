"""What the app needs of the engine, of what holds it, and of the registry of models."""

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
    from service.serving.word_model import WordSource

Language = Literal["zh", "en"]
Document = dict[str, Any]
"""What becomes a JSON object."""
LOOK_SECONDS = 0.001
"""How old a look at the workspace may be: requests of one moment share one. A caller who changes
something and then waits for longer than this knows that no answer is of before."""


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
    ) -> Document:
        """Return a page of leads, without counts of deals for who may not see all zones."""

    def facets(
        self, need: NeedQuery, filters: Filters, wanted: Sequence[Facet], language: Language
    ) -> dict[str, list[Document]]:
        """Return how many of all leads for a need have each value."""

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
        """Return which rows of the pool are none of these enterprises under any of their ids."""

    def need(self, need_id: str) -> NeedQuery:
        """Return a known need (NotFoundError)."""

    def need_of(self, zone_id: str, industry: str) -> NeedQuery:
        """Return the need of a zone in an industry (NotFoundError)."""

    def zones(self, q: str | None = None) -> list[Document]:
        """Return every zone, or those that people may mean by `q`."""

    def zone(self, zone_id: str) -> Document:
        """Return a zone with its needs (NotFoundError)."""

    def needs(self, zone: str | None = None) -> list[Document]:
        """Return every need, or those of the zone that people call so (NotFoundError)."""

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
        """Let go of what answering faster takes: another engine is in service now."""

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
        """Return a page of the enterprises whose name has `q` in it and that pass filters."""

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
        """Return the needs of zones, by default all, that an enterprise suits (NotFoundError)."""


class EngineSource(Protocol):
    """Holds the engine of the active model and the tables as they are now."""

    @property
    def engine(self) -> Engine | None:
        """The engine loaded last; None when none was loaded yet."""

    def open(self) -> None:
        """Load from now on what is to become active, before it does."""

    def close(self) -> None:
        """Load nothing ahead any more."""

    def ready(self) -> Engine | None:
        """Return the engine if it is that of the workspace as it is now, else None.

        An engine that was loaded ahead is put in service first; nothing is loaded.
        """

    def pool_version(self) -> str:
        """Return the version of the tables as they are now, whatever engine there is."""

    def trouble(self) -> str | None:
        """Return why the engine is not of the active model, or not on disk any more; None else."""

    def current(self) -> Engine:
        """Return the engine of what is there now, loading it when it changed.

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
        """Put the version before in service and return it."""

    def active(self) -> str | None:
        """Return the version in service, None before the first."""
