"""A shard: some enterprises of a prepared pool, one after another, as one worker ranks them.

What a raw score depends on besides its enterprise and the need is the scale, and that is fitted
once, where everything comes together (`models.sharded`). A shard reads its own rows of the files,
and the items that the whole pool shares.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.encoder import encoder_named
from features.errors import UnavailableError
from features.structures.ordered import found_in
from features.workspace import Workspace
from models import artifact, loading, pool_files
from models.artifact import UnfitModelError
from models.checked_files import have_changed, marks
from models.first_stage import Stored, estimates
from models.ranker import leading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.checked_files import FileMark
    from models.first_stage import Query
    from models.ranker import PoolRanker
    from models.scale import Scale, Values

_PIECE = 8_192
_PAGE = 4_096
_SHOWN = 12
_OPEN = 4
"""So many shards stay open in one worker; they are mapped files."""


class ShardUnavailableError(UnavailableError):
    """A shard does not answer, or cannot read its files."""

    code = "shard-unavailable"


class Span(NamedTuple):
    """The rows of a shard: from `start` to before `stop`."""

    start: int
    stop: int

    def within(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which of some rows, in order, are in the shard."""
        first, last = np.searchsorted(rows, self)
        return rows[first:last]


class UnavailableShard(NamedTuple):
    """An unavailable shard.

    Attributes
    ----------
    shard : int
        Its number, from 1.
    reason : str
    """

    shard: int
    reason: str


class UnavailableReplica(NamedTuple):
    """An unavailable replica of a shard.

    Attributes
    ----------
    shard, replica : int
        Numbers, from 1.
    reason : str
    """

    shard: int
    replica: int
    reason: str


def spans(size: int, count: int) -> list[Span]:
    """Return `count` shards of a pool of that size, as equal as can be; none is empty."""
    ends = np.linspace(0, size, min(count, size) + 1).round().astype(int).tolist()
    return [Span(*pair) for pair in pairwise(ends)]


class HistoryParts(NamedTuple):
    """The parts of the raw score that rest on deals and signals, of enterprises that have any.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        Of the whole pool, in order.
    deals : ndarray of shape (2, k)
        On the scale of the whole pool.
    signals : ndarray of shape (k,)
    """

    rows: NDArray[np.intp]
    deals: NDArray[np.float64]
    signals: NDArray[np.float64]


@dataclass(frozen=True)
class EstimateRequest:
    """A need, of which the rows with the best estimates are requested.

    Attributes
    ----------
    query : Query
    listed : ndarray of uint8
        Bits: which rows of the shard can be listed.
    count : int
    """

    query: Query
    listed: NDArray[np.uint8]
    count: int


@dataclass(frozen=True)
class CompareRequest:
    """A need, of which the rows with a higher estimate are counted.

    Attributes
    ----------
    query : Query
    listed : ndarray of uint8
        Bits: which rows of the shard can be listed.
    estimate : float32
    """

    query: Query
    listed: NDArray[np.uint8]
    estimate: np.float32


@dataclass(frozen=True)
class MeasureRequest:
    """A need, of which some rows are to be measured by every factor.

    Attributes
    ----------
    need : NeedFeatures
        Without signals.
    history : HistoryParts
    rows : ndarray of int
        Of the whole pool, all in the shard, in order.
    """

    need: NeedFeatures
    history: HistoryParts
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class RankRequest:
    """A need, of which the first of some rows are requested, on a fitted scale.

    Attributes
    ----------
    need, history
        As for `MeasureRequest`.
    listed : ndarray of uint8
        Bits: which rows of the shard take part.
    scale : Scale
    count : int
    """

    need: NeedFeatures
    history: HistoryParts
    listed: NDArray[np.uint8]
    scale: Scale
    count: int


