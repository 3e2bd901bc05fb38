"""How far what an enterprise makes is typical of each industry of the lexicon.

A product fits an industry as well as it resembles the nearest of the industry's typical products
(the late interaction of ColBERT: Khattab and Zaharia, SIGIR 2020): the cube of their cosine, so
that only near ones count. An enterprise fits as its products do on average, each weighted by the
root of its revenue share.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.text import WeightedTexts

_PRODUCTS, _INDUSTRIES = 2_048, 64
"""Compared at once: few enough for their cosines to stay in the processor's cache."""


def industry_fit(
    products: WeightedTexts,
    product_vectors: NDArray[np.float32],
    typical: NDArray[np.float32],
    starts: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the fit of every enterprise to every industry.

    Parameters
    ----------
    products : WeightedTexts
        n enterprises by m distinct products.
    product_vectors : ndarray of shape (m, d)
        Unit vectors.
    typical : ndarray of shape (t, d)
        Unit vectors of the industries' typical products, industry by industry.
    starts : ndarray of shape (industries,)
        Where each industry's begin.

    Returns
    -------
    ndarray of shape (industries, n), float32
        0 to 1; zeros for an enterprise without products.
    """
    weights = sparse.csc_array(products.weights)
    said = []
    for first in range(0, len(product_vectors), _PRODUCTS):
        own = slice(first, first + _PRODUCTS)
        of_rows = sparse.csr_array(weights[:, own])
        rows = np.flatnonzero(np.diff(of_rows.indptr))
        said.append((product_vectors[own], rows, of_rows[rows]))
    total = np.asarray(weights.sum(axis=1), dtype=np.float32)
    total[total == 0] = 1
    ends = np.append(starts, len(typical))
    fit = np.empty((len(starts), len(total)), dtype=np.float32)

    def compare(first: int) -> None:
        here = ends[first : first + _INDUSTRIES + 1]
        vectors = typical[here[0] : here[-1]].T
        found = np.zeros((len(total), len(here) - 1), dtype=np.float32)
        for product, rows, of_rows in said:
            nearest = np.maximum.reduceat(product @ vectors, here[:-1] - here[0], axis=1)
            np.clip(nearest, 0, 1, out=nearest)
            found[rows] += of_rows @ (nearest * nearest * nearest)
        fit[first : first + _INDUSTRIES] = (found / total[:, None]).T

    with ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(compare, range(0, len(starts), _INDUSTRIES)))
    return fit
