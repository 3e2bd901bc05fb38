"""The ranker: feature space, factors and blend."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import UnavailableError
from models.factors.head import NeedHeads
from models.factors.hybrid import LightFMHybrid
from models.factors.track_record import DealHistory, HistoryScorer
from models.scoring.blend import Blend
from models.scoring.calibration import Calibration
from models.scoring.fit import constant
from models.scoring.scale import Values, standardised
from models.scoring.scorer import ContentScorer, Scorer, content_factors, measure_content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures
    from features.space.space import FeatureSpace
    from models.scoring.scale import Scale, Shares
    from models.scoring.scorer import Measured


_MANY = 50_000
_STRIDE = 64


@dataclass(frozen=True)
class Ranker:
    """Scores every enterprise of a pool for a need, as a sum of contributions.

    Attributes
    ----------
    space : FeatureSpace
        Fitted.
    blend : Blend
    hybrid : LightFMHybrid
    heads : NeedHeads
    history : DealHistory
    calibration : Calibration
    """

    space: FeatureSpace
    blend: Blend
    hybrid: LightFMHybrid
    heads: NeedHeads
    history: DealHistory
    calibration: Calibration = field(default_factory=Calibration)

    def bind(self, pool: PoolFeatures) -> PoolRanker:
        """Prepare every factor for a pool."""
        return PoolRanker(self, pool)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all fitted arrays, to be saved; names are `part.array`."""
        parts: dict[str, Any] = {
            "space": self.space,
            "blend": self.blend,
            "hybrid": self.hybrid,
            "heads": self.heads,
            "history": self.history,
            "calibration": self.calibration,
        }
        return {
            f"{name}.{key}": array
            for name, part in parts.items()
            for key, array in part.arrays().items()
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], space: FeatureSpace) -> Ranker:
        """Restore from the result of `arrays`, into an unfitted space.

        Raises
        ------
        UnavailableError
            When it was made with other factors than those installed.
        """

        def own(name: str) -> dict[str, NDArray[Any]]:
            prefix = f"{name}."
            return {k[len(prefix) :]: a for k, a in arrays.items() if k.startswith(prefix)}

        blend = Blend.restore(own("blend"))
        here = tuple(factor.name for factor in content_factors())
        if blend.names != here:
            raise UnavailableError(
                "the model was made by another version, or where other factors are installed, "
                "so with other factors: train again",
                got=", ".join(blend.names),
                expected=", ".join(here),
            )
        hybrid, heads = LightFMHybrid(), NeedHeads()
        hybrid.restore(own("hybrid"))
        heads.restore(own("heads"))
        history = DealHistory().restore(own("history"))
        calibration = Calibration.restore(own("calibration"))
        return cls(space.restore(own("space")), blend, hybrid, heads, history, calibration)


