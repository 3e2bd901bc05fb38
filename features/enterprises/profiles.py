"""Profiles of a pool: one JSON line each, compressed, and parsed on access.

Unknown columns are left out of a line: they would be a third of it. For a large pool only the
few columns of filters are in memory.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson
import polars as pl

from features.enterprises.traits import traits
from features.structures.lines import CompressedLines, Lines, dictionary_of, shortened, spacing
from features.structures.ordered import found_in, place_of
from features.tables.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.storage.stored_rows import Rows

TEXTS = ("names", "short_names", "lines")
"""The arrays of texts among those of `arrays`, each with its `…_ends`."""
_COLUMNS = SCHEMAS["enterprises"].create_empty().schema
_UNKNOWN: dict[str, Any] = dict.fromkeys(_COLUMNS)


class Profiles:
    """Profiles of a pool, in its order.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    names, short_names : Lines
        An unknown short name is "".
    lines : CompressedLines
        One JSON object each.
    columns : DataFrame
        The columns of filters, `features.enterprises.traits.COLUMNS`.
    """

    def __init__(
        self,
        ids: NDArray[np.str_],
        names: Lines,
        short_names: Lines,
        lines: CompressedLines,
        columns: pl.DataFrame,
    ) -> None:
        self.ids = ids
        self._called = (names, short_names)
        self._lines = lines
        self.columns = columns

    @classmethod
    def of(cls, enterprises: pl.DataFrame) -> Self:
        """Return the profiles of an enterprises table ordered by id."""
        return cls.restore(arrays(enterprises))

    @classmethod
    def restore(cls, kept: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        names, short_names = (Lines.restore(kept, name) for name in ("names", "short_names"))
        lines = CompressedLines.restore(kept, "lines")
        return cls(kept["ids"], names, short_names, lines, _unpacked(kept["columns"]))

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, at: int) -> dict[str, Any]:
        """Return a profile: the columns of the table, None where unknown, dates as ISO text."""
        known: dict[str, Any] = orjson.loads(self._lines.raw(at))
        return _UNKNOWN | known

    def find(self, enterprise_id: str) -> int | None:
        """Return the row of an enterprise, None for an unknown id."""
        return place_of(self.ids, enterprise_id)

    def equal(self, others: Profiles) -> NDArray[np.intp]:
        """Return the row here of each of the others whose profile is identical, -1 for the rest.

        Shape (len(others),).
        """
        rows = np.full(len(others), -1)
        for row, at in zip(*found_in(self.ids, others.ids), strict=True):
            if self._lines.raw(row) == others._lines.raw(at):
                rows[at] = row
        return rows

    def named(self, text: str) -> NDArray[np.intp]:
        """Return the rows whose name contains a text."""
        return self._called[0].containing(text)

    def search(self, text: str) -> NDArray[np.intp]:
        """Return the rows whose name or short name contains a text, or whose id it is.

        Parameters
        ----------
        text : str
        """
        names, short_names = self._called
        found = np.union1d(names.containing(text), short_names.containing(text))
        own = self.find(text)
        return found if own is None else np.union1d(found, [own])


def arrays(enterprises: pl.DataFrame, dictionary: bytes | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays of the profiles of a table ordered by id, to be saved.

    Parameters
    ----------
    enterprises : DataFrame
    dictionary : bytes, optional
        The dictionary of the whole table for a part of it; by default its own.
    """
    lines = CompressedLines.of(_json_lines(enterprises), dictionary)
    names = Lines.of(enterprises["name"].to_list())
    short_names = Lines.of(enterprises["short_name"].fill_null("").to_list())
    return {
        "ids": enterprises["enterprise_id"].to_numpy().astype(np.str_),
        **names.arrays("names"),
        **short_names.arrays("short_names"),
        **lines.arrays("lines"),
        "columns": _packed(traits(enterprises)),
    }


def dictionary_for(rows: Rows) -> bytes:
    """Return the dictionary of the profiles of a table ordered by id."""
    some = [rows.slice(at, 1) for at in range(0, len(rows), spacing(len(rows)))]
    return dictionary_of(_json_lines(pl.concat(some))) if some else b""


def joined(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return those arrays of a table that its parts have to be joined for, as `arrays` would.

    These are all but `TEXTS`, whose arrays follow one another.
    """
    found = {"ids": np.concatenate([part["ids"] for part in parts])}
    for name in TEXTS:
        own = [part[f"{name}_ends"].astype(np.int64) for part in parts]
        starts = np.cumsum([0, *(each.max(initial=0) for each in own)])
        ends = np.concatenate([each + start for each, start in zip(own, starts, strict=False)])
        found[f"{name}_ends"] = shortened(ends)
    found["lines_dictionary"] = parts[0]["lines_dictionary"]
    columns = pl.concat([_unpacked(part["columns"]) for part in parts], rechunk=True)
    found["columns"] = _packed(columns)
    return found


def _packed(columns: pl.DataFrame) -> NDArray[np.uint8]:
    written = BytesIO()
    columns.write_ipc(written, compression="zstd")
    return np.frombuffer(written.getvalue(), dtype=np.uint8)


def _unpacked(kept: NDArray[np.uint8]) -> pl.DataFrame:
    return pl.read_ipc(kept.tobytes())


def _json_lines(enterprises: pl.DataFrame) -> list[bytes]:
    written = BytesIO()
    enterprises.write_ndjson(written)
    return _without_unknown(written.getvalue()).splitlines()


def _without_unknown(lines: bytes) -> bytes:
    """Return JSON lines without the columns that are null.

    Within a text a quotation mark is escaped, so that no text is taken for a column; nor is a field
    of a product, whose names are those of no column that may be null.
    """
    nested = {field.name for field in _fields(_COLUMNS["products"])}
    names = "|".join(re.escape(name) for name in _COLUMNS if name not in nested)
    return re.sub(f',"(?:{names})":null'.encode(), b"", lines)


def _fields(products: Any) -> list[pl.Field]:
    """Return the fields of one product."""
    return list(products.inner.fields)
