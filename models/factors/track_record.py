"""Track record and place: factors learnt from the deals that enterprises have made.

Both factors are learnt from the workspace's own dated events, and both are logarithms of counts:
their sum is the logarithm of a product, so that industry and place both have to match. An
enterprise without a deal has no track record, good or bad: NaN.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.enterprises.history import Deals, date_at, deal_place, subject_of, years
from features.structures.ordered import found_in
from models.factor import Factor
from models.factors.conditional_logit import Weights, learn, of_industry, of_place
from models.factors.deal_counts import DealCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

MIN_DEALS = 50
"""With fewer deals a pattern cannot be separated from chance, and both factors do not apply."""

_LEAST_SPREAD = 1e-9


class DealRows(NamedTuple):
    """Rows of the pool that have deals, and their columns of the counts; `size` of the pool."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    size: int


class DealHistory:
    """The basis of both factors: the deals, and their weights.

    Attributes
    ----------
    deals_ : Deals
    weights_ : Weights
    """

    def fit(self, deals: Deals, *, as_of: date, seed: int = 0) -> DealHistory:
        """Learn from the deals made by a day; with fewer than `MIN_DEALS`, nothing is fitted."""
        today = years(as_of)
        made = deals.chosen(deals.dates <= today)
        self.count_ = len(made)
        if len(made) >= MIN_DEALS:
            self._set(made, learn(made, today, MIN_DEALS, seed), today)
        return self

    @property
    def fitted(self) -> bool:
        """Whether there were enough deals to learn from."""
        return hasattr(self, "tally_")

    @property
    def note(self) -> str | None:
        """Why both factors do not apply, None if they do."""
        if self.fitted:
            return None
        count = getattr(self, "count_", 0)
        return f"{count} dated deals of needs known here, and it takes {MIN_DEALS}"

    def prepare(self, pool: PoolFeatures) -> DealRows | None:
        """Return the rows of the pool that have deals."""
        if not self.fitted:
            return None
        return DealRows(*found_in(pool.ids, self.tally_.enterprises), len(pool))

    def evidence(self, need: NeedFeatures, enterprise_id: str) -> dict[str, Any]:
        """Return how an enterprise's deals relate to a need.

        Returns
        -------
        dict
            `deals`; of them `industry`, `zone` and `area` (elsewhere in its region or province);
            `last`, the year of the last one, None without any. Empty if not fitted.
        """
        if not self.fitted:
            return {}
        own = self.deals_.chosen(self.deals_.enterprises == enterprise_id)
        subject, place = subject_of(need), deal_place(need)
        places = [own.place_list[row] for row in own.places]
        here = [bool(p.zone_id) and p.zone_id == place.zone_id for p in places]
        around = [bool({*p.areas} & {*place.areas}) for p in places]
        return {
            "deals": len(own),
            "industry": sum(
                own.subject_list[row].industry == subject.industry for row in own.subjects
            ),
            "zone": sum(here),
            "area": sum(a and not h for a, h in zip(around, here, strict=True)),
            "last": date_at(float(own.dates.max())).year if len(own) else None,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return deals, weights and day, to be saved; empty if not fitted."""
        if not self.fitted:
            return {}
        learnt = {"weights": np.array(self.weights_), "as_of": np.array(self.as_of_)}
        return {**self.deals_.arrays(), **learnt}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> DealHistory:
        """Restore from the result of `arrays`."""
        if arrays:
            weights = Weights(*arrays["weights"].tolist())
            self._set(Deals.restore(arrays), weights, float(arrays["as_of"]))
        return self

    def _set(self, deals: Deals, weights: Weights, as_of: float) -> None:
        self.deals_, self.weights_, self.as_of_ = deals, weights, as_of
        self.count_ = len(deals)
        self.tally_ = DealCounts(deals, as_of)


class _OfHistory(Factor):
    """A factor that reads a history; the fitted arrays are saved with the history."""

    def __init__(self, history: DealHistory) -> None:
        self.history = history

    def prepare(self, pool: PoolFeatures) -> DealRows | None:
        """Return the rows of the pool that have deals."""
        return self.history.prepare(pool)

    def _spread(self, found: NDArray[np.float64], prepared: DealRows) -> NDArray[np.float64] | None:
        """Expand scores to the whole pool; None if no enterprise has such a deal."""
        if not found[prepared.columns].any():
            return None
        scores = np.full(prepared.size, np.nan)
        scores[prepared.rows] = found[prepared.columns]
        return scores


class TrackRecord(_OfHistory):
    """Deals in the need's industry, weighted by recency, and in related industries."""

    name = "track_record"

    def score(self, need: NeedFeatures, prepared: DealRows | None) -> NDArray[np.float64] | None:
        """Return log-odds relative to an enterprise with deals, but none of this kind."""
        if prepared is None:
            return None
        terms = self.history.tally_.industry(subject_of(need))
        return self._spread(of_industry(terms, self.history.weights_), prepared)


class PlaceAffinity(_OfHistory):
    """Deals in the need's zone, elsewhere in the region or province, and near by."""

    name = "place_affinity"

    def score(self, need: NeedFeatures, prepared: DealRows | None) -> NDArray[np.float64] | None:
        """Return log-odds relative to an enterprise with deals, but none in this area."""
        if prepared is None:
            return None
        terms = self.history.tally_.place(deal_place(need))
        return self._spread(of_place(terms, self.history.weights_), prepared)


class HistoryScorer:
    """Both factors, prepared for one pool."""

    names = (TrackRecord.name, PlaceAffinity.name)

    def __init__(self, history: DealHistory, pool: PoolFeatures) -> None:
        self._factors = (TrackRecord(history), PlaceAffinity(history))
        self._prepared = history.prepare(pool)
        self._size = len(pool)
        self._taken: NDArray[np.intp] | None = None

    def take(self, rows: NDArray[np.intp]) -> HistoryScorer:
        """Return the same for some rows of the pool, on the scale of the whole pool.

        The few enterprises with deals are always all read: a sample of the pool hardly has any.
        """
        taken = copy(self)
        taken._taken = rows
        return taken

    @property
    def known(self) -> NDArray[np.intp]:
        """The rows of the pool that have deals."""
        return np.empty(0, dtype=np.intp) if self._prepared is None else self._prepared.rows

    def parts(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return both factors on one scale, shape (2, n), whose sum is one z-score."""
        if self._taken is None or self._prepared is None:
            scores = [factor.score(need, self._prepared) for factor in self._factors]
            return standardise_together(
                scores, self._size if self._taken is None else self._taken.size
            )
        parts = np.zeros((len(self._factors), len(self._taken)))
        known = self._prepared.rows
        if not len(known):
            return parts
        dense = self._prepared._replace(rows=np.arange(len(known)), size=len(known))
        scores = [factor.score(need, dense) for factor in self._factors]
        at, found = found_in(known, self._taken)
        parts[:, found] = standardise_together(scores, len(known))[:, at]
        return parts


def standardise_together(
    scores: Sequence[NDArray[np.float64] | None], size: int
) -> NDArray[np.float64]:
    """Return factors on a common scale, shape (factors, size), whose sum is one z-score.

    Each is centred over the known entries, and all are divided by the standard deviation of their
    sum, so that their learnt ratio is kept for every need. Unknown entries are 0.
    """
    parts = np.zeros((len(scores), size))
    known = np.zeros(size, dtype=bool)
    for row, values in enumerate(scores):
        if values is not None:
            own = ~np.isnan(values)
            parts[row, own] = values[own] - values[own].mean()
            known |= own
    spread = parts[:, known].sum(axis=0).std() if known.any() else 0.0
    return parts / spread if spread > _LEAST_SPREAD else np.zeros_like(parts)
