"""The ranker: feature space, factors and blend together, as fitted, saved and served."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import UnavailableError
from models.blend import Blend
from models.calibration import Calibration
from models.feedback import Feedback
from models.gap import Gap
from models.head import NeedHeads
from models.hybrid import LightFMHybrid
from models.industry_match import IndustryMatch
from models.node_match import CodeMatch, NodeMatch
from models.proximity import Proximity
from models.similarity import BestProduct, Similarity
from models.supply import SupplyLink
from models.track_record import DealHistory, HistoryScorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.space import FeatureSpace
    from models.factor import Factor


def content_factors() -> tuple[Factor, ...]:
    """Return the factors that learn nothing from judgements or events."""
    return (
        Similarity("text_similarity", "text"),
        Similarity("topic_similarity", "topics"),
        Similarity("meaning_similarity", "meaning"),
        BestProduct(),
        IndustryMatch(),
        NodeMatch(),
        CodeMatch(),
        SupplyLink(),
        Gap(),
        Proximity(),
    )


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
                "the model was made by another version, with other factors: train again",
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
    """

    def __init__(self, ranker: Ranker, pool: PoolFeatures) -> None:
        self.ranker = ranker
        self.pool = pool
        self._content = ContentScorer(pool)
        self._hybrid = ranker.hybrid.prepare(pool)
        self._heads = ranker.heads.prepare(pool)
        self._history = HistoryScorer(ranker.history, pool)

    def contributions(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return each factor's part of the raw scores, shape (blend.factors, n)."""
        blend, heads = self.ranker.blend, self.ranker.heads
        content = blend.content_parts(self._content.scores(need), len(self.pool))
        return blend.contributions(
            content,
            self._content.feedback(content.sum(axis=0)),
            self.ranker.hybrid.score(need, self._hybrid),
            heads.score(need, self._heads),
            self._history.parts(need),
            len(heads.chosen(need.need_id)),
        )


class ContentScorer:
    """The factors that learn nothing from judgements or events, prepared for one pool."""

    def __init__(self, pool: PoolFeatures) -> None:
        self._factors = [(factor, factor.prepare(pool)) for factor in content_factors()]
        self._feedback = Feedback().prepare(pool)

    def scores(self, need: NeedFeatures) -> list[NDArray[Any] | None]:
        """Return every content factor's scores, each of shape (n,), None where it is silent."""
        return [factor.score(need, prepared) for factor, prepared in self._factors]

    def feedback(self, base: NDArray[np.float64]) -> NDArray[Any]:
        """Return the feedback of the content factors' sum."""
        return Feedback().score(base, self._feedback)


def order(raw: NDArray[np.float64], rows: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Return the first `limit` of `rows`, highest raw score first, equal ones by row.

    Rows follow the order of ids, so that equal scores are ordered by id. Only what is asked for is
    sorted: a partial sort finds the cut, ties across it included.
    """
    values = raw[rows]
    if limit < len(rows):
        cut = np.partition(values, len(rows) - limit)[len(rows) - limit]
        kept = rows[values >= cut]
    else:
        kept = rows
    ranked = kept[np.argsort(-raw[kept], kind="stable")]
    return np.asarray(ranked[:limit])


def ranked_factors(names: Sequence[str], parts: NDArray[np.float64]) -> list[tuple[str, float]]:
    """Return the factors whose contribution is not zero, largest first, then by name."""
    found = [(name, float(part)) for name, part in zip(names, parts, strict=True) if part]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))
