"""The project's own ranker, in a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.presence import Presence
from features.residents import Residents
from models.settings import DEFAULTS, ModelSettings
from training.fitting import fit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from features.space.space import FeatureSpace
    from training.rounds import Round
    from training.tasks import EvaluationQuestion

STACK = "lianzhao"
_PLACED = ("events", "zones", "needs")


class Stack:
    """The project's own ranker, refitted on every task.

    Parameters
    ----------
    settings : ModelSettings
        The settings of `train`.
    """

    name = STACK
    gloss = "链招"

    def __init__(self, settings: ModelSettings = DEFAULTS) -> None:
        self.parameters = settings

    def settings(self) -> dict[str, Any]:
        """Return the settings that differ from the defaults."""
        return self.parameters.changed()

    def fit(self, ground: Round) -> Stack:
        """Fit everything on the remaining data."""
        return self._fit(ground, ground.space)

    def without_thesaurus(self, ground: Round) -> Stack | None:
        """Return another stack, fitted without concepts; None if that is not possible."""
        return Stack(self.parameters)._fit(ground, ground.space.without_thesaurus())

    def _fit(self, ground: Round, space: FeatureSpace) -> Stack:
        task = ground.task
        fitted = fit(
            task.data,
            ground.store,
            today=task.as_of,
            seed=ground.seed,
            settings=self.parameters,
            progress=ground.progress,
            prepared=(space, ground.pool),
        )
        self.words_ = ground.words
        self.space_, self.bound_ = fitted.ranker.space, fitted.ranker.bind(fitted.pool)
        self.factors_ = fitted.ranker.blend.factors
        tables = {name: getattr(task.data, name) for name in _PLACED}
        residents = Residents.of(task.data.enterprises)
        self.presence_ = Presence(self.space_, fitted.pool, residents, **tables)
        return self

    def contributions(self, question: EvaluationQuestion) -> NDArray[np.float64]:
        """Return the contributions to the raw scores, shape (factors, n), as in serving."""
        return self.bound_.contributions(self._need(question))

    def alone(self, question: EvaluationQuestion) -> NDArray[np.float64]:
        """Return each factor's own scores, without the constant and regardless of weights."""
        return self.bound_.alone(self._need(question))

    def _need(self, question: EvaluationQuestion) -> NeedFeatures:
        query = question.query
        return self.space_.need(
            query,
            question.zone or None,
            present=self.presence_.of(query.zone_id),
            keep=True,
            words_of_model=self.words_.get(query.need_id or ""),
        )
