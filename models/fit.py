"""Fit: whether an enterprise answers a need at all, apart from how it ranks.

A rank only compares, even in a list in which nothing fits. Fit is absolute: a logistic regression
on how well items, text and topics hold the need's words, learnt on graded judgements of phrases
that officials type (see `training.fit_levels`). It is `strong`, `partial` or `weak`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.compact import dot, rows_of, single
from features.understanding import NO_PRODUCT
from models.word_match import Items

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

EVIDENCE = ("best_match", "coverage", "focus", "best_text", "text", "topic", "no_items")
LEVELS = ("strong", "partial", "weak")
JUDGED = 10
"""How many leads a list is judged by: the first ones."""
SCORE_SPREAD = 3.0
"""Raw scores by which `score` moves from 0.5 to 0.73."""


class FitModel(NamedTuple):
    """A logistic regression on `EVIDENCE`, and where its levels begin.

    Attributes
    ----------
    weights : tuple of float, one for each of `EVIDENCE`
    intercept : float
    strong, partial : float
        The probability from which on an enterprise is strong, or partial.
    """

    weights: tuple[float, ...]
    intercept: float
    strong: float
    partial: float

    def probabilities(self, evidence: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how probably each enterprise would be judged to answer the need, shape (k,)."""
        logits = evidence @ np.array(self.weights) + self.intercept
        return np.asarray(1 / (1 + np.exp(-logits)))

    def levels(self, probabilities: NDArray[np.float64]) -> list[str]:
        """Return the level of each."""
        cuts = np.digitize(probabilities, [self.partial, self.strong])
        return [LEVELS[2 - at] for at in cuts.tolist()]


SHIPPED = FitModel(
    (1.961, 0.561, 0.985, 1.299, 0.075, 1.987, 0.464), -1.722, strong=0.77, partial=0.215
)
"""Learnt on the grades of 39 phrases over two pools, one with products and one with scopes, and 60
enterprises at random for each as ungraded noes with weight 0.15; `make bench ARGS=fit` learns it
again, by `training.fit_levels`, and checks it out of fold."""


def score_of(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map raw scores into 0 to 1 by a logistic function: monotone, and not a probability."""
    return np.asarray(1 / (1 + np.exp(-raw / SCORE_SPREAD)))


def constant(need: NeedFeatures, pool: PoolFeatures, raw: NDArray[np.float64]) -> float:
    """Return what every raw score of a list is moved by, so that `score` follows fit.

    The mean raw score of the first ten becomes that whose `score` is their mean probability of
    being judged to answer the need: a list in which nothing fits begins low.

    Parameters
    ----------
    need : NeedFeatures
    pool : PoolFeatures of n enterprises
    raw : ndarray of shape (n,)
    """
    first = np.argsort(-raw, kind="stable")[:JUDGED]
    if not len(first):
        return 0.0
    likely = SHIPPED.probabilities(fit_evidence(need, pool, first)).mean()
    return float(SCORE_SPREAD * np.log(likely / (1 - likely)) - raw[first].mean())


def fit_evidence(
    need: NeedFeatures, pool: PoolFeatures, rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the evidence of some enterprises, shape (k, len(EVIDENCE)), each from 0 to 1.

    The best match of any word with an item, how much of all words the items cover, how many of the
    items are of the words; the best and the mean cosine of a word with the whole text; the mean one
    with its topics; 1 where no item is known, for of such an enterprise less can be matched.
    Nothing is evidence for a need that names no product, whatever letters it shares with a name.
    """
    found = np.zeros((len(rows), len(EVIDENCE)), dtype=np.float32)
    if not len(rows) or NO_PRODUCT in need.understood.notes:
        return found
    share = need.weights / max(float(need.weights.sum()), 1e-9)
    text = single(rows_of(pool.views["text"], rows)) @ need.views["text"].T
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
        found[items.known, 1] = best @ share
        found[items.known, 2] = items.focus
    return found
