"""Arrays that rows are appended to, in memory or on disk."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from features.structures.compact import with_gaps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy import sparse


class Growing(Protocol):
    """Arrays that rows are appended to."""

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Append rows to the named array; all have the type and width of the first."""

    def append_sparse(self, name: str, rows: sparse.csr_array, *, gaps: bool = False) -> None:
        """Append rows of a sparse matrix, kept as `name.data`, `name.indices`, `name.lengths`.

        Parameters
        ----------
        name : str
        rows : csr_array
        gaps : bool
            Keep `name.gaps` instead of `name.indices`, see `features.structures.compact.with_gaps`.
        """


class _Sparse:
    """Keeps sparse rows as three arrays."""

    def append(self, name: str, rows: NDArray[Any]) -> None:
        raise NotImplementedError

    def append_sparse(self, name: str, rows: sparse.csr_array, *, gaps: bool = False) -> None:
        """Append rows of a sparse matrix, see `Growing`."""
        if gaps:
            rows, between = with_gaps(rows)
            self.append(f"{name}.gaps", between)
        else:
            self.append(f"{name}.indices", rows.indices.astype(np.int32))
        self.append(f"{name}.data", rows.data)
        self.append(f"{name}.lengths", np.diff(rows.indptr).astype(np.int32))


class MemoryArrays(_Sparse):
    """Arrays in memory, used if no file can be written."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {}

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Append rows to the array of that name."""
        self._parts.setdefault(name, []).append(rows)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays, and release their parts."""
        return {name: np.concatenate(self._parts.pop(name)) for name in list(self._parts)}


class GrowingArrays(_Sparse):
    """The .npy files of a folder while they are written; a context that completes them.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._growing: dict[str, _Growing] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:  # each is closed, even if the disk is full
            for array in self._growing.values():
                stack.callback(array.close)
            self._growing.clear()

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Append rows to the named array; all have the type and width of the first."""
        if name not in self._growing:
            self._growing[name] = _Growing(self.folder / f"{name}.npy", rows)
        self._growing[name].append(rows)


class _Growing:
    def __init__(self, path: Path, like: NDArray[Any]) -> None:
        self._file = path.open("wb")
        self._dtype, self._width, self.rows = like.dtype, like.shape[1:], 0
        self._write_header()

    def append(self, rows: NDArray[Any]) -> None:
        if (rows.dtype, rows.shape[1:]) != (self._dtype, self._width):
            was, came = (self._dtype, *self._width), (rows.dtype, *rows.shape[1:])
            raise ValueError(f"rows to append must be {was}, got {came}")
        np.ascontiguousarray(rows).tofile(self._file)
        self.rows += len(rows)

    def close(self) -> None:
        with self._file:
            self._file.seek(0)
            self._write_header()

    def _write_header(self) -> None:
        # The format reserves space for the number of rows: the header's length never changes.
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self.rows, *self._width),
            },
        )
