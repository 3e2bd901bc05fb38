"""Weights of an enterprise's past deals for its next one, learnt from their order in time.

A conditional logit (McFadden, "Conditional logit analysis of qualitative choice behavior", 1974):
among the enterprises known on a day, the probability that one makes a deal for a need is
proportional to (ε + its deals in the industry) ^ a × (ε + its deals at the place) ^ b. As a product
it requires both: many deals in the industry do not compensate for none at the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.factors.deal_counts import DealCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from features.enterprises.history import Deals

EPSILON = 0.2
"""ε, the count without any deal: much less than one deal, but not zero."""

PRIOR = {
    "industry": 1.0,
    "place": 0.7,
    "branch": 0.2,
    "related": 0.05,
    "area": 0.2,
    "near": 0.2,
}
"""The exponents of industry and place, and the weight of a related deal relative to one in the same
industry or zone. Estimated on outbound deals, except `branch`; the default for a workspace with too
few deals."""

_HORIZON_YEARS = 3.0
_STEP_YEARS = 0.5
_STIFFNESS = 10.0
_MOST_NEEDS = 200
_MOST_CANDIDATES = 1_000


class Weights(NamedTuple):
    """The names of `PRIOR`."""

    industry: float
    place: float
    branch: float
    related: float
    area: float
    near: float


def of_industry(terms: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Return a ln(1 + deals / ε): 0 without any deal in the industry; terms of shape (…, 3, m)."""
    own, branch, related = np.moveaxis(terms, -2, 0)
    found = own + weights.branch * branch + weights.related * related
    return np.asarray(weights.industry * np.log1p(found / EPSILON))


def of_place(terms: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Return b ln(1 + deals / ε): 0 without any deal at the place; terms of shape (…, 3, m)."""
    own, area, near = np.moveaxis(terms, -2, 0)
    found = own + weights.area * area + weights.near * near
    return np.asarray(weights.place * np.log1p(found / EPSILON))


class ChoiceSet(NamedTuple):
    """The counts known on a day, and the deals of the following years.

    `industry` and `place` have shape (needs, 3, candidates); `made` has rows that sum to 1.
    """

    industry: NDArray[np.float64]
    place: NDArray[np.float64]
    made: NDArray[np.float64]


def rounds(deals: Deals, as_of: float, least: int, seed: int = 0) -> Iterator[ChoiceSet]:
    """Yield rounds, going back half a year at a time, as long as `least` deals remain known.

    The counts of a round use no deal after its day, and no deal after `as_of` is used at all.
    """
    generator = np.random.default_rng(seed)
    day = as_of - _STEP_YEARS
    while (deals.dates < day).sum() >= least:
        before = deals.chosen(deals.dates < day)
        end = min(day + _HORIZON_YEARS, as_of)
        after = deals.chosen((deals.dates >= day) & (deals.dates < end))
        found = _round(DealCounts(before, day), _by_content(before), after, generator)
        if found is not None:
            yield found
        day -= _STEP_YEARS


def learn(deals: Deals, as_of: float, least: int, seed: int = 0) -> Weights:
    """Return the weights that maximise the likelihood of the deals.

    Every need of a round has the same weight; a deal in several rounds counts once. Weights are
    positive. Their logarithms are penalised by `_STIFFNESS` times the squared difference from the
    prior's, so that few deals hardly change them.

    Parameters
    ----------
    deals : Deals
    as_of : float
        Years since 1970.
    least : int
        Minimum number of deals known on the day of a round.
    seed : int
        For sampling the needs and candidates of a very large round.
    """
    from scipy.optimize import minimize  # slow to import, and only needed in training

    seen = list(rounds(deals, as_of, least, seed))
    prior = np.log(list(PRIOR.values()))

    def loss(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = Weights(*np.exp(logs).tolist())
        gap = logs - prior
        total, slope = _STIFFNESS * float(gap @ gap), 2 * _STIFFNESS * gap
        for one in seen:
            added, sloped = _surprise(one, weights)
            total += added * _STEP_YEARS / _HORIZON_YEARS
            slope += sloped * _STEP_YEARS / _HORIZON_YEARS
        return total, slope

    found = minimize(loss, prior, jac=True, method="L-BFGS-B") if seen else None
    return Weights(*(np.exp(prior) if found is None else np.exp(found.x)).tolist())


def _by_content(deals: Deals) -> NDArray[np.intp]:
    """Return the enterprises with deals, numbered by id, in an order that follows from their dates.

    Sampling follows this order, so that it does not depend on ids.
    """
    _, columns, counts = np.unique(deals.enterprises, return_inverse=True, return_counts=True)
    return np.lexsort((np.bincount(columns, deals.dates), counts))


def _round(
    known: DealCounts, order: NDArray[np.intp], after: Deals, generator: np.random.Generator
) -> ChoiceSet | None:
    """Return the round of the needs with deals by known enterprises, None without any."""
    at = np.searchsorted(known.enterprises, after.enterprises)
    at[at == len(known.enterprises)] = 0
    again = (known.enterprises[at] == after.enterprises) & np.array(
        [bool(after.subject_list[row].industry) for row in after.subjects], dtype=bool
    )
    pairs = np.unique(np.stack([after.subjects, after.places, at])[:, again], axis=1)
    if not pairs.size:
        return None
    asked, need_of = np.unique(pairs[:2], axis=1, return_inverse=True)
    if asked.shape[1] > _MOST_NEEDS:
        kept = np.sort(generator.choice(asked.shape[1], _MOST_NEEDS, replace=False))
        asked, inside = asked[:, kept], np.isin(need_of, kept)
        pairs, need_of = pairs[:, inside], np.searchsorted(kept, need_of[inside])
    columns = np.arange(len(known.enterprises))
    if len(columns) > _MOST_CANDIDATES:
        sample = generator.choice(order, _MOST_CANDIDATES, replace=False)
        columns = np.union1d(sample, pairs[2])
    made = np.zeros((asked.shape[1], len(columns)))
    made[need_of, np.searchsorted(columns, pairs[2])] = 1
    subjects, places = after.subject_list, after.place_list
    return ChoiceSet(
        np.stack([known.industry(subjects[row])[:, columns] for row in asked[0]]),
        np.stack([known.place(places[row])[:, columns] for row in asked[1]]),
        made / made.sum(axis=1, keepdims=True),
    )


def _surprise(one: ChoiceSet, weights: Weights) -> tuple[float, NDArray[np.float64]]:
    """Return a round's negative log-likelihood, and its gradient in the logs of the weights."""
    industry, place = of_industry(one.industry, weights), of_place(one.place, weights)
    logits = industry + place
    logits -= logits.max(axis=1, keepdims=True)
    likely = np.exp(logits)
    total = likely.sum(axis=1, keepdims=True)
    gap = likely / total - one.made

    def slope(scale: float, share: float, part: Any, log: Any) -> float:
        """Return the gradient of a share in the logarithm: scale × share × part / (ε + deals)."""
        return float((gap * scale * share * part / (EPSILON * np.exp(log / scale))).sum())

    surprise = float((one.made * (np.log(total) - logits)).sum())
    return surprise, np.array(
        [
            (gap * industry).sum(),
            (gap * place).sum(),
            slope(weights.industry, weights.branch, one.industry[:, 1], industry),
            slope(weights.industry, weights.related, one.industry[:, 2], industry),
            slope(weights.place, weights.area, one.place[:, 1], place),
            slope(weights.place, weights.near, one.place[:, 2], place),
        ]
    )
