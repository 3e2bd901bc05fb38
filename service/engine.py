"""The engine: from a need to a page of leads. Mask → score → order → explain."""

from __future__ import annotations

import threading
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.chains import ChainMap
from features.encoder import EncodingStore
from features.errors import InputError, UnavailableError
from features.profile import confidence
from features.space import FeatureSpace
from features.tables.schema import schema_hash
from models import artifact
from models.blend import score_of
from models.ranker import Ranker, order
from models.registry import ModelRegistry
from service.directory import Directory, brief, known
from service.filters import Filters, mask
from service.reasons import (
    NODE_NAMED_FROM,
    SEPARATORS,
    chosen_rows,
    find_evidence,
    reasons,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from features.encoder import SentenceEncoder
    from features.need import NeedQuery
    from features.progress import Count
    from features.workspace import Workspace
    from models.ranker import PoolRanker
    from service.interfaces import Document, Language
    from service.reasons import Evidence

PROBABILITY_NOTE = {
    "zh": "签约概率须待有足够的签约结果后校准，目前不给出；score 只表示排序，不是概率。",
    "en": "A chance of signing is not given until there are outcomes enough to calibrate it on; "
    "score only ranks and is not a probability.",
}
_NEEDS_KEPT = 2_000


class Engine(Directory):
    """Answers on one model and one version of the tables; safe to call from several threads.

    Parameters
    ----------
    bound : PoolRanker
        The ranker, bound to the features of `tables["enterprises"]`.
    tables : dict of DataFrame
        enterprises (ordered by id), zones, needs, chains.
    model_version, pool_version : str
    pool_date : str or None
        ISO date of the last change of the enterprises.
    """

    def __init__(
        self,
        bound: PoolRanker,
        tables: dict[str, pl.DataFrame],
        *,
        model_version: str,
        pool_version: str,
        pool_date: str | None,
    ) -> None:
        super().__init__(tables, bound.ranker.space.chain_map)
        self.bound = bound
        self.model_version = model_version
        self.pool_version = pool_version
        self.pool_date = pool_date
        self._chosen: dict[str | None, NDArray[np.intp]] = {}
        self._understood: dict[NeedQuery, NeedFeatures] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        workspace: Workspace,
        encoder: SentenceEncoder,
        progress: Count | None = None,
    ) -> Engine:
        """Load the active version and bind it to the tables as they are now.

        Raises
        ------
        UnavailableError
            When no version is active yet, or it was made with another sentence encoder.
        DamagedError
            When a file of the model or of the tables was altered.
        """
        registry = ModelRegistry(workspace)
        version = registry.active()
        if version is None:
            raise NoModelError(
                "no model is active yet: run `lianzhao train` first",
                expected="an active model version",
            )
        _check_made_for(artifact.manifest(registry.path(version)), version, encoder)
        # The versions are read first: a table that changes meanwhile is noticed afterwards.
        pool_version, pool_date = workspace.pool_version, workspace.pool_date
        tables = {name: workspace.read(name) for name in ("enterprises", "zones", "needs")}
        tables["enterprises"] = tables["enterprises"].sort("enterprise_id")
        # Scoring is many small products: threads cost more there than they give.
        threadpool_limits(1, user_api="blas")
        store = EncodingStore(workspace.home / "encodings.sqlite", encoder)
        space = FeatureSpace(store, ChainMap.from_frame(workspace.read("chains")))
        ranker = Ranker.restore(artifact.load(registry.path(version)), space)
        pool = space.pool(tables["enterprises"], progress=progress)
        return cls(
            ranker.bind(pool),
            tables,
            model_version=version,
            pool_version=pool_version,
            pool_date=pool_date,
        )

    def recommend(
        self,
        need: NeedQuery,
        filters: Filters,
        limit: int,
        offset: int,
        language: Language,
    ) -> Document:
        """Return a page of leads: ranked, explained, with what was left out as unknown."""
        for node_id in filters.node:
            self.chain_map.node(node_id)  # a NotFoundError tells of a mistyped one
        features = self._understand(need)
        parts = self.bound.contributions(features)
        raw = parts.sum(axis=0)
        passing = mask(
            self._pool, filters, nodes=self._nodes_of, as_of=self._as_of, among=self._listed
        )
        rows = np.flatnonzero(passing.keep)
        ranked = order(raw, rows, offset + limit)[offset:]
        return {
            "need": self._told(need),
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "pool_date": self.pool_date,
            "total": len(rows),
            "limit": limit,
            "offset": offset,
            "unknown": passing.unknown,
            "leads": [
                self._lead(
                    features, parts[:, row], float(raw[row]), int(row), offset + place, language
                )
                for place, row in enumerate(ranked, start=1)
            ],
        }

    def batch(
        self,
        needs: Sequence[NeedQuery],
        k: int,
        *,
        within: NDArray[np.bool_] | None = None,
        explained: int = 20,
        language: Language = "zh",
        progress: Count | None = None,
        refuse: Callable[[NeedQuery, InputError], None] | None = None,
    ) -> pl.DataFrame:
        """Return the first `k` leads of many needs, a row a lead.

        Parameters
        ----------
        needs : sequence of NeedQuery
        k : int
        within : ndarray of bool, shape (n,), optional
            The candidates, in the order of the pool's ids; everybody by default.
        explained : int
            The ranks up to which reasons are given.
        language : {"zh", "en"}
        progress : callable, optional
            Told (needs done, needs).
        refuse : callable, optional
            Told (need, error) of a need that no profile says a word of, which is then left out;
            without it the error is raised.

        Returns
        -------
        DataFrame
            need_id, rank, enterprise_id, score, reasons (null beyond `explained`).
        """
        allowed = self._listed if within is None else self._listed & within
        rows = np.flatnonzero(allowed)
        frames = []
        for number, need in enumerate(needs, start=1):
            try:
                features = self._understand(need)
            except InputError as error:
                if refuse is None:
                    raise
                refuse(need, error)
                continue
            parts = self.bound.contributions(features)
            raw = parts.sum(axis=0)
            ranked = order(raw, rows, k)
            told: list[str | None] = [None] * len(ranked)
            for at, row in enumerate(ranked[:explained]):
                evidence = self._evidence(features, int(row))
                said = reasons(self.bound, parts[:, row], evidence, language)
                told[at] = summary(said, SEPARATORS[language])
            frames.append(
                pl.DataFrame(
                    {
                        "need_id": need.need_id,
                        "rank": np.arange(1, len(ranked) + 1),
                        "enterprise_id": self.bound.pool.ids[ranked].tolist(),
                        "score": score_of(raw[ranked]),
                        "reasons": told,
                    },
                    schema=BATCH_SCHEMA,
                )
            )
            if progress is not None:
                progress(number, len(needs))
        return pl.concat(frames) if frames else pl.DataFrame(schema=BATCH_SCHEMA)

    def within(self, enterprise_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows of the pool are among the given ids."""
        return np.isin(self.bound.pool.ids, np.array(list(enterprise_ids), dtype=np.str_))

    def needs_for(self, enterprise_id: str, limit: int, language: Language) -> Document:
        """Return the needs that an enterprise suits best, by its rank in each need's list."""
        at = known(self._row, enterprise_id, "enterprise", "enterprise_id")
        found = []
        for need in self._needs.values():
            try:
                features = self._understand(need)
            except InputError:  # no profile says a word of it, nor does this one
                continue
            parts = self.bound.contributions(features)
            raw = parts.sum(axis=0)
            before = (raw > raw[at]) | ((raw == raw[at]) & (np.arange(len(raw)) < at))
            rank = 1 + int((before & self._listed).sum())
            found.append((rank, -float(raw[at]), need, features, parts[:, at].copy()))
        found.sort(key=lambda case: (case[0], case[1], case[2].need_id))
        suited = []
        for rank, negated, need, features, parts in found[:limit]:
            lead = self._lead(features, parts, -negated, at, rank, language)
            suited.append({"need": self._told(need)} | {k: lead[k] for k in _OF_A_NEED})
        return {
            "enterprise": brief(self._pool.row(at, named=True)),
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "total": len(found),
            "limit": limit,
            "needs": suited,
        }

    @cached_property
    def _nodes_of(self) -> pl.Series:
        """The nodes each enterprise stands in: those stated, and those its products fit."""
        fit = np.nan_to_num(self.bound.pool.nodes.fit) >= NODE_NAMED_FROM
        ids = self.bound.pool.nodes.node_ids
        return pl.Series(
            "nodes", [[ids[at] for at in np.flatnonzero(row)] for row in fit], pl.List(pl.String)
        )

    @cached_property
    def _as_of(self) -> date | None:
        return date.fromisoformat(self.pool_date) if self.pool_date else None

    def _understand(self, need: NeedQuery) -> NeedFeatures:
        """Return the features of a need; those of the last ones asked for are kept."""
        with self._lock:  # the encoder is not made for several threads
            found = self._understood.get(need)
            if found is None:
                if len(self._understood) >= _NEEDS_KEPT:
                    self._understood.pop(next(iter(self._understood)))
                zone = self._zones.get(need.zone_id or "")
                found = self._understood[need] = self.bound.ranker.space.need(need, zone)
        return found

    def _evidence(self, need: NeedFeatures, row: int) -> Evidence:
        chosen = self._chosen.get(need.need_id)
        if chosen is None:
            chosen = self._chosen[need.need_id] = chosen_rows(self.bound, need)
        return find_evidence(self.bound.pool, self.chain_map, need, row, chosen)

    def _lead(
        self,
        need: NeedFeatures,
        parts: NDArray[np.float64],
        raw: float,
        row: int,
        rank: int,
        language: Language,
    ) -> Document:
        profile = self._pool.row(row, named=True)
        evidence = self._evidence(need, row)
        node = evidence.node if evidence.fits else None
        name = node and (node.name if language == "zh" else node.name_en or node.name)
        return {
            "rank": rank,
            "enterprise": brief(profile),
            "score": float(score_of(np.array(raw))),
            "raw_score": raw,
            "confidence": confidence(profile),
            "probability": None,
            "probability_note": PROBABILITY_NOTE[language],
            "node": {"node_id": node.node_id, "name": name} if node else None,
            "reasons": reasons(self.bound, parts, evidence, language),
        }


class NoModelError(UnavailableError):
    """Nothing was trained yet."""

    code = "no-model"


def _check_made_for(manifest: Document, version: str, encoder: SentenceEncoder) -> None:
    """Refuse a model that was made with another sentence encoder or for other tables."""
    for what, made_with, here in (
        ("sentence encoder", manifest["encoder"], encoder.id),
        ("table schema", manifest["schema"], schema_hash()),
    ):
        if made_with != here:
            raise UnavailableError(
                f"model {version} was made with the {what} {made_with}, here it is {here}: "
                "train again, or go back to what it was made with",
                got=here,
                expected=made_with,
            )


class EngineHolder:
    """Holds the engine of the active model and of the tables as they are now.

    Parameters
    ----------
    workspace : Workspace
    encoder : SentenceEncoder
    """

    def __init__(self, workspace: Workspace, encoder: SentenceEncoder) -> None:
        self.workspace = workspace
        self.encoder = encoder
        self.engine: Engine | None = None
        self._seen: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    def changed(self) -> bool:
        """Whether model or tables are others than those of `engine`: a look at two files."""
        return self._seen != self._state()

    def pool_version(self) -> str:
        """Return the version of the tables as they are now, whatever engine there is."""
        return self.workspace.pool_version

    def current(self) -> Engine:
        """Return the engine of what is there now, loading it when it changed."""
        with self._lock:
            state = self._state()
            if self.engine is None or self._seen != state:
                self.engine = Engine.load(self.workspace, self.encoder)
                self._seen = state
            return self.engine

    def _state(self) -> tuple[int, ...]:
        watched = (self.workspace.pointer, ModelRegistry(self.workspace).pointer)
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in watched)


BATCH_SCHEMA = pl.Schema(
    {
        "need_id": pl.String,
        "rank": pl.Int64,
        "enterprise_id": pl.String,
        "score": pl.Float64,
        "reasons": pl.String,
    }
)
_OF_A_NEED = ("rank", "score", "raw_score", "node", "reasons")
