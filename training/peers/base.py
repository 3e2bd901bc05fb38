"""The contract that every ranker of a comparison keeps."""

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
    """One ranker: fitted on a round, it scores every enterprise of it for a need.

    Attributes
    ----------
    name : str
        Its name in reports.
    gloss : str
        What it does, in Chinese, for plots and tables.
    package : str or None
        A package that it takes and that the base installation does not have.
    """

    name: ClassVar[str]
    gloss: ClassVar[str]
    package: ClassVar[str | None] = None

    def why_not(self, split: Split) -> str | None:
        """Return why it cannot take part under a split, or None where it can."""
        del split
        if self.package is not None and find_spec(self.package) is None:
            return f"the package {self.package} is not installed (dependency group `peers`)"
        return None

    def settings(self) -> dict[str, Any]:
        """Return the settings it runs with."""
        return {}

    @abstractmethod
    def fit(self, ground: Round) -> Self:
        """Learn from what is left."""

    @abstractmethod
    def scores(self, question: EvaluationQuestion) -> NDArray[np.floating[Any]]:
        """Return one finite number an enterprise, shape (n,), in the order of ids; more is better.

        Equal scores are ordered by id, as everywhere.
        """