class PoolRanker:
    """A ranker bound to one pool.

    Parameters
    ----------
    ranker : Ranker
    pool : PoolFeatures
    measured : dict, optional
        From `measure`; by default the pool is measured here.
    history : HistoryScorer, optional
        By default that of the pool.
    rows : ndarray of int, shape (k,), optional
        The rows of a larger pool that `pool` was taken from.
    """

    def __init__(
        self,
        ranker: Ranker,
        pool: PoolFeatures,
        measured: Measured | None = None,
        *,
        history: HistoryScorer | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> None:
        self.ranker = ranker
        self.pool = pool
        self.measured = measure(ranker, pool) if measured is None else measured
        self._scorer = Scorer(
            ContentScorer(pool, self.measured),
            ranker.heads,
            ranker.heads.prepare_measured(pool, self.measured[ranker.heads.name]),
            ranker.hybrid,
            ranker.hybrid.prepare_measured(pool, self.measured[ranker.hybrid.name]),
            HistoryScorer(ranker.history, pool) if history is None else history,
            rows,
        )

    def take(self, rows: NDArray[np.intp]) -> PoolRanker:
        """Return the ranker bound to some rows, shape (k,), with the same `values` as in the pool.

        Contributions are the same too, on the pool's scale.
        """
        return PoolRanker(
            self.ranker,
            self.pool.take(rows),
            {
                factor: {name: values[rows] for name, values in own.items()}
                for factor, own in self.measured.items()
            },
            history=self._scorer.history.take(rows),
            rows=rows,
        )

    def contributions(self, need: NeedFeatures, scale: Scale | None = None) -> NDArray[np.float64]:
        """Return each factor's part of the raw scores, shape (blend.factors, n).

        Parameters
        ----------
        need : NeedFeatures
        scale : Scale, optional
            Fitted for the need on a pool that includes these; by default it is fitted here.
        """
        values = self.values(need)
        return self.fit(need, values)[1] if scale is None else self.parts(need, values, scale)

    def values(self, need: NeedFeatures) -> Values:
        """Return the raw values of every factor, before standardising."""
        return self._scorer.values(need)

    def fit(
        self,
        need: NeedFeatures,
        values: Values,
        beside: tuple[Values, NDArray[np.float64]] | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> tuple[Scale, NDArray[np.float64]]:
        """Fit the scale for a need; return it, and the contributions on it.

        Parameters
        ----------
        need : NeedFeatures
        values : Values
            Values of all enterprises of this pool, or of `rows`.
        beside : tuple of Values and ndarray of shape (k,), optional
            If these are a part of a large pool: the values of k enterprises of the rest, and how
            many each represents; the ones in `values` represent themselves.
        rows : ndarray of int, optional
            The rows of this pool that `values` are for; all by default.
        """
        shares = None
        everybody = values
        if beside is not None:
            others, stand_for = beside
            everybody = Values.beside(others, values)
            shares = np.concatenate([stand_for, np.ones(values.size)])
        scale = self.scale(everybody, shares)
        parts = self.parts(need, values, scale)
        parts[-1] = moved = constant(need, self.pool, parts.sum(axis=0), rows)
        return replace(scale, constant=moved), parts

    def scale(self, values: Values, shares: Shares = None) -> Scale:
        """Return the scale of values without its constant, see `Scorer.scale`."""
        return self._scorer.scale(values, self.ranker.blend, shares)

    def parts(self, need: NeedFeatures, values: Values, scale: Scale) -> NDArray[np.float64]:
        """Return the contributions for these values, shape (blend.factors, n)."""
        return self.ranker.blend.contributions(
            standardised(values, scale), scale.content, scale.constant, self._scorer.chosen(need)
        )

    def alone(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return each factor's own standardised scores, regardless of its weight in the blend.

        Returns
        -------
        ndarray of shape (blend.factors - 1, n)
            Without the constant; zeros where a factor does not apply.
        """
        values = self.values(need)
        return np.vstack(standardised(values, self.scale(values)))

    def history_parts(self, need: NeedFeatures) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows with deals, and both history factors there, shape (2, k)."""
        history = self._scorer.history
        return history.known, history.take(history.known).parts(need)


def measure(ranker: Ranker, pool: PoolFeatures) -> Measured:
    """Return the measurements of all factors: arrays with one row per enterprise."""
    learnt = {part.name: part.measure(pool) for part in (ranker.hybrid, ranker.heads)}
    return measure_content(pool) | learnt


def order(raw: NDArray[np.float64], rows: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Return the first `limit` of `rows`, highest raw score first, equal ones by row.

    Rows follow the order of ids, so that equal scores are ordered by id. Only the requested rows
    are sorted: a partial sort finds the cut, including ties across it.
    """
    kept = rows[leading(raw[rows], limit)] if limit < len(rows) else rows
    ranked = kept[np.argsort(-raw[kept], kind="stable")]
    return np.asarray(ranked[:limit])


def leading(values: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return which values are not below the one at rank `count`, ties across it included.

    For many values a part is examined first: values below the lowest of its highest need not be
    sorted.
    """
    if not count or not len(values):
        return np.empty(0, dtype=np.intp)
    near = None
    if len(values) > _MANY:
        some = values[::_STRIDE]
        cut = len(some) - (2 * count // _STRIDE + _STRIDE)
        if cut > 0:
            near = np.flatnonzero(values >= np.partition(some, cut)[cut])
    if near is None or len(near) < count:
        near = np.arange(len(values))
    found = values[near]
    at = max(len(found) - count, 0)
    return np.asarray(near[found >= np.partition(found, at)[at]])


def ranked_factors(names: Sequence[str], parts: NDArray[np.float64]) -> list[tuple[str, float]]:
    """Return the factors whose contribution is not zero, largest first, then by name."""
    found = [(name, float(part)) for name, part in zip(names, parts, strict=True) if part]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))
