"""Compact arrays: numbers as small integers, which are read a few rows at a time.

Large pools are kept in them. What is kept of a row depends on the row alone, and encoding what was
decoded gives the same codes again: a part of a pool, or a row taken over from a former one, has the
same bytes wherever it was computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, "NDArray[Any]"]

_PIECE = 1024
"""Rows decoded at once, so that they fit into the CPU cache."""
_BLOCK = 32
"""At most so many numbers of 6 bits share a scale; numbers of 8 bits share one in a row."""
_WHOLE = 8
"""Bits of the codes that are a byte each."""
_ZERO = 32
_SPARSE_LARGEST = np.iinfo(np.uint8).max
_WIDEST = np.iinfo(np.uint16).max
_UNKNOWN = 255


class Codes:
    """Rows of numbers in 8 or 6 bits, with scales: a number is its code times its block's scale.

    Block scales follow Dettmers et al., "8-bit optimizers via block-wise quantization" (ICLR 2022).
    A number differs by at most half a scale: 1/254 of the largest of its row in 8 bits, 1/62 of the
    largest of its block in 6 bits.

    Parameters
    ----------
    codes : ndarray
        int8 of shape (n, d); or uint8, where the lower 4 bits of the codes of two columns are
        a byte, then the upper 2 bits of four.
    scales : ndarray of float16, shape (n, blocks)
    columns : int
        d.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, codes: NDArray[Any], scales: NDArray[np.float16], columns: int) -> None:
        self.codes, self.scales = codes, scales
        self.shape = (len(codes), columns)

    @classmethod
    def of(cls, rows: NDArray[Any], bits: int) -> Self:
        """Return the codes of finite numbers, shape (n, d)."""
        size, columns = rows.shape
        largest = 2 ** (bits - 1) - 1
        blocks = 1 if bits == _WHOLE else max(-(-columns // _BLOCK), 1)
        width = -(-columns // blocks)
        padded = np.zeros((size, blocks * width), dtype=np.float32)
        padded[:, :columns] = rows
        padded = padded.reshape(size, blocks, width)
        scales = (np.abs(padded).max(axis=2, initial=0) / largest).astype(np.float16)
        steps = np.where(scales > 0, scales, np.float16(np.inf)).astype(np.float32)
        found = np.rint(padded / steps[..., None]).clip(-largest, largest).astype(np.int8)
        codes: NDArray[Any] = found.reshape(size, blocks * width)[:, :columns]
        if bits != _WHOLE:
            above = (codes + np.int8(_ZERO)).astype(np.uint8)
            codes = np.hstack([_joined(above & np.uint8(15), 4), _joined(above >> np.uint8(4), 2)])
        return cls(np.ascontiguousarray(codes), scales, columns)

    def arrays(self) -> Arrays:
        """Return the arrays, to be saved."""
        return {"codes": self.codes, "scales": self.scales}

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, rows: NDArray[np.intp]) -> Codes:
        """Return some rows, still in codes."""
        return Codes(self.codes[rows], self.scales[rows], self.shape[1])

    def __getitem__(self, at: Any) -> NDArray[np.float32]:
        """Return one row, or some, in single precision."""
        if isinstance(at, int | np.integer):
            return np.asarray(self[np.array([at])][0])
        found, scales = self._unscaled(at), self.scales[at].astype(np.float32)
        if scales.shape[1] > 1:
            width = -(-self.shape[1] // scales.shape[1])
            scales = np.repeat(scales, width, axis=1)[:, : self.shape[1]]
        found *= scales
        return found

    def _unscaled(self, at: Any) -> NDArray[np.float32]:
        codes, columns = self.codes[at], self.shape[1]
        if codes.dtype == np.int8:
            return np.asarray(codes, dtype=np.float32)
        cut = -(-columns // 2)
        found = _parted(codes[:, :cut], 4, columns)
        found += 16 * _parted(codes[:, cut:], 2, columns)
        found -= _ZERO
        return found

    def dot(self, vector: NDArray[np.float32], at: Any = slice(None)) -> NDArray[np.float32]:
        """Return the products of some rows with a vector, each summed separately."""
        codes, scales = self.codes[at], self.scales[at]
        found = np.empty(len(codes), dtype=np.float32)
        for first in range(0, len(codes), _PIECE):
            rows = slice(first, first + _PIECE)
            some = Codes(codes[rows], scales[rows], self.shape[1])
            if scales.shape[1] > 1:
                np.vecdot(some[:], vector, out=found[rows])
            else:
                np.vecdot(some._unscaled(slice(None)), vector, out=found[rows])
        if scales.shape[1] == 1:
            found *= scales[:, 0]
        return found


def _joined(codes: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return codes of so many bits with those of distant columns in one byte."""
    parts = 8 // bits
    width = -(-codes.shape[1] // parts)
    codes = np.pad(codes, ((0, 0), (0, parts * width - codes.shape[1])))
    found = codes[:, :width].copy()
    for part in range(1, parts):
        found |= codes[:, part * width : (part + 1) * width] << (bits * part)
    return np.asarray(found)


def _parted(joined: NDArray[np.uint8], bits: int, columns: int) -> NDArray[np.float32]:
    """Return the codes of so many columns."""
    width = joined.shape[1]
    found = np.empty((len(joined), 8 // bits * width), dtype=np.float32)
    for part in range(8 // bits):
        codes = (joined >> (bits * part)) & np.uint8(2**bits - 1)
        found[:, part * width : (part + 1) * width] = codes
    return found[:, :columns]


class SparseCodes:
    """Rows of a sparse matrix of codes, see `sparse_codes`.

    Parameters
    ----------
    data : ndarray, shape (e,)
        The codes of the entries.
    indptr : ndarray of int, shape (n + 1,)
        Where the entries of each row begin.
    columns : int
    indices : ndarray of int32, shape (e,), optional
        The column of each entry.
    gaps : ndarray of uint16, shape (e,), optional
        In their place, the column of each entry less that of the one before it in its row.
    scales : ndarray of float16, shape (n, 1), optional
        Without them codes are the values.
    """

    def __init__(
        self,
        data: NDArray[Any],
        indptr: NDArray[Any],
        columns: int,
        *,
        indices: Any = None,
        gaps: NDArray[np.uint16] | None = None,
        scales: NDArray[np.float16] | None = None,
    ) -> None:
        self.data, self.indptr, self.indices = data, indptr, indices
        self._gaps, self.scales = gaps, scales
        self.shape = (len(indptr) - 1, columns)

    def __len__(self) -> int:
        return self.shape[0]

    def row(self, at: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the columns of one row's entries, and their codes."""
        own = slice(self.indptr[at], self.indptr[at + 1])
        columns = self.indices[own] if self._gaps is None else np.cumsum(self._gaps[own])
        return columns, self.data[own]

    def __getitem__(self, at: Any) -> sparse.csr_array:
        """Return some rows, in single precision."""
        if isinstance(at, slice):
            at = np.arange(len(self))[at]
        at = np.asarray(at, dtype=np.intp)
        starts = self.indptr[at]
        lengths = self.indptr[at + 1] - starts
        ends = np.append(0, np.cumsum(lengths)).astype(np.int32)
        own = np.arange(ends[-1], dtype=starts.dtype)
        own += np.repeat(starts - ends[:-1], lengths)
        values = self.data.take(own).astype(np.float32)
        if self.scales is not None:
            values *= np.repeat(self.scales[at, 0].astype(np.float32), lengths)
        if self._gaps is None:
            columns = self.indices.take(own)
        else:  # sums may overflow: their differences, which are columns, do not
            every = np.cumsum(self._gaps.take(own), dtype=np.int32)
            columns = every - np.repeat(np.append(np.int32(0), every)[ends[:-1]], lengths)
        return sparse.csr_array((values, columns, ends), shape=(len(at), self.shape[1]))


def sparse_codes(rows: sparse.csr_array) -> tuple[sparse.csr_array, NDArray[np.float16]]:
    """Return the codes of non-negative values in 8 bits, and the scale of each row, shape (n, 1).

    A value that is not 0 has a code of at least 1. Where the largest value of a row is below 1/64,
    its scale in 16 bits is less exact; rows of unit length are far from that.
    """
    filled = np.flatnonzero(np.diff(rows.indptr))
    scales = np.zeros((rows.shape[0], 1), dtype=np.float16)
    if len(filled):
        largest = np.maximum.reduceat(rows.data, rows.indptr[filled])
        scales[filled, 0] = largest / _SPARSE_LARGEST
    steps = np.repeat(scales[:, 0].astype(np.float32), np.diff(rows.indptr))
    codes = np.rint(rows.data / np.where(steps > 0, steps, np.inf))
    codes = np.maximum(codes, rows.data > 0).clip(0, _SPARSE_LARGEST).astype(np.uint8)
    return sparse.csr_array((codes, rows.indices, rows.indptr), shape=rows.shape), scales


def with_gaps(rows: sparse.csr_array) -> tuple[sparse.csr_array, NDArray[np.uint16]]:
    """Return sparse rows, entries in the order of columns, and the gaps between their columns.

    An entry of value 0 stands in a gap that is too wide for 16 bits.
    """
    rows = rows.sorted_indices()
    firsts = rows.indptr[:-1][np.diff(rows.indptr) > 0]
    gaps = np.diff(rows.indices, prepend=0)
    gaps[firsts] = rows.indices[firsts]
    steps = np.maximum(-(-gaps // _WIDEST), 1)
    if (steps > 1).any():
        last = np.cumsum(steps) - 1
        data = np.zeros(last[-1] + 1, dtype=rows.data.dtype)
        data[last] = rows.data
        wide = np.full(len(data), _WIDEST)
        wide[last] = gaps - (steps - 1) * _WIDEST
        starts = np.append(0, last + 1)[rows.indptr]
        indices = np.repeat(rows.indices, steps)
        rows, gaps = sparse.csr_array((data, indices, starts), shape=rows.shape), wide
    return rows, gaps.astype(np.uint16)


class Fractions:
    """A matrix of numbers from 0 to 1 in 254ths, or unknown.

    Parameters
    ----------
    codes : ndarray of uint8
        255 is unknown.
    """

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        self.codes = codes
        self.shape = codes.shape

    @classmethod
    def of(cls, values: NDArray[Any] | Fractions) -> Fractions:
        """Return the nearest fractions; NaN is unknown."""
        if isinstance(values, Fractions):
            return values
        steps = np.rint((_UNKNOWN - 1) * np.asarray(values, dtype=np.float32)).clip(0, _UNKNOWN - 1)
        return cls(np.where(np.isnan(steps), _UNKNOWN, steps).astype(np.uint8))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, at: Any) -> NDArray[np.float32]:
        """Return some of them in single precision, NaN where unknown."""
        return _fractions(self.codes[at])

    def best_and_mean(
        self, rows: Any, columns: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the largest of some columns of each row, and their mean; NaN where unknown.

        A row is unknown in all of its columns or in none.
        """
        codes = self.codes[rows]
        each = [np.ascontiguousarray(codes[:, column]) for column in columns]
        best, total = each[0].copy(), each[0].astype(np.uint16)
        for other in each[1:]:
            np.maximum(best, other, out=best)
            total += other
        mean = total * np.float32(1 / ((_UNKNOWN - 1) * len(each)))
        mean[best == _UNKNOWN] = np.nan
        return _fractions(best), mean


def _fractions(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = np.asarray(codes, dtype=np.float32)
    found /= np.float32(_UNKNOWN - 1)
    return np.where(codes == _UNKNOWN, np.float32("nan"), found)


class Shared:
    """Rows that many have in common, each kept once.

    Parameters
    ----------
    distinct : ndarray of shape (m, …)
    numbers : ndarray of int, shape (n,)
        Which of them each row is.
    """

    def __init__(self, distinct: NDArray[Any], numbers: NDArray[np.int32]) -> None:
        self._distinct, self._numbers = distinct, numbers
        self.shape = (len(numbers), *distinct.shape[1:])

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: Any) -> NDArray[Any]:
        """Return one row, or some."""
        return np.asarray(self._distinct[self._numbers[at]])


def dot(
    matrix: NDArray[Any] | Codes, vectors: NDArray[np.float32], at: Any = slice(None)
) -> NDArray[np.float32]:
    """Return matrix[at] @ vectors in single precision.

    With one vector equal rows have bitwise equal products: every row is summed separately, whereas
    a product of matrices sums the last rows of a block in another order.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim == 1:
        return (
            matrix.dot(vectors, at) if isinstance(matrix, Codes) else np.vecdot(matrix[at], vectors)
        )
    return np.asarray(matrix[at] @ vectors)
