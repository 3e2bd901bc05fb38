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

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures


class Factor(ABC):
    """One voice in the ranking.

    Attributes
    ----------
    name : str
        Its name in answers.
    columns : tuple of float
        Of a factor that has several numbers per enterprise: the weights that their z-scores are
        summed with.
    prior : float
        Of a factor that is added from outside: its weight where too few judgements and events are
        there to learn it.
    gloss, chinese, english
        Of such a factor: what it is called, and its sentences for and against a lead.
    """

    name: str
    columns: ClassVar[tuple[float, ...]] = ()
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
        """Return one number per enterprise, shape (n,), in the order of the pool.

        It depends on the enterprise and on the need alone, not on the others in the pool. With
        `columns` it is a row of c numbers, shape (n, c).

        NaN where the enterprise's side is unknown; None where the need's side is, so that the
        factor has nothing to say. The scale is free: scores are standardised over the pool.
        """

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, to be saved; nothing for a factor that learns nothing."""
        return {}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:  # noqa: B027
        """Take back what `arrays` returned."""
