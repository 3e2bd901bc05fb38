"""Fit: whether an enterprise answers a need at all, independent of its rank.

A rank only compares, even in a list where nothing fits. Fit is absolute: a logistic regression on
how well items, text and topics match the need's words, learnt on graded judgements of phrases typed
by officials (see `training.fit_levels`). It is `strong`, `partial` or `weak`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.structures.compact import dot
from features.words.kinds import SIBLING
from features.words.understanding import NO_PRODUCT
from models.factors.word_match import Items, KindsOfItems

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

EVIDENCE = (
    *("best_match", "coverage", "focus", "best_text", "text", "topic", "no_items"),
    *("best_kind", "kinds"),
)
LEVELS = ("strong", "partial", "weak")
JUDGED = 10
"""How many of the first leads the level of a list's scores follows."""
SCORE_SPREAD = 3.0
"""The difference of raw scores that moves `score` from 0.5 to 0.73."""


class FitModel(NamedTuple):
    """A logistic regression on `EVIDENCE`, and the thresholds of its levels.

    Attributes
    ----------
    weights : tuple of float, one for each of `EVIDENCE`
    intercept : float
    strong, partial : float
        Minimum probability of the levels strong and partial.
    """

    weights: tuple[float, ...]
    intercept: float
    strong: float
    partial: float

    def probabilities(self, evidence: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability that each enterprise is judged to answer the need, shape (k,)."""
        logits = evidence @ np.array(self.weights) + self.intercept
        return np.asarray(1 / (1 + np.exp(-logits)))

    def levels(self, probabilities: NDArray[np.float64]) -> list[str]:
        """Return the level of each probability."""
        cuts = np.digitize(probabilities, [self.partial, self.strong])
        return [LEVELS[2 - at] for at in cuts.tolist()]


SHIPPED = FitModel(
    (1.097, 0.691, 0.546, 1.020, 0.414, 1.781, 0.631, 0.903, 1.192),
    -1.853,
    strong=0.77,
    partial=0.215,
)
"""Learnt on the grades of 39 phrases over two pools, one with products and one with scopes, and 60
enterprises at random for each as ungraded noes with weight 0.15; `make bench ARGS=fit` learns it
again, by `training.fit_levels`, and checks it out of fold."""


def score_of(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map raw scores into 0 to 1 by a logistic function: monotone, and not a probability."""
    return np.asarray(1 / (1 + np.exp(-raw / SCORE_SPREAD)))


def constant(
    need: NeedFeatures,
    pool: PoolFeatures,
    raw: NDArray[np.float64],
    rows: NDArray[np.intp] | None = None,
) -> float:
    """Return the constant added to every raw score of a list, so that `score` follows fit.

    With it, the `score` of the first ten's mean raw score equals their mean probability of being
    judged to answer the need: the scores of a list in which nothing fits start low.

    Parameters
    ----------
    need : NeedFeatures
    pool : PoolFeatures
    raw : ndarray of shape (n,)
    rows : ndarray of int, shape (n,), optional
        The rows of the pool that `raw` is for; all by default.
    """
    first = np.argsort(-raw, kind="stable")[:JUDGED]
    if not len(first):
        return 0.0
    evidence = fit_evidence(need, pool, first if rows is None else rows[first])
    likely = SHIPPED.probabilities(evidence).mean()
    return float(SCORE_SPREAD * np.log(likely / (1 - likely)) - raw[first].mean())


def fit_evidence(
    need: NeedFeatures, pool: PoolFeatures, rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the evidence of some enterprises, shape (k, len(EVIDENCE)), each from 0 to 1.

    The best match of any word with an item, the share of words that the items cover, the share of
    items that match words; the best and the mean cosine of a word with the whole text; the mean one
    with its topics; 1 if no item is known, since less of such an enterprise can match; by the
    thesaurus the best item's worth as a kind of what is wanted, where a sibling is as good, and the
    mean worth of all items. All are 0 for a need that names no product, whatever characters it
    shares with a name.
    """
    found = np.zeros((len(rows), len(EVIDENCE)), dtype=np.float32)
    if not len(rows) or NO_PRODUCT in need.understood.notes:
        return found
    share = need.weights / max(float(need.weights.sum()), 1e-9)
    text = pool.views["text"][rows] @ need.views["text"].T
    cosines = np.asarray(text.toarray(), dtype=np.float32)
    topics = pool.views["topics"][rows]
    found[:, 3], found[:, 4] = cosines.max(axis=1), dot(cosines, share)
    found[:, 5] = dot(topics, share @ need.views["topics"]).clip(0)
    weights = pool.products.weights[rows]
    found[:, 6] = np.diff(weights.indptr) == 0
    if weights.nnz:
        items = Items(weights, pool.product_grams).by_enterprise(need)
        best, counted = items.best(), np.minimum(need.weights, 1)
        found[items.known, 0] = (best * counted).max(axis=1)
        found[items.known, 1] = np.vecdot(best, share)
        found[items.known, 2] = items.focus
        if need.kinds is not None:
            kinds = KindsOfItems(weights, pool.product_kinds)
            worths = kinds.worths(need.kinds)
            found[kinds.known, 7] = np.minimum(kinds.best(worths) / SIBLING, 1)
            found[kinds.known, 8] = kinds.shares(worths)
    return found
