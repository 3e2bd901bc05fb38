"""Fitting a ranker: tables → interactions → features → factors → weights, and what was held out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.errors import InputError
from features.industry.chains import ChainMap
from features.need import NeedQuery
from features.presence import Presence
from features.residents import Residents
from features.space.space import FeatureSpace
from models.scoring.blend import Blend
from models.scoring.ranker import Ranker
from models.scoring.scorer import content_factors
from models.settings import DEFAULTS, ModelSettings
from training.interactions import interactions
from training.outcomes import credible
from training.priors import CONTENT_PRIOR, prior
from training.reliability import calibrate
from training.trials import Labels, ScoredCases, Trials
from training.weights import learn_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from features.encoder import EncodingStore
    from features.progress import Steps
    from features.space.arrays import NeedFeatures, PoolFeatures
    from training.cases import ScoredCase
    from training.data import TrainingData
    from training.interactions import Interactions

MIN_TIME_CASES = 30
"""With at least this many cases of later deals, weights are learnt on these rather than on
folds."""


@dataclass(frozen=True)
class Fitted:
    """A fitted ranker, with the held-out cases that its weights were learnt and evaluated on.

    `calibrated` describes its calibration, for the manifest.
    `pool` holds the features of the enterprises it was fitted on.
    """

    ranker: Ranker
    pool: PoolFeatures
    interactions: Interactions
    cold_cases: list[ScoredCase]
    warm_cases: list[ScoredCase]
    time_cases: ScoredCases
    calibrated: dict[str, Any]
    settings: ModelSettings = DEFAULTS


def fit(
    data: TrainingData,
    store: EncodingStore,
    *,
    today: date,
    seed: int = 0,
    settings: ModelSettings = DEFAULTS,
    progress: Steps = lambda *_: None,
    prepared: tuple[FeatureSpace, PoolFeatures] | None = None,
) -> Fitted:
    """Fit feature space, factors and weights on all data.

    Parameters
    ----------
    data : TrainingData
    store : EncodingStore
    today : date
        The day at which ages are computed.
    seed : int
        The same data, settings and seed give the same ranker, bit for bit.
    settings : ModelSettings
    progress : callable
        Called with (step, done, of).
    prepared : tuple of FeatureSpace and PoolFeatures, optional
        Fitted before on the same enterprises, chain map, day and seed; by default fitted here.

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
    # Factorisations consist of many small steps: with other load on the machine, BLAS threads
    # waiting for each other made them several times slower, and gain little otherwise.
    threadpool_limits(1, user_api="blas")
    progress("read profiles", 0, 1)
    events, notes = credible(data.events, data.enterprises, as_of=today)
    space, pool = prepared or _fit_space(data, store, today, seed, settings, progress)
    needs = _Needs(data, space, pool, events)
    known = interactions(data.judgements, events, needs.ids, pool.ids, as_of=today)
    known = replace(known, notes=(*notes, *known.notes))
    progress("read profiles", 1, 1)

    trials = Trials(
        needs.features,
        pool,
        Labels(data.judgements, events, known),
        _baseline(data, needs.queries, known),
        as_of=today,
        seed=seed,
        progress=progress,
        settings=settings,
        ranks=space.ranks_,
        needs_before=needs.before,
    )
    folds = trials.folds() if known.gains.nnz else ScoredCases([], [])
    time = trials.time()
    progress("weigh factors", 0, 1)
    weights = _Weights(folds, time, settings.weights.prior_needs)
    blend = weights.blend()
    progress("weigh factors", 1, 1)

    calibration, calibrated = calibrate(trials, weights.blend)
    learnt = trials.learn(known.gains, events, today)
    ranker = Ranker(space, blend, learnt.hybrid, learnt.heads, learnt.history, calibration)
    return Fitted(ranker, pool, known, folds.cold, folds.warm, time, calibrated, settings)


def _fit_space(
    data: TrainingData,
    store: EncodingStore,
    today: date,
    seed: int,
    settings: ModelSettings,
    progress: Steps,
) -> tuple[FeatureSpace, PoolFeatures]:
    """Fit the feature space on the enterprises, and return it with their features."""
    space = FeatureSpace(
        store,
        ChainMap.from_frame(data.chains),
        input_output=data.input_output,
        own_words=data.words,
        topics=settings.space.topics,
        seed=seed,
    )
    encoding = partial(progress, "encode texts")
    return space, space.fit_pool(data.enterprises, today=today, progress=encoding)


