"""Character and word TF-IDF of weighted texts, and its latent semantic analysis (LSA)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import rjieba
from scipy import sparse

from features.words.normal import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from features.texts.text import WeightedTexts

Arrays = dict[str, "NDArray[Any]"]
_LEAST_SINGULAR = 1e-4
"""Singular values below this share of the largest are rounding noise in single precision."""


def characters(text: str, longest: int = 3) -> list[str]:
    """Return the character 1-n-grams of a text in its normal form, none across white space."""
    parts = normal(text).split()
    return [
        part[at : at + size]
        for part in parts
        for size in range(1, longest + 1)
        for at in range(len(part) - size + 1)
    ]


def pairs(text: str) -> list[str]:
    """Return the character 1-2-grams of a text."""
    return characters(text, 2)


def words(text: str) -> list[str]:
    """Return the words of a Chinese or Latin text, lower case, single characters left out."""
    return [word for word in rjieba.cut(text.lower()) if len(word.strip()) > 1]


class TokenWeights:
    """TF-IDF over one kind of token.

    A document is a row of a `WeightedTexts`: token counts are summed over its texts with their
    weights, multiplied by idf = 1 + ln((1 + n) / (1 + df)) (scikit-learn's smoothed form) and
    scaled to unit length.

    Parameters
    ----------
    analyse : callable
        Tokenises a text.
    min_documents : int
        Minimum document frequency of a token.
    """

    def __init__(self, analyse: Callable[[str], list[str]], min_documents: int = 2) -> None:
        self.analyse = analyse
        self.min_documents = min_documents

    def fit(self, documents: Sequence[WeightedTexts]) -> Self:
        """Fit tokens and idf on one or more sets of texts over the same rows."""
        self.fit_counts(documents)
        return self

    def fit_counts(self, documents: Sequence[WeightedTexts]) -> list[sparse.csr_array]:
        """Fit, and return the `counts` of every set, reading each text once."""
        column: dict[str, int] = {}
        stated = [self._said(part.texts, column, grow=True) for part in documents]
        for own in stated:
            own.resize(own.shape[0], len(column))
        counts = sum(part.weights @ own for part, own in zip(documents, stated, strict=True))
        documents_with = np.bincount(counts.indices, minlength=len(column))
        rows = counts.shape[0]
        del counts
        names = np.array(list(column), dtype=np.str_)
        order = np.argsort(names)
        kept = order[documents_with[order] >= self.min_documents]
        idf = 1 + np.log((1 + rows) / (1 + documents_with[kept]))
        self._set(names[kept], idf.astype(np.float32))
        found = []
        for part, own in zip(documents, stated, strict=True):
            ordered = own[:, kept]
            ordered.sort_indices()
            found.append(sparse.csr_array(part.weights @ ordered))
        return found

    def counts(self, part: WeightedTexts) -> sparse.csr_array:
        """Return the weighted count of every token per row, shape (n, tokens)."""
        return sparse.csr_array(part.weights @ self._said(part.texts, self._column))

    def counts_of(self, texts: Sequence[str]) -> sparse.csr_array:
        """Return the count of every token per text, shape (texts, tokens)."""
        return self._said(texts, self._column)

    def weigh(self, counts: sparse.csr_array, *, norm: float = 1.0) -> sparse.csr_array:
        """Return sublinear TF-IDF rows of counts; a row without any known token stays zero.

        A count c becomes 1 + ln c (below 1, c), and each row is divided by its length to the power
        `norm`: 1 gives unit rows, with less longer rows stay longer.
        """
        rows = counts.astype(np.float32)
        rows.data = np.where(rows.data > 1, 1 + np.log(np.maximum(rows.data, 1)), rows.data)
        rows.data *= self.idf_[rows.indices]
        return unit_sparse_rows(rows, norm).astype(np.float32)

    def arrays(self) -> Arrays:
        """Return the fitted arrays, to be saved."""
        return {"tokens": self.tokens_, "idf": self.idf_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        self._set(arrays["tokens"], arrays["idf"])
        return self

    def _set(self, tokens: NDArray[np.str_], idf: NDArray[np.float32]) -> None:
        self.tokens_ = tokens
        self.idf_ = idf
        self._column = {token: at for at, token in enumerate(tokens.tolist())}

    def _said(
        self, texts: Sequence[str], column: dict[str, int], *, grow: bool = False
    ) -> sparse.csr_array:
        """Return the count of every token per text, shape (texts, tokens).

        With `grow` a new token gets the next column, otherwise it is ignored.
        """
        indices, starts = array("i"), [0]
        for text in texts:
            tokens = self.analyse(text)
            if grow:
                indices.extend([column.setdefault(token, len(column)) for token in tokens])
            else:
                indices.extend([column[token] for token in tokens if token in column])
            starts.append(len(indices))
        stated = sparse.csr_array(
            (np.ones(len(indices), dtype=np.float32), np.array(indices, dtype=np.int32), starts),
            shape=(len(texts), len(column)),
        )
        stated.sum_duplicates()
        return stated


class LatentSemantics:
    """LSA: the leading singular directions of TF-IDF rows, each row scaled to unit length.

    Deerwester et al., "Indexing by latent semantic analysis", JASIS 41 (1990).

    Parameters
    ----------
    dimensions : int
        Maximum number; fewer if the rank of the matrix is lower.
    seed : int
        For the randomised solver.
    """

    def __init__(self, dimensions: int = 400, seed: int = 0) -> None:
        self.dimensions = dimensions
        self.seed = seed

    def fit(self, rows: sparse.csr_array) -> Self:
        """Fit the directions on TF-IDF rows."""
        size = min(self.dimensions, *rows.shape)
        if size < 2 or not rows.nnz:
            self.directions_ = np.zeros((rows.shape[1], 0), dtype=np.float32)
            return self
        from sklearn.decomposition import (
            TruncatedSVD,
        )  # slow to import, and only needed in training

        # Equal rows have no variance to explain.
        with np.errstate(invalid="ignore", divide="ignore"):
            svd = TruncatedSVD(size, n_iter=3, random_state=self.seed).fit(rows)
        # For equal rows all but the first directions are rounding noise.
        shown = svd.singular_values_ > _LEAST_SINGULAR * svd.singular_values_.max(initial=0)
        self.directions_ = np.ascontiguousarray(svd.components_[shown].T, dtype=np.float32)
        return self

    def transform(self, rows: sparse.csr_array) -> NDArray[np.float32]:
        """Return unit rows, shape (n rows, dimensions)."""
        return unit_rows(np.asarray(rows @ self.directions_, dtype=np.float32))

    def arrays(self) -> Arrays:
        """Return the fitted arrays, to be saved."""
        return {"directions": self.directions_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        self.directions_ = arrays["directions"]
        return self


def unit_sparse_rows(rows: sparse.csr_array, norm: float = 1.0) -> sparse.csr_array:
    """Divide every row of a sparse matrix by its length to the power `norm`; a zero row stays."""
    row_of = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    squares = np.bincount(row_of, weights=rows.data * rows.data, minlength=rows.shape[0])
    lengths = np.where(squares > 0, squares, 1.0) ** (norm / 2)
    scaled = (rows.data / lengths[row_of]).astype(rows.dtype)
    return sparse.csr_array((scaled, rows.indices, rows.indptr), shape=rows.shape)


def unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale every row to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(matrix, axis=-1, keepdims=True)
    return np.asarray(np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0))
