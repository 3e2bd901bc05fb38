"""The base class of factors: each gives one number per enterprise.

The same factor is used in training and in serving. `prepare` computes what depends only on the
pool, once per pool; `score` what depends on the need, for every request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures


class Factor(ABC):
    """A factor of the ranking.

    Attributes
    ----------
    name : str
        Name in answers.
    columns : tuple of float
        For a factor with several numbers per enterprise: the weights for summing their z-scores.
    prior : float
        For a factor added by an entry point: its weight if there are too few labels to learn it.
    gloss, chinese, english
        For such a factor: its names, and its sentences for and against a lead.
    """

    name: str
    columns: ClassVar[tuple[float, ...]] = ()
    prior: ClassVar[float] = 0.0
    gloss: ClassVar[str] = ""
    chinese: ClassVar[tuple[str, str]] = ("", "")
    english: ClassVar[tuple[str, str]] = ("", "")

    def measure(self, pool: PoolFeatures) -> dict[str, NDArray[Any]]:  # noqa: ARG002  as below
        """Return arrays with a row per enterprise that scoring needs besides the features.

        They depend on the pool and the fitted factor, not on any need, and are stored with the
        features of a large pool. Empty for a factor that only reads features.
        """
        return {}

    @abstractmethod
    def prepare(self, pool: PoolFeatures) -> Any:
        """Return the data for scoring a pool, computed once."""

    def prepare_measured(
        self,
        pool: PoolFeatures,
        measured: Mapping[str, NDArray[Any]],  # noqa: ARG002  for those that measure something
    ) -> Any:
        """Return the same as `prepare`, given the result of `measure` for the same rows.

        Parameters
        ----------
        pool : PoolFeatures
            All enterprises, or some rows of a large pool.
        measured : mapping
            One row for each of them.
        """
        return self.prepare(pool)

    @abstractmethod
    def score(self, need: NeedFeatures, prepared: Any) -> NDArray[Any] | None:
        """Return one number per enterprise, shape (n,), in the order of the pool.

        It depends only on the enterprise and the need, not on the rest of the pool. With `columns`
        the shape is (n, c).

        NaN where the enterprise's value is unknown; None if the need's is, so that the factor does
        not apply. The scale is arbitrary: scores are standardised over the pool.
        """

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted arrays, to be saved; empty for a factor without any."""
        return {}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:  # noqa: B027
        """Restore from the result of `arrays`."""