class _Needs:
    """The needs of the data that share a word with a profile, with their features.

    Attributes
    ----------
    queries : list of m NeedQuery
    features : list of m NeedFeatures
    """

    def __init__(
        self, data: TrainingData, space: FeatureSpace, pool: PoolFeatures, events: pl.DataFrame
    ) -> None:
        self._events = events
        self._presence = partial(
            Presence,
            space,
            pool,
            Residents.of(data.enterprises),
            zones=data.zones,
            needs=data.needs,
        )
        presence = self._presence(events=events)
        zones = {row["zone_id"]: row for row in data.zones.iter_rows(named=True)}
        self.queries: list[NeedQuery] = []
        self.features: list[NeedFeatures] = []
        for row in data.needs.iter_rows(named=True):
            query = NeedQuery.from_row(row)
            # Enterprises that a need's own events brought to its zone must not count for the need
            # in its trials.
            present = presence.of(query.zone_id, apart_from=query.need_id)
            with suppress(InputError):  # it shares no word with any profile
                zone = zones.get(query.zone_id or "")
                self.features.append(space.need(query, zone, present=present, keep=True))
                self.queries.append(query)

    @property
    def ids(self) -> list[str]:
        """The need_ids."""
        return [str(query.need_id) for query in self.queries]

    def before(self, day: date) -> list[NeedFeatures]:
        """Return the features with the zones' enterprises of before a day."""
        then = self._presence(events=self._events.filter(pl.col("date") < day))
        return [
            replace(need, present=then.of(query.zone_id, apart_from=query.need_id))
            for query, need in zip(self.queries, self.features, strict=True)
        ]


class _Weights:
    """Learns the weights of the blend on held-out cases: later deals, if there are enough.

    Parameters
    ----------
    folds, time : ScoredCases
    holding : float
        The number of needs that the prior weights count as.
    """

    def __init__(self, folds: ScoredCases, time: ScoredCases, holding: float) -> None:
        self._cold = time.cold if len(time.cold) >= MIN_TIME_CASES else folds.cold
        self._warm = time.warm if len(time.warm) >= MIN_TIME_CASES else folds.warm
        # In random folds enterprises with deals are not candidates, so that the weight of deals
        # cannot be learnt.
        self._history = len(time.cold) + len(time.warm) >= MIN_TIME_CASES
        self._holding = holding

    def blend(self, without: NDArray[np.intp] | None = None) -> Blend:
        """Return the blend learnt without the cases of some needs, given by their rows."""
        cold, warm = self._cold, self._warm
        if without is not None:
            cold, warm = (
                [case for case in cases if case.need not in without] for cases in (cold, warm)
            )
        return _blend(cold, warm, history=self._history, holding=self._holding)


def _baseline(
    data: TrainingData, queries: Sequence[NeedQuery], known: Interactions
) -> NDArray[np.float32]:
    """Return character TF-IDF scores for every need; zeros if there are no labels."""
    if not known.gains.nnz:
        return np.zeros(known.gains.shape, dtype=np.float32)
    from training.peers.search import character_tfidf  # scikit-learn is slow to import

    ordered = data.enterprises.sort("enterprise_id")
    return character_tfidf(ordered, [query.industry for query in queries])


def _blend(
    cold: Sequence[ScoredCase],
    warm: Sequence[ScoredCase],
    *,
    history: bool,
    holding: float,
) -> Blend:
    """Learn the weights for cold and for warm needs, each from their own cases.

    `history` says whether the history of deals may count: with too few later deals to judge it by,
    its weight elsewhere does not apply to this workspace. `holding` is the number of needs that the
    prior weights count as.
    """
    cold_weights = learn_weights(cold, prior(warm=False, history=history), holding)
    warm_weights = learn_weights(warm, prior(warm=True, history=history), holding)
    size = len(CONTENT_PRIOR)
    return Blend(
        names=tuple(factor.name for factor in content_factors()),
        content=cold_weights[:size],
        cold=np.array([_strength(cold, cold_weights[:size]), *cold_weights[size:]]),
        warm=warm_weights,
    )


def _strength(cases: Sequence[ScoredCase], content: NDArray[np.float64]) -> float:
    """Return the mean spread of content's sum with learnt weights, relative to the prior's.

    The blend scales content's sum to unit spread per need, and the cases do so with the prior's
    weights; without this factor the learnt weight of content relative to the other parts would be
    lost.
    """
    size = len(content)
    before = np.array([(prior(warm=False)[:size] @ case.parts[:size]).std() for case in cases])
    after = np.array([(content @ case.parts[:size]).std() for case in cases])
    stated = before > 0
    return float((after[stated] / before[stated]).mean()) if stated.any() else 1.0
