"""Fitting a ranker: tables → interactions → features → factors → weights, and what was held out."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.chains import ChainMap
from features.errors import InputError
from features.need import NeedQuery
from features.space import FeatureSpace
from models.blend import Blend, content_share, standardise, unit_spread
from models.head import NeedHeads
from models.hybrid import LightFMHybrid
from models.ranker import ContentScorer, Ranker, content_factors
from training.interactions import interactions
from training.metrics import MIN_RELEVANT
from training.splits import half_pairs, need_folds
from training.weights import Case, learn_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.encoder import EncodingStore
    from features.progress import Steps
    from training.interactions import Interactions

FOLDS = 5
MIN_PAIRS = 50
"""With fewer pairs known LightFM would learn noise, and stays silent."""

CONTENT_PRIOR = {
    "text_similarity": 1.0,
    "topic_similarity": 1.0,
    "meaning_similarity": 1.0,
    "name_similarity": 0.3,
    "product_similarity": 0.5,
    "node_match": 2.5,
    "industry_code": 0.5,
    "proximity": 0.0,
}
COLD_PRIOR = (1.0, 0.6, 0.2)
WARM_PRIOR = (1.0, 1.0, 0.3)
"""Weights where too few judgements are there to learn them: content, feedback, LightFM for a cold
need; content with feedback, head, LightFM for a warm one. Measured on held-out industries."""

PRIOR_OFFSETS = (-3.5, -4.5)


@dataclass(frozen=True)
class TrainingData:
    """What a workspace holds, as training reads it."""

    enterprises: pl.DataFrame
    zones: pl.DataFrame
    needs: pl.DataFrame
    judgements: pl.DataFrame
    events: pl.DataFrame
    chains: pl.DataFrame


@dataclass(frozen=True)
class Fitted:
    """A fitted ranker with the held-out cases that its weights were learnt and judged on.

    The parts of a cold case are the content factors, feedback and LightFM; those of a warm case
    content with feedback, the head and LightFM.
    """

    ranker: Ranker
    interactions: Interactions
    cold_cases: list[Case]
    warm_cases: list[Case]


def prior(*, warm: bool) -> NDArray[np.float64]:
    """Return the prior weights of the parts of a case."""
    if warm:
        return np.array(WARM_PRIOR)
    return np.array([*CONTENT_PRIOR.values(), *COLD_PRIOR[1:]])


def fit(
    data: TrainingData,
    store: EncodingStore,
    *,
    today: date,
    seed: int = 0,
    progress: Steps = lambda *_: None,
) -> Fitted:
    """Fit space, factors and weights on everything the data hold.

    Parameters
    ----------
    data : TrainingData
    store : EncodingStore
    today : date
        What the ages of enterprises are counted to.
    seed : int
        The same data and seed give the same ranker, bit by bit.
    progress : callable
        Told (step, done, of).

    Raises
    ------
    InputError
        When there is no enterprise to rank.
    """
    if data.enterprises.is_empty():
        raise InputError(
            "there is nothing to train on: the workspace holds no enterprise",
            field="enterprises",
            got=0,
            expected="at least one, see: lianzhao import enterprises PATH",
        )
    # Factorisations are many small steps: with other work on the machine, threads that wait for
    # each other made them several times slower, and they gain little without.
    threadpool_limits(1, user_api="blas")
    progress("read profiles", 0, 1)
    space = FeatureSpace(store, ChainMap.from_frame(data.chains), seed=seed).fit(
        data.enterprises, today=today, progress=lambda *done: progress("encode texts", *done)
    )
    pool = space.pool(data.enterprises)
    zones = {row["zone_id"]: row for row in data.zones.iter_rows(named=True)}
    queries, needs = [], []
    for row in data.needs.iter_rows(named=True):
        query = NeedQuery.from_row(row)
        with suppress(InputError):  # a need of which no profile says a word teaches nothing
            needs.append(space.need(query, zones.get(query.zone_id or ""), keep=True))
            queries.append(query)
    known = interactions(
        data.judgements, data.events, [str(query.need_id) for query in queries], pool.ids
    )
    progress("read profiles", 1, 1)

    trials = Trials(needs, pool, known, seed)
    if known.gains.nnz:
        from training.baselines import character_tfidf  # scikit-learn is slow to import

        baseline = character_tfidf(
            data.enterprises.sort("enterprise_id"), [query.industry for query in queries]
        )
        trials.listen(baseline, progress)
    cold = list(trials.cold(progress))
    warm = list(trials.warm(progress))
    progress("weigh factors", 0, 1)
    cold_weights, warm_weights = (
        learn_weights(cases, prior(warm=at == 1)) for at, cases in enumerate((cold, warm))
    )
    size = len(CONTENT_PRIOR)
    blend = Blend(
        names=tuple(factor.name for factor in content_factors()),
        content=cold_weights[:size],
        cold=np.array([1.0, *cold_weights[size:]]),
        warm=warm_weights,
        offsets=(
            _offset(cold, cold_weights, PRIOR_OFFSETS[0]),
            _offset(warm, warm_weights, PRIOR_OFFSETS[1]),
        ),
    )
    progress("weigh factors", 1, 1)
    hybrid, heads = trials.learn(known.gains)
    return Fitted(Ranker(space, blend, hybrid, heads), known, cold, warm)


class Trials:
    """Fits the factors that learn on a part of what is known, and asks them about the rest."""

    def __init__(
        self,
        needs: Sequence[NeedFeatures],
        pool: PoolFeatures,
        known: Interactions,
        seed: int,
    ) -> None:
        self.needs = needs
        self.pool = pool
        self.known = known
        self.seed = seed

    def learn(self, gains: sparse.csr_array) -> tuple[LightFMHybrid, NeedHeads]:
        """Fit LightFM and heads; they stay silent where there is nothing to learn from."""
        hybrid, heads = LightFMHybrid(seed=self.seed), NeedHeads()
        if gains.nnz >= MIN_PAIRS:
            hybrid.fit(self.needs, self.pool, gains, self.known.with_events)
        if gains.nnz:
            heads.fit(self.needs, self.pool, gains)
        return hybrid, heads

    def _learn_each(
        self, parts: Sequence[sparse.csr_array]
    ) -> Iterator[tuple[LightFMHybrid, NeedHeads]]:
        """Learn from each part for itself, several at once: LightFM does not hold the lock."""
        with ThreadPoolExecutor(min(FOLDS, os.cpu_count() or 1)) as workers:
            yield from workers.map(self.learn, parts)

    def listen(self, baseline: NDArray[np.float32], progress: Steps) -> None:
        """Score all needs that can be held out by what learns nothing, and by the baseline."""
        self._baseline = baseline
        self._content: dict[int, NDArray[np.float32]] = {}
        scorer = ContentScorer(self.pool)
        weights = np.array(list(CONTENT_PRIOR.values()))
        rows = np.flatnonzero(np.diff(self.known.relevant.indptr) >= MIN_RELEVANT)
        for done, row in enumerate(rows.tolist(), start=1):
            progress("content of needs", done, len(rows))
            z = np.zeros((len(weights) + 1, len(self.pool)))
            for at, scores in enumerate(scorer.scores(self.needs[row])):
                if scores is not None:
                    z[at] = standardise(scores)
            base = weights @ z[:-1]
            spread = base.std() or 1.0
            z[:-1] /= spread
            z[-1] = standardise(scorer.feedback(base / spread))
            self._content[row] = z.astype(np.float32)

    def cold(self, progress: Steps) -> Iterable[Case]:
        """Hold out needs: nothing is learnt for them, and no candidate was chosen elsewhere."""
        folds = need_folds(self.known.relevant, FOLDS, self.seed)
        remaining = []
        for fold in folds:
            kept = np.ones(len(self.needs), dtype=bool)
            kept[fold] = False
            gains = sparse.csr_array(self.known.gains.multiply(kept[:, None]))
            gains.eliminate_zeros()
            remaining.append(gains)
        for number, (hybrid, _) in enumerate(self._learn_each(remaining)):
            progress("held-out needs", number + 1, len(folds))
            fold, gains = folds[number], remaining[number]
            prepared = hybrid.prepare(self.pool)
            for row in fold.tolist():
                spoken = _z(hybrid.score(self.needs[row], prepared), self.pool)
                yield from self._case(row, number, np.vstack([self._content[row], spoken]), gains)

    def warm(self, progress: Steps) -> Iterable[Case]:
        """Hold out half of every need's enterprises: heads are fitted on the other half."""
        weights = prior(warm=False)[:-1]
        halves = half_pairs(self.known.relevant, self.seed)
        remaining = []
        for held in halves:
            gains = sparse.csr_array(self.known.gains - self.known.gains.multiply(held))
            gains.eliminate_zeros()
            remaining.append(gains)
        for number, (hybrid, heads) in enumerate(self._learn_each(remaining)):
            progress("held-out enterprises", number + 1, len(halves))
            held, gains = halves[number], remaining[number]
            prepared, rows = hybrid.prepare(self.pool), heads.prepare(self.pool)
            for row in np.flatnonzero(np.diff(held.indptr) >= MIN_RELEVANT).tolist():
                need = self.needs[row]
                share = content_share(len(heads.chosen(need.need_id)))
                content = unit_spread((weights @ self._content[row])[None, :])
                parts = [
                    share * content,
                    _z(heads.score(need, rows), self.pool),
                    _z(hybrid.score(need, prepared), self.pool),
                ]
                yield from self._case(row, number, np.vstack(parts), gains)

    def _case(
        self, row: int, fold: int, parts: NDArray[np.float64], gains: sparse.csr_array
    ) -> Iterable[Case]:
        """Yield the case over enterprises that nothing was learnt about, if it can be judged."""
        candidates = np.ones(len(self.pool), dtype=bool)
        candidates[gains.indices] = False
        relevant = self.known.relevant
        wanted = np.zeros(len(self.pool), dtype=bool)
        wanted[relevant.indices[relevant.indptr[row] : relevant.indptr[row + 1]]] = True
        if (wanted & candidates).sum() >= MIN_RELEVANT:
            yield Case(
                row,
                fold,
                parts[:, candidates].astype(np.float64),
                self._baseline[row, candidates].astype(np.float64),
                wanted[candidates],
            )


def _z(scores: NDArray[np.float32] | None, pool: PoolFeatures) -> NDArray[np.float64]:
    return np.zeros(len(pool)) if scores is None else standardise(scores)


def _offset(cases: Sequence[Case], weights: NDArray[np.float64], prior: float) -> float:
    """Return minus the median raw score of the relevant held-out enterprises."""
    if not cases:
        return prior
    return -float(np.median(np.concatenate([weights @ c.parts[:, c.relevant] for c in cases])))
