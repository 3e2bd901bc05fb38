"""The engine: from a need to a page of leads. Mask → score → order → explain."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.errors import InputError, UnavailableError
from features.nodes import NamedNodes, named_bits
from features.ordered import found_in
from features.presence import Presence
from features.profile import confidence, known_of_zone
from models import loading, prepared
from models.artifact import NotWrittenError
from models.fit import SHIPPED, fit_evidence, score_of
from models.ranker import order
from models.registry import ModelRegistry
from service.cache.local import LocalCache
from service.serving.chances import chance
from service.serving.directory import Directory, brief
from service.serving.masks import Masks
from service.serving.meaning import fit_note, understood_told
from service.serving.neighbours import stage_told
from service.serving.reasons import (
    SEPARATORS,
    chosen_rows,
    find_evidence,
    node_of,
    reasons,
    summary,
)
from service.serving.survey import Survey
from service.serving.word_model import NoWords
from service.threads import check_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from features.encoder import SentenceEncoder
    from features.need import NeedQuery
    from features.progress import Count
    from features.snapshot import Snapshot
    from features.workspace import Workspace
    from models.prepared import Prepared
    from service.serving.filters import Filters
    from service.serving.interfaces import Document, Language
    from service.serving.reasons import Evidence
    from service.serving.word_model import WordSource

log = logging.getLogger(__name__)

_NEEDS_BYTES = 32 * 2**20
"""What the needs that were understood last may take."""
_CHOSEN_BYTES = 4 * 2**20
NO_WORDS = NoWords()
_ENTRY_BYTES = 500


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
        The versions of all that was prepared.
    own_words : DataFrame, optional
        The table words, where it may be another than the ranker was read with.
    words : WordSource
        A language model, whose words come before those of the thesaurus.
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
    ) -> None:
        bound, residents = prepared.bound, prepared.residents
        space = bound.ranker.space
        self.space = space if own_words is None else space.with_words(own_words)
        who = residents.closed, residents.repeated
        super().__init__(prepared.profiles, *who, tables, space.chain_map)
        self.prepared = prepared
        self.bound = bound
        self.made_of = made_of
        self.words = words
        self._two_stage = prepared.two_stage
        self._presence = Presence(space, bound.pool, residents, **tables)
        self.model_version = model_version
        self.pool_version = pool_version
        self.pool_date = pool_date
        self._chosen: LocalCache[NDArray[np.intp]] = LocalCache(_CHOSEN_BYTES)
        self._understood: LocalCache[NeedFeatures] = LocalCache(_NEEDS_BYTES)
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        workspace: Workspace,
        encoder: SentenceEncoder,
        progress: Count | None = None,
        *,
        former: Engine | None = None,
        version: str | None = None,
        words: WordSource = NO_WORDS,
    ) -> Engine:
        """Load a version, by default the active one, and bind it to the tables as they are now.

        What `former` holds is taken over where it is still the same: a new event or need costs
        milliseconds, not a new reading of all profiles.

        Raises
        ------
        NoModelError
            When no version is active yet.
        NotFoundError
            When there is no such version.
        LostModelError
            When the active one is gone.
        UnfitModelError
            When it was made with another sentence encoder, for other tables or in another way.
        DamagedError
            When a file of the model or of the tables was altered.
        """
        registry = ModelRegistry(workspace)
        name = registry.active() if version is None else version
        if name is None:
            raise NoModelError(
                "no model is active yet: run `lianzhao train` first",
                expected="an active model version",
            )

        def read(snapshot: Snapshot) -> Engine:
            made_of = (name, *prepared.versions(snapshot))
            if former is not None and former.made_of == made_of:
                ready = former.prepared  # be the version's folder still there or not
            else:
                folder = registry.folder_of(name) if version is None else registry.path(name)
                ready = _prepare(folder, snapshot, encoder, progress)
            return cls.of(snapshot, ready, model_version=name, made_of=made_of, words=words)

        return workspace.reading(read)

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        ready: Prepared,
        *,
        model_version: str,
        made_of: tuple[str, ...],
        pool_version: str | None = None,
        pool_date: str | None = None,
        words: WordSource = NO_WORDS,
    ) -> Engine:
        """Return an engine on zones, needs and events of a snapshot, and what was prepared.

        Where that was prepared for other enterprises, `pool_version` and `pool_date` say so.
        """
        return cls(
            ready,
            {name: snapshot.read(name) for name in ("zones", "needs", "events")},
            model_version=model_version,
            pool_version=pool_version or snapshot.pool_version,
            pool_date=pool_date or snapshot.pool_date,
            made_of=made_of,
            own_words=snapshot.read("words"),
            words=words,
        )

    def touch(self) -> None:
        """Have ready what first requests would wait for: files of the disk, and the thesaurus."""
        self.space.thesaurus.open()
        self.prepared.touch()

    def rest(self) -> None:
        """Let go of what answering faster takes: another engine answers from now on, mostly."""
        with self._lock:
            self._understood.clear()
            self._chosen.clear()
        self.__dict__.pop("_masks", None)

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
        """Return a page of leads: ranked, explained, with what was left out as unknown.

        Counts of deals tell of events in all zones: `deals` says whether the caller may see them.
        """
        for node_id in filters.node:
            self.chain_map.node(node_id)  # a NotFoundError tells of a mistyped one
        features = self._understand(need)
        rows, unknown = self._masks.of(filters)
        rows, left_out = self._new_leads(need, rows, filters.include)
        ranked, parts = self._ranked(features, rows, offset, offset + limit)
        fits = self._fits(features, ranked)
        return {
            "need": self._told(need),
            "understood": understood_told(features.understood, language),
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "pool_date": self.pool_date,
            "total": len(rows),
            "limit": limit,
            "offset": offset,
            "unknown": unknown,
            "left_out": left_out,
            "fit_note": fit_note(features.understood, fits, language),
            "leads": [
                self._lead(
                    need,
                    features,
                    own,
                    int(row),
                    offset + place,
                    language,
                    deals=deals,
                )
                | {"fit": fits[place - 1]}
                for place, (row, own) in enumerate(zip(ranked, parts.T, strict=True), start=1)
            ],
        }

    def _new_leads(
        self, need: NeedQuery, rows: NDArray[np.intp], include: Sequence[str]
    ) -> tuple[NDArray[np.intp], dict[str, int]]:
        """Leave out who signed with the need's zone, and who is seated in its city; count both."""
        gone = {
            "signed": self._rows_of(self._presence.signed(need)),
            "local": np.array(sorted(self._presence.seats(need.zone_id)), dtype=np.intp),
        }
        left_out = {}
        for name, own in gone.items():
            if name not in include:
                kept = np.setdiff1d(rows, own, assume_unique=True)
                if len(kept) < len(rows):
                    left_out[name] = len(rows) - len(kept)
                rows = kept
        return rows, left_out

    def _rows_of(self, enterprise_ids: Sequence[str]) -> NDArray[np.intp]:
        return np.unique(found_in(self.bound.pool.ids, np.array(enterprise_ids, dtype=np.str_))[0])

    def _fits(self, features: NeedFeatures, rows: NDArray[np.intp]) -> list[str]:
        """Return whether each of these enterprises answers the need: strong, partial or weak.

        To a need that names no product nobody is known to answer.
        """
        if features.understood.notes:
            return ["weak"] * len(rows)
        evidence = fit_evidence(features, self.bound.pool, rows)
        return SHIPPED.levels(SHIPPED.probabilities(evidence))

    def lead(
        self, need: NeedQuery, enterprise_id: str, language: Language, *, deals: bool = True
    ) -> Document:
        """Return one enterprise as a lead for a need, with its rank (NotFoundError)."""
        at, features = self._at(enterprise_id), self._understand(need)
        rows, _ = self._new_leads(need, np.flatnonzero(self._listed), ())
        rank, own = self._place(features, at, rows)
        lead = self._lead(need, features, own, at, rank, language, deals=deals)
        (fit,) = self._fits(features, np.array([at]))
        return {"need": self._told(need), "lead": lead | {"fit": fit}}

    def candidates(self, need: NeedQuery, filters: Filters, limit: int) -> Document:
        """Return the first leads in short, without reasons: for a map and for counts."""
        features = self._understand(need)
        rows, _ = self._masks.of(filters)
        rows, _ = self._new_leads(need, rows, filters.include)
        ranked, parts = self._ranked(features, rows, 0, limit)
        found = self._survey.candidates(features, ranked, parts.sum(axis=0))
        fits = self._fits(features, ranked)
        point = None if np.isnan(features.point).any() else list(features.point)
        return {
            "need": self._told(need),
            "point": point,
            "total": len(rows),
            "candidates": [one | {"fit": fit} for one, fit in zip(found, fits, strict=True)],
        }

    def presence(self, chain_id: str, zone_ids: Sequence[str]) -> Document:
        """Return what these zones together have of a chain (NotFoundError)."""
        zones = [here for id_ in zone_ids if (here := self._presence.of(id_)) is not None]
        return self._survey.chain(chain_id, zones)

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
            In the columns of `BATCH_SCHEMA`; reasons are null beyond `explained`.
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
            ranked, parts = self._ranked(features, rows, 0, k)
            told: list[str | None] = [None] * len(ranked)
            for at, row in enumerate(ranked[:explained]):
                evidence = self._evidence(features, int(row))
                said = reasons(self.bound, parts[:, at], evidence, language)
                told[at] = summary(said, SEPARATORS[language])
            frames.append(
                pl.DataFrame(
                    {
                        "need_id": need.need_id,
                        "rank": np.arange(1, len(ranked) + 1),
                        "enterprise_id": self.bound.pool.ids[ranked].tolist(),
                        "score": score_of(parts.sum(axis=0)),
                        "reasons": told,
                        **self._described(features, ranked, language),
                    },
                    schema=BATCH_SCHEMA,
                )
            )
            if progress is not None:
                progress(number, len(needs))
        return pl.concat(frames) if frames else pl.DataFrame(schema=BATCH_SCHEMA)

    def _described(
        self, features: NeedFeatures, rows: NDArray[np.intp], language: Language
    ) -> dict[str, Any]:
        """Return what a row of a batch says beside its score."""
        profiles = [self._profiles.row(int(row)) for row in rows]
        pool, chain_map = self.bound.pool, self.bound.ranker.space.chain_map
        nodes = [node_of(pool, chain_map, features, int(row)) for row in rows]
        return {
            **{name: [profile[name] for profile in profiles] for name in _DESCRIBED},
            "node": [
                node and (node.name if language == "zh" else node.name_en or node.name)
                for node in nodes
            ],
            "fit": self._fits(features, rows) if len(rows) else [],
            "model_version": self.model_version,
            "pool_version": self.pool_version,
        }

    def contributions(self, need: NeedQuery) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return each factor's part of the raw scores, shape (factors, n), and who can be listed.

        In the order of the pool; the raw scores that a list goes by are the sums over the factors.
        """
        return self.bound.contributions(self._understand(need)), self._listed

    def within(self, enterprise_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows of the pool are among the given ids."""
        ids, found = self.bound.pool.ids, np.zeros(len(self.bound.pool), dtype=np.bool_)
        found[found_in(ids, np.array(list(enterprise_ids), dtype=np.str_))[0]] = True
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

        Those of `zones` alone where the caller may not see all; then without counts of deals.
        """
        at = self._at(enterprise_id)
        found = []
        for need in self._needs.values():
            if zones is not None and need.zone_id not in zones:
                continue
            check_wanted()
            try:
                features = self._understand(need)
            except InputError:  # no profile says a word of it, nor does this one
                continue
            rank, own = self._place(features, at)
            found.append((rank, -float(own.sum()), need, features, own))
        found.sort(key=lambda case: (case[0], case[1], case[2].need_id))
        suited = []
        for rank, _, need, features, own in found[:limit]:
            lead = self._lead(need, features, own, at, rank, language, deals=zones is None)
            suited.append({"need": self._told(need)} | {k: lead[k] for k in _OF_A_NEED})
        return {
            "enterprise": brief(self._profiles.row(at)),
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "total": len(found),
            "limit": limit,
            "needs": suited,
        }

    @cached_property
    def _named(self) -> NamedNodes:
        """Who stands in which node: in those stated, and in those its products fit."""
        if self._two_stage is not None:
            return self._two_stage.named
        nodes = self.bound.pool.nodes
        return NamedNodes(nodes.node_ids, named_bits(nodes.fit), len(self.bound.pool))

    @cached_property
    def _survey(self) -> Survey:
        pool, prepared = self.bound.pool, self.prepared
        listed, chain_map = self._listed, self.chain_map
        return Survey(pool, prepared.profiles, prepared.residents, self._named, listed, chain_map)

    @cached_property
    def _masks(self) -> Masks:
        as_of = date.fromisoformat(self.pool_date) if self.pool_date else None
        columns = self._profiles.columns
        return Masks(columns, among=self._listed, named=self._named, as_of=as_of)

    def _ranked(
        self, features: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return those of `rows` at ranks `start` to `stop`, and their contributions."""
        if self._two_stage is not None:
            return self._two_stage.ranked(features, rows, start, stop)
        parts = self.bound.contributions(features)
        ranked = order(parts.sum(axis=0), rows, stop)[start:]
        return ranked, parts[:, ranked]

    def _place(
        self, features: NeedFeatures, row: int, among: NDArray[np.intp] | None = None
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank of a row among others, by default those listed; its contributions."""
        rows = np.flatnonzero(self._listed) if among is None else among
        if self._two_stage is not None:
            return self._two_stage.place(features, row, rows)
        parts = self.bound.contributions(features)
        raw = parts.sum(axis=0)
        before = (raw > raw[row]) | ((raw == raw[row]) & (np.arange(len(raw)) < row))
        return 1 + int(before[rows].sum()), parts[:, row].copy()

    def _understand(self, need: NeedQuery) -> NeedFeatures:
        """Return the features of a need; those of the last ones asked for are kept."""
        given = None if need.words else self.words.known(need.industry)
        with self._lock:  # the encoder is not made for several threads
            found = self._understood.get((need, given))
            if found is None:
                zone, present = self._zones.get(need.zone_id or ""), self._presence.of(need.zone_id)
                of_model = given.words if given else ()
                found = self.space.need(need, zone, present=present, words_of_model=of_model)
                if given and given.problem:
                    found = replace(
                        found, understood=replace(found.understood, unanswered=given.problem)
                    )
                self._understood.put((need, given), found, found.weight)
        return found

    def _evidence(self, need: NeedFeatures, row: int) -> Evidence:
        with self._lock:
            chosen = self._chosen.get(need.need_id)
            if chosen is None:
                chosen = chosen_rows(self.bound, need)
                self._chosen.put(need.need_id, chosen, chosen.nbytes + _ENTRY_BYTES)
        products = self._profiles.row(row)["products"] or ()
        made = frozenset(product["name"] for product in products)
        return find_evidence(self.bound, need, row, chosen, made)

    def _lead(
        self,
        need: NeedQuery,
        features: NeedFeatures,
        parts: NDArray[np.float64],
        row: int,
        rank: int,
        language: Language,
        *,
        deals: bool = True,
    ) -> Document:
        check_wanted()
        profile, raw = self._profiles.row(row), float(parts.sum())
        evidence = self._evidence(features, row)
        if not deals:
            evidence = replace(evidence, deals={})
        node = evidence.node if evidence.fits else None
        name = node and (node.name if language == "zh" else node.name_en or node.name)
        ranker = self.bound.ranker
        warm = len(ranker.heads.chosen(features.need_id)) > 0
        of_zone = known_of_zone(features, self.bound.pool, row) if need.zone_id else 1.0
        return {
            "rank": rank,
            "enterprise": brief(profile),
            "score": float(score_of(np.array(raw))),
            "raw_score": raw,
            "confidence": confidence(profile, of_zone),
            **chance(ranker.calibration, raw, warm=warm, language=language),
            "node": {"node_id": node.node_id, "name": name} if node else None,
            "stage": self._stage(need, profile["enterprise_id"], language),
            "seat": self._presence.seats(need.zone_id).get(row),
            "reasons": reasons(self.bound, parts, evidence, language),
        }

    def _stage(self, need: NeedQuery, enterprise_id: str, language: Language) -> Document | None:
        """Return how far the enterprise has come with the zone, None where nothing is known."""
        last = self._presence.last_event(need, enterprise_id)
        return last and {
            "stage": last.stage,
            "name": stage_told(last.stage, chinese=language == "zh"),
            "date": last.date.isoformat(),
            "need_id": last.need_id,
        }


def _prepare(
    folder: Path, snapshot: Snapshot, encoder: SentenceEncoder, progress: Count | None
) -> Prepared:
    """Return a version, prepared for a snapshot: from memory where the disk has no room."""
    # Scoring is many small products: threads cost more there than they give.
    threadpool_limits(1, user_api="blas")
    read = partial(loading.load, folder, snapshot, encoder)
    try:
        return prepared.prepare(folder.name, read, snapshot, progress)
    except NotWrittenError as error:
        log.warning("leads are ranked from memory alone: %s", error.message)
        return prepared.in_memory(read(), snapshot.read("enterprises"), progress)


class NoModelError(UnavailableError):
    """Nothing was trained yet."""

    code = "no-model"


BATCH_SCHEMA = pl.Schema(
    {
        "need_id": pl.String,
        "rank": pl.Int64,
        "enterprise_id": pl.String,
        "score": pl.Float64,
        "reasons": pl.String,
        "name": pl.String,
        "short_name": pl.String,
        "province": pl.String,
        "city": pl.String,
        "node": pl.String,
        "fit": pl.String,
        "model_version": pl.String,
        "pool_version": pl.String,
    }
)
"""A batch: a row a lead."""
_DESCRIBED = ("name", "short_name", "province", "city")
_OF_A_NEED = ("rank", "score", "raw_score", "node", "stage", "reasons")
