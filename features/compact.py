"""Arrays kept in half precision or in 255ths, so that less is read, and worked with in single."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE = 512
"""Rows made single at once: they stay in the processor's cache until they are used."""


def single(array: Any) -> Any:
    """Return an array in single precision, be it a half one, one of 255ths (uint8) or single.

    A sparse one as well: SciPy computes nothing in half precision.

    Half precision must be finite. Its bits are moved to where single precision has them, and the
    exponent's bias of 15 made 127 by a product: ten times as fast as NumPy's conversion, which
    would be half the time of a request.
    """
    if sparse.issparse(array):
        if array.dtype != np.float16:
            return array
        parts = single(array.data), array.indices, array.indptr
        return sparse.csr_array(parts, shape=array.shape)
    if array.dtype == np.uint8:
        return np.asarray(array * np.float32(1 / 255))
    if array.dtype != np.float16:
        return array
    bits = np.ascontiguousarray(array).view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(-0x70000001)  # the sign was moved with its three copies
    found = bits.view(np.float32)
    found *= np.float32(2.0**112)
    return found


def rows_of(matrix: Any, at: Any) -> Any:
    """Return rows of a matrix, those of a sparse one in single precision, however it is kept."""
    if not sparse.issparse(matrix) or matrix.dtype != np.float16:
        return matrix[at]
    starts, lengths = matrix.indptr[at], np.diff(matrix.indptr)[at]
    ends = np.cumsum(lengths)
    own = np.repeat(starts - ends + lengths, lengths) + np.arange(lengths.sum())
    parts = single(matrix.data[own]), matrix.indices[own], np.concatenate([[0], ends])
    return sparse.csr_array(parts, shape=(len(at), matrix.shape[1]))


def in_255ths(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return values from 0 to 1 as the nearest of 255 steps; such steps as they are."""
    return values if values.dtype == np.uint8 else np.rint(255 * values).astype(np.uint8)


def dot(matrix: NDArray[Any], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return matrix @ vectors in single precision, however the matrix is kept (see `single`).

    With one vector equal rows have equal products, to the last bit: every row is summed by itself,
    whereas a product of matrices sums the last rows of a block in another order.
    """
    if vectors.ndim == 1:
        return _dot_one(matrix, vectors)
    if matrix.dtype == np.float32:
        return np.asarray(matrix @ vectors)
    found = np.empty((len(matrix), *vectors.shape[1:]), dtype=np.float32)
    for first in range(0, len(matrix), _PIECE):
        rows = slice(first, first + _PIECE)
        np.matmul(single(matrix[rows]), vectors, out=found[rows])
    return found


def _dot_one(matrix: NDArray[Any], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    vector = np.ascontiguousarray(vector, dtype=np.float32)
    if matrix.dtype == np.float32:
        return np.asarray(np.vecdot(matrix, vector))
    found = np.empty(len(matrix), dtype=np.float32)
    for first in range(0, len(matrix), _PIECE):
        rows = slice(first, first + _PIECE)
        np.vecdot(single(matrix[rows]), vector, out=found[rows])
    return found
