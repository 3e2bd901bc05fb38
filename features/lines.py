"""Many short texts in one array of bytes, possibly memory-mapped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Lines(Sequence[str]):
    """Concatenated texts, each decoded on access.

    Parameters
    ----------
    data : ndarray of uint8
        All texts in UTF-8, a line break after each.
    ends : ndarray of int64, shape (n,)
        The end of each text, after its line break.
    """

    def __init__(self, data: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self._data = data
        self._ends = ends

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the lines of texts."""
        stated = [text.encode() + b"\n" for text in texts]
        ends = np.fromiter(accumulate(map(len, stated)), dtype=np.int64, count=len(stated))
        return cls(np.frombuffer(b"".join(stated), dtype=np.uint8), ends)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, at: Any) -> Any:
        """Return one text, or a slice as a list."""
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        return self.raw(range(len(self))[at]).decode()

    def raw(self, at: int) -> bytes:
        """Return the bytes of one text."""
        start = self._ends[at - 1] if at else 0
        return self._data[start : self._ends[at] - 1].tobytes()

    def containing(self, text: str) -> NDArray[np.intp]:
        """Return the indices of texts that contain a text, ascending."""
        # In UTF-8 no character is contained in another.
        stated = text.encode("utf-8", "surrogatepass")
        if not stated:
            return np.arange(len(self))
        if len(stated) >= np.diff(self._ends, prepend=0).max(initial=0):
            return np.empty(0, dtype=np.intp)  # a longer regular expression is not compiled
        places = [found.start() for found in re.finditer(re.escape(stated), self._data.data)]
        at = np.searchsorted(self._ends, places, side="right")
        within = np.array(places, dtype=np.int64) + len(stated) < self._ends[at]
        return np.unique(at[within])

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays, to be saved with a name as prefix."""
        return {name: self._data, f"{name}_ends": self._ends}
