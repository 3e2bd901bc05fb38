"""How much an enterprise's deals say of its next one, learnt from their own order in time.

A conditional logit (McFadden, "Conditional logit analysis of qualitative choice behavior", 1974):
of the enterprises known on a day, the chance that one makes a deal that a need asks for is
proportional to (ε + its deals in the industry) ^ a × (ε + its deals at the place) ^ b. A product,
so that a lead has to suit both: many deals in the industry do not make up for none in the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.deal_counts import DealCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from features.history import Deals

EPSILON = 0.2
"""What having no deal at all counts: so much less than one deal, and not nothing."""

PRIOR = {
    "industry": 1.0,
    "place": 0.7,
    "branch": 0.2,
    "related": 0.05,
    "area": 0.2,
    "near": 0.2,
}
"""The exponents of both sides, and what a deal elsewhere counts beside one in the very industry or
zone. Measured on outbound deals, `branch` stated; held where a workspace has too few deals."""

_HORIZON_YEARS = 3.0
_STEP_YEARS = 0.5
_STIFFNESS = 10.0
_MOST_NEEDS = 200
_MOST_CANDIDATES = 1_000


class Weights(NamedTuple):
    """What `PRIOR` names."""

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
    """What was known on a day, and who made the deals of the years after it.

    `industry` and `place` have shape (needs, 3, candidates); `made` has rows that sum to 1.
    """

    industry: NDArray[np.float64]
    place: NDArray[np.float64]
    made: NDArray[np.float64]


def rounds(deals: Deals, as_of: float, least: int, seed: int = 0) -> Iterator[ChoiceSet]:
    """Go back in time by half a year at once, as long as `least` deals are left to know.

    Nothing of a round's years after its day is used in what was known, and nothing after `as_of`
    at all.
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
    """Return the weights under which the deals made were the likeliest.

    Every need of a round counts the same, a deal once though it is in several rounds. The weights
    are positive; their logarithms are held to those of the prior by `_STIFFNESS` times the squared
    difference, so that few deals leave them as they are.

    Parameters
    ----------
    deals : Deals
    as_of : float
        Years since 1970.
    least : int
        How many deals must be known on the day of a round.
    seed : int
        Needs and candidates of a very large round are a sample.
    """
    from scipy.optimize import minimize  # slow to import, and for training alone

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
    """Return the enterprises that made deals, numbered by id, in an order that follows from when.

    What is drawn is drawn in this order, so that an id is only a name.
    """
    _, columns, counts = np.unique(deals.enterprises, return_inverse=True, return_counts=True)
    return np.lexsort((np.bincount(columns, deals.dates), counts))


def _round(
    known: DealCounts, order: NDArray[np.intp], after: Deals, generator: np.random.Generator
) -> ChoiceSet | None:
    """Return the round of the needs that known enterprises answered, None without any."""
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
    """Return minus the log-likelihood of a round, and its slopes in the logs of the weights."""
    industry, place = of_industry(one.industry, weights), of_place(one.place, weights)
    logits = industry + place
    logits -= logits.max(axis=1, keepdims=True)
    likely = np.exp(logits)
    total = likely.sum(axis=1, keepdims=True)
    gap = likely / total - one.made

    def slope(scale: float, share: float, part: Any, log: Any) -> float:
        """Of a share's part within the logarithm: scale × share × part / (ε + deals)."""
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
