"""Held-out cases: what training learns its weights on and what `evaluate` judges rankers by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from training.metrics import MIN_RELEVANT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Case:
    """One held-out need, whose candidates are to be ranked.

    Attributes
    ----------
    need_id : str
    fold : int
        The model for this case was fitted without what this fold hides.
    candidates, relevant : ndarrays of bool, shape (n,)
        Over the enterprises in the order of ids; `relevant` is a subset of `candidates`.
    warm : bool
        Whether something relevant is left to learn from for this need.
    """

    need_id: str
    fold: int
    candidates: NDArray[np.bool_]
    relevant: NDArray[np.bool_]
    warm: bool

    @classmethod
    def among(
        cls,
        candidates: NDArray[np.bool_],
        hidden: NDArray[np.bool_],
        *,
        need_id: str,
        fold: int,
        warm: bool,
    ) -> Self:
        """Return the case in which the hidden enterprises are to be found among candidates."""
        return cls(
            need_id=need_id,
            fold=fold,
            candidates=candidates,
            relevant=hidden & candidates,
            warm=warm,
        )

    def is_judgeable(self, least: int = MIN_RELEVANT) -> bool:
        """Return whether there are at least `least` relevant candidates."""
        return int(self.relevant.sum()) >= least


@dataclass(frozen=True)
class ScoredCase:
    """A case with the factors' values, from which weights are learnt.

    For a large pool only the best candidates are kept, see `training.trials`.

    Attributes
    ----------
    need : int
        Row of the need.
    fold : int
    parts : ndarray of shape (factors, kept candidates)
        Standardised scores.
    baseline : ndarray of shape (kept candidates,)
        Character TF-IDF.
    relevant : ndarray of bool, shape (kept candidates,)
    need_id : str
    held : ndarray of str
        Ids of the relevant enterprises.
    among : int
        The number of candidates, kept or not.
    """

    need: int
    fold: int
    parts: NDArray[np.float64]
    baseline: NDArray[np.float64]
    relevant: NDArray[np.bool_]
    need_id: str
    held: NDArray[np.str_]
    among: int
