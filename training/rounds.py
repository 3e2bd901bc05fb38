"""Rounds: a task with the label-free features that every ranker may use.

The feature space does not depend on judgements or events, so that rounds over the same enterprises,
chain map, day and seed share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from features.errors import InputError
from features.industry.chains import ChainMap
from features.need import NeedQuery
from features.space.space import FeatureSpace
from models.settings import DEFAULTS
from training.tasks import relevant_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from features.encoder import EncodingStore
    from features.progress import Steps
    from features.space.arrays import NeedFeatures, PoolFeatures
    from training.tasks import EvaluationQuestion, EvaluationTask


@dataclass(frozen=True)
class Round:
    """The data that a ranker is fitted on and evaluated on.

    Attributes
    ----------
    task : EvaluationTask
    space : FeatureSpace
        Fitted on the enterprises of the task.
    pool : PoolFeatures
        Features of these enterprises.
    store : EncodingStore
    seed : int
    progress : callable
        Called with (step, done, of).
    words : mapping
        By need_id, the words of a language model for needs.
    """

    task: EvaluationTask
    space: FeatureSpace
    pool: PoolFeatures
    store: EncodingStore
    seed: int
    progress: Steps
    words: Mapping[str, Sequence[str]]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The m remaining needs that share a word with a profile, as rows of their table."""
        rows = self.task.data.needs.iter_rows(named=True)
        return [row for row in rows if self._of_row(row) is not None]

    @cached_property
    def needs(self) -> list[NeedFeatures]:
        """The features of `rows`."""
        found = [self._of_row(row) for row in self.rows]
        return [need for need in found if need is not None]

    @cached_property
    def positives(self) -> sparse.csr_array:
        """The remaining relevant pairs, shape (m, n), each 1."""
        row_of = self._row_of
        pairs = relevant_pairs(self.task.data).filter(pl.col("need_id").is_in(list(row_of)))
        at = np.array([row_of[need_id] for need_id in pairs["need_id"]], dtype=np.intp)
        columns = np.searchsorted(self.task.ids, pairs["enterprise_id"].to_numpy().astype(np.str_))
        return sparse.csr_array(
            (np.ones(len(at), dtype=np.float32), (at, columns)),
            shape=(len(self.rows), len(self.task.ids)),
        )

    def own(self, need_id: str | None) -> NDArray[np.intp]:
        """Return the columns of the remaining relevant enterprises of a need."""
        at = self._row_of.get(need_id or "")
        if at is None:
            return np.empty(0, dtype=np.intp)
        starts = self.positives.indptr
        return np.asarray(self.positives.indices[starts[at] : starts[at + 1]], dtype=np.intp)

    def need(self, question: EvaluationQuestion) -> NeedFeatures:
        """Return the features of a question's need.

        Raises
        ------
        InputError
            When no profile shares a word with it.
        """
        found = self._features(question.query, question.zone)
        if found is None:
            raise InputError(f"nothing is known of the text {question.query.industry!r}")
        return found

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {row["need_id"]: at for at, row in enumerate(self.rows)}

    @cached_property
    def _zones(self) -> dict[str, dict[str, Any]]:
        return {row["zone_id"]: row for row in self.task.data.zones.iter_rows(named=True)}

    @cached_property
    def _known(self) -> dict[NeedQuery, NeedFeatures | None]:
        return {}

    def _of_row(self, row: Mapping[str, Any]) -> NeedFeatures | None:
        query = NeedQuery.from_row(row)
        return self._features(query, self._zones.get(query.zone_id or "", {}))

    def _features(self, query: NeedQuery, zone: Mapping[str, Any]) -> NeedFeatures | None:
        if query not in self._known:
            try:
                self._known[query] = self.space.need(
                    query,
                    zone or None,
                    keep=True,
                    words_of_model=self.words.get(query.need_id or ""),
                )
            except InputError:
                self._known[query] = None
        return self._known[query]


class Rounds:
    """Creates rounds, fitting a feature space only if the enterprises differ.

    Parameters
    ----------
    store : EncodingStore
    seed : int
    words : mapping, optional
        By need_id, the words of a language model for needs.
    topics : int, optional
        Dimensions of LSA, as the setting `space.topics`.
    """

    def __init__(
        self,
        store: EncodingStore,
        *,
        seed: int = 0,
        words: Mapping[str, Sequence[str]] | None = None,
        topics: int = DEFAULTS.space.topics,
    ) -> None:
        self.store = store
        self.seed = seed
        self.words = words or {}
        self.topics = topics
        self._last: tuple[pl.DataFrame, Any, FeatureSpace, PoolFeatures] | None = None

    def round(self, task: EvaluationTask, progress: Steps = lambda *_: None) -> Round:
        """Return the round of a task; `progress` is called with (step, done, of)."""
        frame = task.data.enterprises
        if self._last is None or self._last[1] != task.as_of or not self._last[0].equals(frame):
            chains = ChainMap.from_frame(task.data.chains)
            space = FeatureSpace(
                self.store,
                chains,
                input_output=task.data.input_output,
                own_words=task.data.words,
                topics=self.topics,
                seed=self.seed,
            )
            encoding = partial(progress, "encode texts")
            pool = space.fit_pool(frame, today=task.as_of, progress=encoding)
            self._last = (frame, task.as_of, space, pool)
        _, _, space, pool = self._last
        return Round(task, space, pool, self.store, self.seed, progress, self.words)
