"""The base class of rankers in a comparison."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from training.rounds import Round
    from training.tasks import EvaluationQuestion, Split


class Peer(ABC):
    """A ranker: fitted on a round, it scores all its enterprises for a need.

    Attributes
    ----------
    name : str
        Name in reports.
    gloss : str
        Description in Chinese, for plots and tables.
    package : str or None
        A required package that the base installation does not have.
    """

    name: ClassVar[str]
    gloss: ClassVar[str]
    package: ClassVar[str | None] = None

    def why_not(self, split: Split) -> str | None:
        """Return why it cannot be run on a split, or None if it can."""
        del split
        if self.package is not None and find_spec(self.package) is None:
            return f"the package {self.package} is not installed (dependency group `peers`)"
        return None

    def settings(self) -> dict[str, Any]:
        """Return its settings."""
        return {}

    @abstractmethod
    def fit(self, ground: Round) -> Self:
        """Fit on the remaining data."""

    @abstractmethod
    def scores(self, question: EvaluationQuestion) -> NDArray[np.floating[Any]]:
        """Return a finite score per enterprise, shape (n,), in the order of ids; higher is better.

        Equal scores are ordered by id, as everywhere.
        """
