"""Many short texts in one array of bytes, possibly memory-mapped, as they are or compressed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_IN_DICTIONARY = 200
_DICTIONARY = 16_384
"""Bytes of a dictionary."""
_WINDOW, _MEMORY = 14, 7
"""Twice the memory saves 5 % of the bytes and takes a quarter longer."""


class Lines(Sequence[str]):
    """Concatenated texts, each decoded on access.

    Parameters
    ----------
    data : ndarray of uint8
        All texts in UTF-8, a line break after each.
    ends : ndarray of int, shape (n,)
        The end of each text, after its line break.
    """

    def __init__(self, data: NDArray[np.uint8], ends: NDArray[np.integer[Any]]) -> None:
        self._data = data
        self._ends = ends

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the lines of texts."""
        stated = [text.encode() + b"\n" for text in texts]
        return cls(np.frombuffer(b"".join(stated), dtype=np.uint8), _ends(stated))

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Self:
        """Restore from the result of `arrays`."""
        return cls(arrays[name], arrays[f"{name}_ends"])

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, at: Any) -> Any:
        """Return one text, or a slice as a list."""
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        return self.raw(range(len(self))[at]).decode()

    def raw(self, at: int) -> bytes:
        """Return the bytes of one text."""
        start = int(self._ends[at - 1]) if at else 0
        return self._data[start : int(self._ends[at]) - 1].tobytes()

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


class CompressedLines:
    """Texts, each compressed on its own with a dictionary of all of them (RFC 1951).

    Parameters
    ----------
    data : ndarray of uint8
        All texts, compressed.
    ends : ndarray of int, shape (n,)
    dictionary : ndarray of uint8
    """

    def __init__(
        self,
        data: NDArray[np.uint8],
        ends: NDArray[np.integer[Any]],
        dictionary: NDArray[np.uint8],
    ) -> None:
        self._data, self._ends, self._dictionary = data, ends, dictionary.tobytes()

    @classmethod
    def of(cls, texts: Sequence[bytes], dictionary: bytes | None = None) -> Self:
        """Compress texts; the dictionary is by default made of evenly spaced ones."""
        if dictionary is None:
            dictionary = dictionary_of(texts[:: spacing(len(texts))])
        began = zlib.compressobj(wbits=-_WINDOW, memLevel=_MEMORY, zdict=dictionary)
        packed = []
        for text in texts:
            one = began.copy()  # a fifth of the time that a new one takes with its dictionary
            packed.append(one.compress(text) + one.flush())
        data, own = (np.frombuffer(each, dtype=np.uint8) for each in (b"".join(packed), dictionary))
        return cls(data, _ends(packed), own)

    def __len__(self) -> int:
        return len(self._ends)

    def raw(self, at: int) -> bytes:
        """Return the bytes of one text."""
        start = int(self._ends[at - 1]) if at else 0
        packed = self._data[start : int(self._ends[at])].tobytes()
        return zlib.decompressobj(-_WINDOW, self._dictionary).decompress(packed)

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays, to be saved with a name as prefix."""
        dictionary = np.frombuffer(self._dictionary, dtype=np.uint8)
        return {name: self._data, f"{name}_ends": self._ends, f"{name}_dictionary": dictionary}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Self:
        """Restore from the result of `arrays`."""
        return cls(*(arrays[f"{name}{part}"] for part in ("", "_ends", "_dictionary")))


def spacing(count: int) -> int:
    """Return which of so many texts make a dictionary: each of this number."""
    return max(count // _IN_DICTIONARY, 1)


def dictionary_of(texts: Sequence[bytes]) -> bytes:
    """Return the dictionary of some texts."""
    return b"\n".join(texts)[-_DICTIONARY:]


def _ends(texts: Sequence[bytes]) -> NDArray[np.integer[Any]]:
    """Return where each of the texts ends, one after another."""
    return shortened(np.fromiter(accumulate(map(len, texts)), dtype=np.int64, count=len(texts)))


def shortened(ends: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """Return ends in four bytes each where that suffices."""
    short = not len(ends) or ends[-1] <= np.iinfo(np.uint32).max
    return ends.astype(np.uint32) if short else ends
