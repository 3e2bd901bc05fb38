"""Compact arrays: stored in half precision or in 255ths, and computed with in single precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE = 512
"""Rows converted at once, so that they fit into the CPU cache."""


def single(array: Any) -> Any:
    """Return an array in single precision, from half precision, 255ths (uint8) or single.

    Also for sparse ones: SciPy does not compute in half precision.

    Half precision must be finite. Its bits are shifted to their positions in single precision, and
    the exponent's bias is corrected from 15 to 127 by a product: ten times as fast as NumPy's
    conversion, which would take half the time of a request.
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
    bits &= np.int32(-0x70000001)  # the sign was shifted with three copies
    found = bits.view(np.float32)
    found *= np.float32(2.0**112)
    return found


def rows_of(matrix: Any, at: Any) -> Any:
    """Return rows of a matrix; of a sparse one in single precision."""
    if not sparse.issparse(matrix) or matrix.dtype != np.float16:
        return matrix[at]
    starts, lengths = matrix.indptr[at], np.diff(matrix.indptr)[at]
    ends = np.cumsum(lengths)
    own = np.repeat(starts - ends + lengths, lengths) + np.arange(lengths.sum())
    parts = single(matrix.data[own]), matrix.indices[own], np.concatenate([[0], ends])
    return sparse.csr_array(parts, shape=(len(at), matrix.shape[1]))


def in_255ths(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return values from 0 to 1 rounded to 255ths; 255ths unchanged."""
    return values if values.dtype == np.uint8 else np.rint(255 * values).astype(np.uint8)


def dot(matrix: NDArray[Any], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return matrix @ vectors in single precision, for matrices that `single` accepts.

    With one vector equal rows have bitwise equal products: every row is summed separately, whereas
    a product of matrices sums the last rows of a block in another order.
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
