"""Rules that do not use texts: chance, popularity, and popularity within groups."""

from __future__ import annotations

import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

from features.vocabulary import WON
from training.peers.base import Peer
from training.peers.settings import PopularitySettings
from training.tasks import Split, relevant_pairs

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from training.rounds import Round
    from training.tasks import EvaluationQuestion

_YEAR = 365.25


class Chance(Peer):
    """A random order, the same for a need in every run."""

    name = "random"
    gloss = "随机"

    def fit(self, ground: Round) -> Self:
        """Store the seed and the size of the pool."""
        self.seed_, self.size_ = ground.seed, len(ground.pool)
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float64]:
        """Return random numbers that depend on seed and need alone."""
        own = zlib.crc32(str(question.query.need_id).encode())
        return np.random.default_rng([self.seed_, own]).random(self.size_)


class Popularity(Peer):
    """Popularity: the number of deals of a stage of signed or later, and of judged pairs."""

    name = "popularity"
    gloss = "热门企业"

    def fit(self, ground: Round) -> Self:
        """Count; repeated deals count each time."""
        self.counts_ = np.bincount(
            _columns(ground, known_deals(ground)), minlength=len(ground.pool)
        )
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float64]:
        """Return the counts, the same for every need."""
        del question
        return self.counts_.astype(np.float64)


class _DealPopularity(Peer):
    """ln(1 + deals) within the need's sector, plus the terms of a subclass."""

    recent = False
    adds: tuple[tuple[str, str], ...] = ()
    """Columns of the needs table, and the setting with their weight."""

    def __init__(self, settings: PopularitySettings | None = None) -> None:
        self.parameters = settings or PopularitySettings()

    def why_not(self, split: Split) -> str | None:
        """Require events."""
        without = all(task.data.events.is_empty() for task in split.tasks)
        return "there are no events to learn from" if without else super().why_not(split)

    def settings(self) -> dict[str, Any]:
        """Return the weights of this rule."""
        own = {setting for _, setting in self.adds}
        own |= {"half_life_years", "overall"} if self.recent else set()
        return {name: value for name, value in asdict(self.parameters).items() if name in own}

    def fit(self, ground: Round) -> Self:
        """Count deals by sector and the columns of the rule, optionally weighted by age."""
        stated = known_deals(ground)
        # Ages are relative to the last deal: on old data all weights would otherwise be near zero.
        days = (pl.col("date").max() - pl.col("date")).dt.total_days()
        half = self.parameters.half_life_years * _YEAR
        weights = stated.select((0.5 ** (days / half)).fill_null(1.0)).to_series()
        weight = weights.to_numpy() if self.recent else np.ones(stated.height)
        columns, size = _columns(ground, stated), len(ground.pool)
        self.overall_ = np.log1p(np.bincount(columns, weight, size))
        self.within_: dict[tuple[str, str], NDArray[np.float64]] = {}
        for name in ("industry", *(name for name, _ in self.adds)):
            if name in stated.columns:
                values = stated[name]
                for value in values.drop_nulls().unique():
                    own = (values == value).fill_null(value=False).to_numpy()
                    counts = np.bincount(columns[own], weight[own], size)
                    self.within_[name, value] = np.log1p(counts)
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float64]:
        """Return the weighted sum."""
        none = np.zeros_like(self.overall_)
        weights = asdict(self.parameters)

        def within(name: str) -> NDArray[np.float64]:
            return self.within_.get((name, question.row.get(name) or ""), none)

        total = within("industry") + sum(weights[of] * within(name) for name, of in self.adds)
        return np.asarray(total + weights["overall"] * self.overall_ if self.recent else total)


class SectorPopularity(_DealPopularity):
    """The number of deals in the need's industry."""

    name = "sector_popularity"
    gloss = "同行业热门"


class SectorZonePopularity(_DealPopularity):
    """The number of deals in the need's industry and in its zone."""

    name = "sector_zone_popularity"
    gloss = "同行业同地热门"
    adds = (("zone_id", "zone"),)


class RecentPopularity(_DealPopularity):
    """The same with the zone's region and all deals, weighted by age."""

    name = "recent_popularity"
    gloss = "同行业同地近期热门"
    adds = (("zone_id", "zone"), ("region", "region"))
    recent = True


def known_deals(ground: Round) -> pl.DataFrame:
    """Return the remaining data: signed events with their dates, and judged pairs.

    Returns
    -------
    DataFrame
        enterprise_id, need_id, date (null for a judged pair), and the columns of the need.
    """
    data = ground.task.data
    signed = data.events.filter(
        pl.col("stage").is_in(WON)
        & pl.col("enterprise_id").is_in(data.enterprises["enterprise_id"].implode())
    ).select("need_id", "enterprise_id", "date")
    pairs = relevant_pairs(data).join(signed, on=["need_id", "enterprise_id"], how="anti")
    both = pl.concat([signed, pairs.with_columns(date=pl.lit(None, pl.Date))])
    about = [name for name in ("industry", "zone_id", "region") if name in data.needs.columns]
    return both.join(data.needs.select("need_id", *about), on="need_id", how="left")


def _columns(ground: Round, stated: pl.DataFrame) -> NDArray[np.intp]:
    return np.searchsorted(ground.task.ids, stated["enterprise_id"].to_numpy().astype(np.str_))
