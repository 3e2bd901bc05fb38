"""A synthetic city with planted preferences, to test whether the feedback loop learns them.

All data are synthetic and labelled so, in ids, names, notes and sources. The figures say nothing
about a real city; they show whether planted preferences are recovered.

Every pair has a utility, a weighted sum of standardised parts: content, proximity, size, supply
links with the zone, and a latent taste of the need for businesses like a hidden one. Every round
lists leads for some needs, contacts the first ones not contacted yet, and draws outcomes with
delay: some stall, some remain open, most sign or refuse, with a probability that increases with
utility. Then the ranker is refitted, and evaluated on enterprises not contacted yet, next to the
same ranker without feedback.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from scipy.stats import rankdata

from features.need import NeedQuery
from features.presence import Presence
from features.residents import Residents
from models.factors.proximity import Proximity
from models.factors.supply import SupplyLink
from models.scoring.scale import standardise
from training.fitting import fit
from training.metrics import MIN_RELEVANT, interval, ndcg
from training.synthetic_city import SYNTHETIC, frame, synthetic_city

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.encoder import EncodingStore
    from features.progress import Count
    from features.space.arrays import NeedFeatures
    from models.scoring.ranker import PoolRanker
    from training.data import TrainingData
    from training.fitting import Fitted

START = date(2020, 1, 1)
ROUND_DAYS = 91
_SEATED = 6


@dataclass(frozen=True)
class Preferences:
    """Planted preferences: weights of standardised parts.

    `noise` is the standard deviation of the unexplained part, `relevant` the number of enterprises
    of highest utility that are relevant for a need, `stalled` the share of leads that never close.
    """

    fit: float = 0.7
    distance: float = 1.0
    size: float = 0.3
    supply: float = 0.3
    taste: float = 1.5
    noise: float = 0.3
    relevant: int = 30
    stalled: float = 0.1


class Simulation(NamedTuple):
    """The result of a simulation.

    Attributes
    ----------
    curve : DataFrame
        seed, round, need_id, asked (whether leads were requested for the need), ranker
        (`with_feedback` or `without`), ndcg@10 over enterprises not contacted yet, correlation
        (Spearman's, of scores and planted utilities over all enterprises), closed and won so far.
    weights : DataFrame
        seed, round, factor, weight: the content factors' weights with feedback.
    calibration : dict
        The calibration of the last version of the first seed, see
        `training.reliability.calibrate`.
    preferences : dict
        The planted preferences.
    """

    curve: pl.DataFrame
    weights: pl.DataFrame
    calibration: dict[str, Any]
    preferences: dict[str, Any]


def simulate(
    store: EncodingStore,
    data: TrainingData | None = None,
    *,
    preferences: Preferences = Preferences(),
    rounds: int = 5,
    k: int = 6,
    seeds: Sequence[int] = (0, 1, 2),
    progress: Count = lambda *_: None,
) -> Simulation:
    """Run the loop of leads and outcomes and evaluate it on the planted preferences.

    Parameters
    ----------
    store : EncodingStore
    data : TrainingData, optional
        Enterprises, zones and needs to plant preferences in, without their judgements and events.
        By default an illustrative synthetic city.
    preferences : Preferences
    rounds : int
        Number of rounds; the curve has one more point, before the first.
    k : int
        Number of new leads contacted per need and round.
    seeds : sequence of int
        Seeds of independent tastes and outcomes.
    progress : callable
        Called with (fits done, fits).

    Examples
    --------
    In a notebook::

        from training import plots
        from training.simulator import gains, simulate

        found = simulate(EncodingStore(path, encoder), rounds=4, seeds=(0, 1))
        found.curve                            # the learning curve, need by need
        gains(found.curve)                     # with feedback minus without, paired over needs
        plots.learning_curve(found.curve)
        plots.reliability(found.calibration)   # None below 200 closed leads with 30 signed
    """
    whole = synthetic_city() if data is None else data
    curves, weights = [], []
    calibration: dict[str, Any] = {}
    for number, seed in enumerate(seeds):
        loop = _Loop(store, whole, preferences, seed)
        for at in range(rounds + 1):
            learnt = loop.first if at == 0 else loop.learn(at)
            curves.append(loop.judge(at, learnt))
            weights.append(_weights(seed, at, learnt))
            if number == 0:
                calibration = learnt.calibrated
            if at < rounds:
                loop.call(at, learnt, k)
            progress(number * (rounds + 1) + at + 1, len(seeds) * (rounds + 1))
    return Simulation(pl.concat(curves), pl.concat(weights), calibration, asdict(preferences))


def gains(curve: pl.DataFrame) -> pl.DataFrame:
    """Return the gains by feedback, paired over needs, each averaged over the seeds.

    Returns
    -------
    DataFrame
        round, asked, measure (ndcg@10 or correlation), mean, low, high, needs.
    """
    rows = []
    for (at, asked), part in curve.group_by("round", "asked", maintain_order=True):
        for measure in ("ndcg@10", "correlation"):
            each = part.pivot("ranker", index=["seed", "need_id"], values=measure)
            gap = each.group_by("need_id", maintain_order=True).agg(
                (pl.col("with_feedback") - pl.col("without")).mean().alias("gap")
            )
            values = gap["gap"].drop_nulls().to_numpy()
            if len(values):
                own = interval(values).to_dict()
                rows.append({"round": at, "asked": asked, "measure": measure, **own})
    return pl.DataFrame(rows)


class _Loop:
    """One city, its planted utilities, and the outcomes so far."""

    def __init__(
        self, store: EncodingStore, data: TrainingData, preferences: Preferences, seed: int
    ) -> None:
        self.store, self.preferences, self.seed = store, preferences, seed
        self.generator = np.random.default_rng(seed)
        pool = data.enterprises.sort("enterprise_id")
        self.data = replace(
            data,
            enterprises=pool,
            judgements=data.judgements.clear(),
            events=frame("events", self._seated(data)),
        )
        self.happened: list[dict[str, Any]] = []
        self.first = fit(self.data, store, today=START, seed=seed)
        self.rows = self.data.needs.sort("need_id").rows(named=True)
        self.asked = self.generator.permutation(len(self.rows)) < 2 * len(self.rows) // 3
        self.without = self._scores(self.first)
        self.utilities = self._plant()
        self.called = np.zeros(self.utilities.shape, dtype=bool)
        cut = np.sort(self.utilities, axis=1)[:, -preferences.relevant, None]
        self.relevant = self.utilities >= cut
        # At the threshold of relevance half of the leads sign.
        self.chances = 1 / (1 + np.exp(-2 * (self.utilities - cut)))

    def learn(self, at: int) -> Fitted:
        """Fit on the events up to a round."""
        today = START + timedelta(days=at * ROUND_DAYS)
        seen = [event for event in self.happened if event["date"] <= today]
        events = pl.concat([self.data.events, frame("events", seen)])
        return fit(replace(self.data, events=events), self.store, today=today, seed=self.seed)

    def call(self, at: int, learnt: Fitted, k: int) -> None:
        """Contact the first `k` leads of every requested need that were not contacted yet."""
        scores = self._scores(learnt)
        for need in np.flatnonzero(self.asked).tolist():
            open_ones = np.flatnonzero(~self.called[need])
            first = open_ones[np.argsort(-scores[need, open_ones], kind="stable")][:k]
            for column in first.tolist():
                self.called[need, column] = True
                self._follow(at, need, column)

    def judge(self, at: int, learnt: Fitted) -> pl.DataFrame:
        """Evaluate both rankers on enterprises not contacted yet."""
        closed = learnt.calibrated
        rows = []
        both = {"with_feedback": self._scores(learnt), "without": self.without}
        for name, scores in both.items():
            for need, row in enumerate(self.rows):
                left = ~self.called[need]
                own = self.relevant[need, left]
                ranked = own[np.argsort(-scores[need, left], kind="stable")]
                rows.append(
                    {
                        "seed": self.seed,
                        "round": at,
                        "need_id": row["need_id"],
                        "asked": bool(self.asked[need]),
                        "ranker": name,
                        "ndcg@10": ndcg(ranked) if own.sum() >= MIN_RELEVANT else None,
                        "correlation": _rank_correlation(scores[need], self.utilities[need]),
                        "closed": closed["closed"],
                        "won": closed["won"],
                    }
                )
        return pl.DataFrame(rows, schema_overrides={"ndcg@10": pl.Float64})

    def _seated(self, data: TrainingData) -> list[dict[str, Any]]:
        """Return events that put some enterprises into every zone, so that there are suppliers."""
        ids = data.enterprises["enterprise_id"].sort().to_list()
        return [
            {
                "event_id": f"synthetic-seat-{zone}-{at}",
                "enterprise_id": ids[int(self.generator.integers(len(ids)))],
                "zone_id": zone,
                "stage": "established",
                "date": START - timedelta(days=365),
                "note": SYNTHETIC,
                "source": SYNTHETIC,
            }
            for zone in data.zones["zone_id"].sort().to_list()
            for at in range(_SEATED)
        ]

    def _plant(self) -> NDArray[np.float64]:
        """Return the utilities, shape (m, n)."""
        wants = self.preferences
        bound, needs = self._bound(self.first)
        pool = bound.pool
        size = standardise(np.log1p(self.data.enterprises["employees"].cast(float).to_numpy()))
        proximity, supply = Proximity(), SupplyLink()
        near, links = proximity.prepare(pool), supply.prepare(pool)
        found = []
        for fits, need in zip(self.without, needs, strict=True):
            # The taste prefers businesses like one of the fifty best by content.
            liked = np.argsort(-fits, kind="stable")[:50][int(self.generator.integers(50))]
            taste = pool.content.dot(pool.content.rows(np.array([liked]))[0])
            parts = (
                (wants.fit, fits),
                (wants.distance, proximity.score(need, near)),
                (wants.supply, supply.score(need, links)),
                (wants.taste, taste),
            )
            own = wants.size * size
            for weight, values in parts:
                if values is not None:
                    own = own + weight * standardise(values)
            found.append(own + wants.noise * self.generator.normal(size=len(pool)))
        return np.array(found)

    def _follow(self, at: int, need: int, column: int) -> None:
        """Draw the outcome of a lead and its time."""
        called = START + timedelta(days=at * ROUND_DAYS)
        closes = called + timedelta(days=int(self.generator.integers(30, 2 * ROUND_DAYS)))
        won = self.generator.random() < self.chances[need, column]
        end = "signed" if won else ("declined", "lost")[int(self.generator.integers(2))]
        if self.generator.random() < self.preferences.stalled:
            end = "stalled"
        row = self.rows[need]
        id_ = self.data.enterprises["enterprise_id"][column]
        for stage, day in (("contacted", called), (end, closes)):
            self.happened.append(
                {
                    "event_id": f"synthetic-{row['need_id']}-{id_}-{stage}",
                    "need_id": row["need_id"],
                    "enterprise_id": id_,
                    "stage": stage,
                    "date": day,
                    "note": SYNTHETIC,
                    "source": SYNTHETIC,
                }
            )

    def _scores(self, learnt: Fitted) -> NDArray[np.float64]:
        """Return the raw scores of a ranker, shape (m, n)."""
        bound, needs = self._bound(learnt)
        return np.stack([bound.contributions(need).sum(axis=0) for need in needs])

    def _bound(self, learnt: Fitted) -> tuple[PoolRanker, list[NeedFeatures]]:
        """Return a ranker bound to the pool, and the needs as in serving."""
        space, data = learnt.ranker.space, self.data
        bound = learnt.ranker.bind(learnt.pool)
        presence = Presence(
            space,
            bound.pool,
            Residents.of(data.enterprises),
            events=data.events,
            zones=data.zones,
            needs=data.needs,
        )
        zones = {row["zone_id"]: row for row in data.zones.iter_rows(named=True)}
        queries = [NeedQuery.from_row(row) for row in self.rows]
        return bound, [
            space.need(q, zones.get(q.zone_id or ""), present=presence.of(q.zone_id))
            for q in queries
        ]


def _weights(seed: int, at: int, learnt: Fitted) -> pl.DataFrame:
    blend = learnt.ranker.blend
    return pl.DataFrame({"factor": list(blend.names), "weight": blend.content.tolist()}).select(
        pl.lit(seed).alias("seed"), pl.lit(at).alias("round"), "factor", "weight"
    )


def _rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation."""
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
