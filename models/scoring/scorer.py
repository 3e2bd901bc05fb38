"""Scorer: all factors prepared for one pool, and their values and scale for a need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.errors import UsageError
from models.factors.gap import Gap
from models.factors.node_match import CodeMatch, NodeMatch
from models.factors.own_factors import GROUP, own_factors
from models.factors.proximity import Proximity
from models.factors.signals import signal_part
from models.factors.supply import SupplyLink
from models.factors.word_match import ItemKinds, ItemWords, TextWords, TopicWords
from models.scoring.scale import FactorScale, Moments, Scale, Values, z_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures
    from models.factor import Factor
    from models.factors.head import NeedHeads
    from models.factors.hybrid import LightFMHybrid
    from models.factors.track_record import HistoryScorer
    from models.scoring.blend import Blend
    from models.scoring.scale import Shares

    Measured = dict[str, dict[str, NDArray[Any]]]


def content_factors() -> tuple[Factor, ...]:
    """Return the content factors, which are not fitted on labels; added ones come last.

    Raises
    ------
    UsageError
        When two of them have the same name.
    """
    found = (
        ItemWords(),
        ItemKinds(),
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


def measure_content(pool: PoolFeatures) -> Measured:
    """Return the measurements of the content factors, by factor and name."""
    return {factor.name: factor.measure(pool) for factor in content_factors()}


class ContentScorer:
    """The content factors, prepared for one pool.

    Parameters
    ----------
    pool : PoolFeatures
    measured : dict, optional
        From `measure_content`; by default the pool is measured here.
    """

    def __init__(self, pool: PoolFeatures, measured: Measured | None = None) -> None:
        own = measure_content(pool) if measured is None else measured
        self.factors = content_factors()
        self._prepared = [each.prepare_measured(pool, own[each.name]) for each in self.factors]

    def scores(self, need: NeedFeatures) -> list[NDArray[Any] | None]:
        """Return every content factor's scores, None for one that does not apply."""
        each = zip(self.factors, self._prepared, strict=True)
        return [factor.score(need, prepared) for factor, prepared in each]


class Scorer:
    """All factors, prepared for one pool.

    Parameters
    ----------
    content : ContentScorer
    heads : NeedHeads
    head_rows
        The result of `heads.prepare`.
    hybrid : LightFMHybrid
    hybrid_rows
        The result of `hybrid.prepare`.
    history : HistoryScorer
    rows : ndarray of int, shape (n,), optional
        The rows of a larger pool that these are.
    """

    def __init__(
        self,
        content: ContentScorer,
        heads: NeedHeads,
        head_rows: Any,
        hybrid: LightFMHybrid,
        hybrid_rows: Any,
        history: HistoryScorer,
        rows: NDArray[np.intp] | None = None,
    ) -> None:
        self.content = content
        self.heads, self._head_rows = heads, head_rows
        self.hybrid, self._hybrid_rows = hybrid, hybrid_rows
        self.history = history
        self._rows = rows

    def values(
        self, need: NeedFeatures, content: list[NDArray[Any] | None] | None = None
    ) -> Values:
        """Return every factor's values; `content` may be given, from `ContentScorer.scores`."""
        history = self.history.parts(need)
        return Values(
            self.content.scores(need) if content is None else content,
            self.heads.score(need, self._head_rows),
            self.hybrid.score(need, self._hybrid_rows),
            history,
            signal_part(need, self._rows, history.shape[1]),
        )

    def scale(self, values: Values, blend: Blend, shares: Shares = None) -> Scale:
        """Fit the scale over enterprises with these values, without the constant.

        Parameters
        ----------
        values : Values
            Values of n enterprises of the pool, not necessarily these.
        blend : Blend
        shares : ndarray of shape (n,), optional
            See `models.scoring.scale.Moments`.
        """
        factors = tuple(
            None if own is None else FactorScale.of(own, factor.columns, shares)
            for factor, own in zip(self.content.factors, values.content, strict=True)
        )
        head, hybrid = (
            None if own is None else Moments.of(own, shares) for own in (values.head, values.hybrid)
        )
        content = blend.weighed(z_scores(factors, values.content, values.size)).sum(axis=0)
        return Scale(factors, Moments.of(content, shares).spread, head, hybrid)

    def chosen(self, need: NeedFeatures) -> int:
        """Return how many examples the need's head was fitted on, 0 if it has none."""
        return len(self.heads.chosen(need.need_id))