class Shard:
    """Some rows of a pool, one after another.

    Parameters
    ----------
    bound : PoolRanker
        Of these rows alone, without a history.
    start : int
        The row of the whole pool that is the first here.
    first : mapping, optional
        The arrays of the first stage, these rows of them.
    """

    def __init__(
        self, bound: PoolRanker, start: int, first: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        self.bound = bound
        self.start = start
        self._stored = Stored.of(bound, first) if first else None

    def leading(
        self, asked: Sequence[EstimateRequest]
    ) -> list[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """Return, for each need, rows and estimates of those not below the one at rank `count`."""
        found = []
        for each, own in zip(asked, self._estimates(asked), strict=True):
            rows = self._rows(each.listed)
            kept = rows[leading(own[rows], each.count)]
            found.append((self.start + kept, own[kept]))
        return found

    def above(self, asked: Sequence[CompareRequest]) -> list[int]:
        """Return, for each need, how many rows have a higher estimate."""
        return [
            int((own[self._rows(each.listed)] > each.estimate).sum())
            for each, own in zip(asked, self._estimates(asked), strict=True)
        ]

    def size(self, _: None = None) -> int:
        """Return the number of rows, as a sign of life."""
        return len(self.bound.pool)

    def touch(self) -> None:
        """Read every page of the rows' features, so that no request waits for the disk."""
        pool, views = self.bound.pool, self.bound.pool.views
        read = [views["text"].data, pool.products.weights.data]
        if self._stored is not None:
            read += [views[view].codes for view in ("topics", "meaning")]
            read += [self._stored.matrix.codes, self._stored.nodes.codes]
        for array in read:
            array.reshape(-1).view(np.uint8)[::_PAGE].max(initial=0)

    def values(self, asked: Sequence[MeasureRequest]) -> list[Values | None]:
        """Return, for each need, the values of every factor for its rows; None without rows."""
        return [
            self._values(each.need, each.history, each.rows - self.start)
            if len(each.rows)
            else None
            for each in asked
        ]

    def best(
        self, asked: Sequence[RankRequest]
    ) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """Return, for each need, rows and raw scores not below the one at rank `count`."""
        found = []
        for each in asked:
            rows = self._rows(each.listed)
            raw = np.empty(len(rows))
            for at in range(0, len(rows), _PIECE):
                values = self._values(each.need, each.history, rows[at : at + _PIECE])
                parts = self.bound.parts(each.need, values, each.scale)
                raw[at : at + _PIECE] = parts.sum(axis=0)
            kept = leading(raw, each.count)
            found.append((self.start + rows[kept], raw[kept]))
        return found

    def _estimates(
        self, asked: Sequence[EstimateRequest | CompareRequest]
    ) -> list[NDArray[np.float32]]:
        assert self._stored is not None, "the pool is scored in full"
        return estimates(self._stored, [each.query for each in asked], self.start)

    def _rows(self, listed: NDArray[np.uint8]) -> NDArray[np.intp]:
        return np.flatnonzero(np.unpackbits(listed, count=len(self.bound.pool)))

    def _values(self, need: NeedFeatures, history: HistoryParts, rows: NDArray[np.intp]) -> Values:
        found = self.bound.take(rows).values(need)
        at, here = found_in(self.start + rows, history.rows)
        deals, signals = np.zeros((len(history.deals), len(rows))), np.zeros(len(rows))
        deals[:, at], signals[at] = history.deals[:, here], history.signals[here]
        return found._replace(history=deals, signals=signals)


class ShardFiles(NamedTuple):
    """Where a shard is read from.

    Attributes
    ----------
    home : str
        The workspace.
    model, prepared : str
        Folders of the version, and of what was prepared of it.
    seals : tuple of str
        Of their manifests.
    encoder : str or None
        Its name, see `features.encoder.encoder_named`.
    span : Span
    """

    home: str
    model: str
    prepared: str
    seals: tuple[str, str]
    encoder: str | None
    span: Span


class ShardTask(NamedTuple):
    """A question to a shard: a method of `Shard`, and what it is asked."""

    files: ShardFiles
    method: Callable[[Shard, Any], Any]
    asked: Any


def answer(task: ShardTask) -> Any:
    """Return the answer of a shard, which is opened where it is not open yet."""
    return task.method(opened(task.files), task.asked)


class Reader:
    """Opens shards in a thread, so that requests to open ones do not wait meanwhile."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shard")
        self._reading: dict[ShardFiles, Future[None]] = {}
        self._lock = threading.Lock()

    def is_read(self, files: ShardFiles) -> bool:
        """Return whether a shard is open and its pages are read; begin with it otherwise.

        Raises
        ------
        DamagedError, UnfitModelError
            See `opened`.
        """
        with self._lock:
            if files not in self._reading:
                self._reading[files] = self._thread.submit(_read, files)
            reading = self._reading[files]
            if not reading.done():
                return False
            del self._reading[files]
        reading.result()
        return True


def _read(files: ShardFiles) -> None:
    opened(files).touch()


def is_read(files: ShardFiles) -> bool:
    """Return whether a shard is read in this process, see `Reader`."""
    return _READER.is_read(files)


_READER = Reader()


def opened(files: ShardFiles) -> Shard:
    """Return a shard of a prepared version; files that have changed are checked and opened again.

    Raises
    ------
    DamagedError
        When a file of the model or of what was prepared is missing, truncated or altered.
    UnfitModelError
        When the version does not serve here, or the files are of another one.
    """
    shard, mapped = _opened(files)
    if have_changed(Path(files.prepared), mapped):
        _opened.cache_clear()
        shard, _ = _opened(files)
    return shard


@lru_cache(_OPEN)
def _opened(files: ShardFiles) -> tuple[Shard, dict[str, FileMark]]:
    """Return a shard, and the marks of the files that it maps."""
    workspace, encoder = Workspace(Path(files.home)), encoder_named(files.encoder)
    _check_version(files, workspace)
    ranker = loading.load(Path(files.model), workspace, encoder)
    mapped = marks(Path(files.prepared))  # before they are checked
    arrays = artifact.mapped(Path(files.prepared))
    rows = slice(*files.span)
    bound = pool_files.bind(arrays, ranker, rows)
    first = pool_files.part(arrays, "retrieval")
    if first:
        first = {name: first[name][rows] for name in ("matrix.codes", "matrix.scales")}
    return Shard(bound, files.span.start, first), mapped


def _check_version(files: ShardFiles, workspace: Workspace) -> None:
    """Check that the files on this disk are the requested ones (DamagedError, UnfitModelError)."""
    links: dict[str, str] = {}
    for folder, seal in zip((files.model, files.prepared), files.seals, strict=True):
        manifest = artifact.manifest(Path(folder))
        links |= manifest.get("links", {})
        if manifest["seal"] != seal:
            raise UnfitModelError(
                f"{folder} is of another version than the one asked for: its seal is "
                f"{manifest['seal'][:_SHOWN]}, expected {seal[:_SHOWN]}",
                got=manifest["seal"],
                expected=seal,
            )
    for table, version in links.items():
        if workspace.version(table) != version:
            raise UnfitModelError(
                f"{files.prepared} was prepared for another version of the table {table} than "
                f"the one in {files.home}",
                got=workspace.version(table),
                expected=version,
            )
