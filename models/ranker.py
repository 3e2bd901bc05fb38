"""The ranker: feature space, factors and blend together, as fitted, saved and served."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.errors import UnavailableError, UsageError
from models.blend import Blend, standardise
from models.calibration import Calibration
from models.fit import constant
from models.gap import Gap
from models.head import NeedHeads
from models.hybrid import LightFMHybrid
from models.node_match import CodeMatch, NodeMatch
from models.own_factors import GROUP, own_factors
from models.proximity import Proximity
from models.signals import signal_part
from models.supply import SupplyLink
from models.track_record import DealHistory, HistoryScorer
from models.word_match import ItemWords, TextWords, TopicWords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.space import FeatureSpace
    from models.blend import Shares
    from models.factor import Factor

    Measured = dict[str, dict[str, NDArray[Any]]]


_MANY = 50_000
_STRIDE = 64


def content_factors() -> tuple[Factor, ...]:
    """Return the factors that learn nothing from judgements or events, those added last.

    Raises
    ------
    UsageError
        When two of them have one name.
    """
    found = (
        ItemWords(),
        TextWords(),
        TopicWords(),
        NodeMatch(),
        CodeMatch(),
        SupplyLink(),
        Gap(),
        Proximity(),
        *(own() for own in own_factors()),
    )
    names = [factor.name for factor in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(
            f"two factors are called {', '.join(twice)}",
            field=GROUP,
            got=", ".join(twice),
            expected="a name of its own for every factor",
        )
    return found


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
        """Return everything learnt, to be saved; names are `part.array`."""
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
        """Take back what `arrays` returned, into a space that is not fitted yet.

        Raises
        ------
        UnavailableError
            When it was made with other factors than there are now.
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
        self._content = ContentScorer(pool, self.measured)
        self._hybrid = ranker.hybrid.prepare_measured(pool, self.measured[ranker.hybrid.name])
        self._heads = ranker.heads.prepare_measured(pool, self.measured[ranker.heads.name])
        self._history = HistoryScorer(ranker.history, pool) if history is None else history
        self._rows = rows

    def take(self, rows: NDArray[np.intp], *, in_single: bool = False) -> PoolRanker:
        """Return the ranker bound to some rows, shape (k,): their `values` are those of the pool.

        Means and spreads would be those of the rows, so that `contributions` would not be. In
        single precision they take more memory, and less time at every request.
        """
        pool = self.pool.take(rows)
        return PoolRanker(
            self.ranker,
            pool.in_single() if in_single else pool,
            {
                factor: {name: values[rows] for name, values in own.items()}
                for factor, own in self.measured.items()
            },
            history=self._history.take(rows),
            rows=rows,
        )

    def contributions(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return each factor's part of the raw scores, shape (blend.factors, n)."""
        values = self.values(need)
        parts = self.blended(need, values, self.content_parts(need, values))
        return with_constant(parts, constant(need, self.pool, parts.sum(axis=0)))

    def values(self, need: NeedFeatures) -> Values:
        """Return what every factor says of each enterprise, before means and spreads come in."""
        return Values(
            self._content.values(need),
            self.ranker.hybrid.score(need, self._hybrid),
            self.ranker.heads.score(need, self._heads),
            self._history.parts(need),
            signal_part(need, self._rows, len(self.pool)),
        )

    def content_parts(
        self, need: NeedFeatures, values: Values, shares: Shares = None
    ) -> NDArray[np.float64]:
        """Return the parts of the content factors, shape (content factors, n).

        Parameters
        ----------
        need : NeedFeatures
        values : Values
            Of n enterprises of the pool, which may be others than these.
        shares : ndarray of shape (n,), optional
            See `models.blend.standardise`.
        """
        scores = self._content.joined(need, values.content, shares)
        return self.ranker.blend.content_parts(scores, values.size, shares)

    def blended(
        self,
        need: NeedFeatures,
        values: Values,
        content: NDArray[np.float64],
        shares: Shares = None,
    ) -> NDArray[np.float64]:
        """Return the contributions, but the constant, of those whose values and parts these are."""
        parts = self.ranker.blend.contributions(
            content,
            values.hybrid,
            values.head,
            values.history,
            len(self.ranker.heads.chosen(need.need_id)),
            shares,
        )
        return np.vstack([parts, values.signals])

    def alone(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return each factor's own scores, standardised, whatever it weighs in the blend.

        Returns
        -------
        ndarray of shape (blend.factors - 1, n)
            The constant left out; zeros where a factor says nothing.
        """
        values = self.values(need)
        spoken = [
            *self._content.joined(need, values.content, None),
            *(values.head, values.hybrid),
        ]
        silent = np.zeros(values.size)
        rows = [silent if own is None else standardise(own) for own in spoken]
        return np.vstack([*rows, values.history, values.signals])

    def history_sum(
        self, need: NeedFeatures
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]] | None:
        """Return the rows that have deals and the sum of both factors there, None without any."""
        known = self._history.known
        return (known, self._history.take(known).parts(need).sum(axis=0)) if len(known) else None


class Values(NamedTuple):
    """What the factors say of n enterprises, each taken by itself.

    Attributes
    ----------
    content : list of ndarrays of shape (n,) or (n, p), or None
        From `Factor.values`.
    hybrid, head : ndarray of shape (n,) or None
    history : ndarray of shape (2, n)
        On the scale of the whole pool.
    signals : ndarray of shape (n,)
        On the scale of raw scores.
    """

    content: list[NDArray[Any] | None]
    hybrid: NDArray[np.float32] | None
    head: NDArray[np.float32] | None
    history: NDArray[np.float64]
    signals: NDArray[np.float64]

    @classmethod
    def beside(cls, *parts: Values) -> Values:
        """Return the values for one need of several groups of enterprises as those of one."""
        content, hybrid, head, history, signals = zip(*parts, strict=True)
        return cls(
            [_together(own) for own in zip(*content, strict=True)],
            _together(hybrid),
            _together(head),
            np.hstack(history),
            np.concatenate(signals),
        )

    @property
    def size(self) -> int:
        """How many enterprises these are."""
        return len(self.history[0])


def _together(parts: Sequence[NDArray[Any] | None]) -> Any:
    """Return arrays as one; a factor says something of all or, the need being silent, of none."""
    spoken = [own for own in parts if own is not None]
    return np.concatenate(spoken) if spoken else None


class ContentScorer:
    """The factors that learn nothing from judgements or events, prepared for one pool."""

    def __init__(self, pool: PoolFeatures, measured: Measured | None = None) -> None:
        own = measure_content(pool) if measured is None else measured
        self._factors = _prepared(pool, own)

    def scores(self, need: NeedFeatures) -> list[NDArray[Any] | None]:
        """Return every content factor's scores, each of shape (n,), None where it is silent."""
        return [factor.score(need, prepared) for factor, prepared in self._factors]

    def values(self, need: NeedFeatures) -> list[NDArray[Any] | None]:
        """Return every factor's values, see `Factor.values`."""
        return [factor.values(need, prepared) for factor, prepared in self._factors]

    def joined(
        self, need: NeedFeatures, values: Sequence[NDArray[Any] | None], shares: Shares
    ) -> list[NDArray[Any] | None]:
        """Return every factor's scores from values, see `Factor.joined`."""
        return [
            None if own is None else factor.joined(need, own, shares)
            for (factor, _), own in zip(self._factors, values, strict=True)
        ]


def measure_content(pool: PoolFeatures) -> Measured:
    """Return what the content factors measure of a pool, by factor and name."""
    return {factor.name: factor.measure(pool) for factor in content_factors()}


def measure(ranker: Ranker, pool: PoolFeatures) -> Measured:
    """Return what all factors measure of a pool: arrays with one row per enterprise."""
    learnt = {part.name: part.measure(pool) for part in (ranker.hybrid, ranker.heads)}
    return measure_content(pool) | learnt


def _prepared(pool: PoolFeatures, measured: Measured) -> list[tuple[Factor, Any]]:
    factors = content_factors()
    return [(each, each.prepare_measured(pool, measured[each.name])) for each in factors]


def with_constant(parts: NDArray[np.float64], value: float) -> NDArray[np.float64]:
    """Return contributions with the constant as their last row."""
    return np.vstack([parts, np.full(parts.shape[1], value)])


def order(raw: NDArray[np.float64], rows: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Return the first `limit` of `rows`, highest raw score first, equal ones by row.

    Rows follow the order of ids, so that equal scores are ordered by id. Only what is asked for is
    sorted: a partial sort finds the cut, ties across it included.
    """
    kept = rows[leading(raw[rows], limit)] if limit < len(rows) else rows
    ranked = kept[np.argsort(-raw[kept], kind="stable")]
    return np.asarray(ranked[:limit])


def leading(values: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return which values are not below the one at rank `count`, ties across it included.

    Of many values a part is looked at first: whatever is below the lowest of the highest in it
    need not be sorted at all.
    """
    if not count:
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
