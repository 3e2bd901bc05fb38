"""The contract every factor keeps: one number an enterprise says why it stands where it does.

A factor is written once and used in training and in serving. `prepare` does what depends on the
pool alone, `score` what depends on the need; the first is called once a pool, the second for every
request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures


class Factor(ABC):
    """One voice in the ranking.

    Attributes
    ----------
    name : str
        Its name in answers.
    prior : float
        Of a factor that is added from outside: its weight where too few judgements and events are
        there to learn it.
    gloss, chinese, english
        Of such a factor: what it is called, and its sentences for and against a lead.
    """

    name: str
    prior: ClassVar[float] = 0.0
    gloss: ClassVar[str] = ""
    chinese: ClassVar[tuple[str, str]] = ("", "")
    english: ClassVar[tuple[str, str]] = ("", "")

    def measure(self, pool: PoolFeatures) -> dict[str, NDArray[Any]]:  # noqa: ARG002  as below
        """Return what is to be known of every enterprise besides its features, a row each.

        It depends on the pool and on what was learnt, not on any need, and is kept with the
        features of a large pool. Nothing for a factor that reads the features as they are.
        """
        return {}

    @abstractmethod
    def prepare(self, pool: PoolFeatures) -> Any:
        """Return what scoring needs of a pool, computed once."""

    def prepare_measured(
        self,
        pool: PoolFeatures,
        measured: Mapping[str, NDArray[Any]],  # noqa: ARG002  for those that measure something
    ) -> Any:
        """Return what `prepare` does, from what `measure` returned for the same rows.

        Parameters
        ----------
        pool : PoolFeatures
            All enterprises, or some that were taken from a large pool.
        measured : mapping
            One row for each of them.
        """
        return self.prepare(pool)

    @abstractmethod
    def score(self, need: NeedFeatures, prepared: Any) -> NDArray[Any] | None:
        """Return one number an enterprise, shape (n,), in the order of the pool.

        NaN where the enterprise's side is unknown; None where the need's side is, so that the
        factor has nothing to say. The scale is free: the blend standardises it over the pool.
        """

    def values(self, need: NeedFeatures, prepared: Any) -> NDArray[Any] | None:
        """Return what a score is made of and depends on the enterprise alone, shape (n,) or (n, p).

        It is known of some enterprises without the others: means and spreads come in by `joined`.
        """
        return self.score(need, prepared)

    def joined(
        self,
        need: NeedFeatures,  # noqa: ARG002  for those of several parts
        values: NDArray[Any],
        shares: NDArray[np.float64] | None = None,  # noqa: ARG002
    ) -> NDArray[Any]:
        """Return the scores from what `values` returned; `shares` as for `standardise`."""
        return values

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, to be saved; nothing for a factor that learns nothing."""
        return {}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:  # noqa: B027
        """Take back what `arrays` returned."""
