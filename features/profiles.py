"""The profiles of a pool as answers tell them: each a line that is read when it is shown.

Of a large pool only the few columns that filters look at are held in memory.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson
import polars as pl

from features.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

COLUMNS = ("enterprise_id", "province", "city", "tags", "registered_capital", "founded")
"""What filters look at."""
_NEWLINE = 10


class Profiles:
    """The enterprises of a pool, in its order.

    Parameters
    ----------
    ids, names, short_names : ndarray of str, shape (n,)
        A short name that is unknown is "".
    lines : Lines
        One JSON object each.
    columns : DataFrame
        `COLUMNS`.
    """

    def __init__(
        self,
        ids: NDArray[np.str_],
        names: NDArray[np.str_],
        short_names: NDArray[np.str_],
        lines: Lines,
        columns: pl.DataFrame,
    ) -> None:
        self.ids = ids
        self._searched = (names, short_names)
        self._lines = lines
        self.columns = columns

    @classmethod
    def of(cls, enterprises: pl.DataFrame) -> Self:
        """Return the profiles of a table of enterprises that is ordered by id."""
        return cls.restore(arrays(enterprises))

    @classmethod
    def restore(cls, kept: Mapping[str, NDArray[Any]]) -> Self:
        """Take back what `arrays` returned."""
        return cls(
            kept["ids"],
            kept["names"],
            kept["short_names"],
            Lines(kept["data"], kept["ends"]),
            pl.read_ipc(kept["columns"].tobytes()),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, at: int) -> dict[str, Any]:
        """Return a profile: the columns of the table, None where unknown, dates as ISO text."""
        found: dict[str, Any] = orjson.loads(self._lines.raw(at))
        return found

    def find(self, enterprise_id: str) -> int | None:
        """Return the row of an enterprise, None where there is none of that id."""
        at = int(np.searchsorted(self.ids, enterprise_id))
        return at if at < len(self) and self.ids[at] == enterprise_id else None

    def equal(self, others: Profiles) -> NDArray[np.intp]:
        """Return the row here of each of the others that says the very same here, -1 for the rest.

        Shape (len(others),).
        """
        rows = np.searchsorted(self.ids, others.ids)
        rows = np.where(rows < len(self), rows, -1)
        rows[self.ids[rows] != others.ids if len(self) else slice(None)] = -1
        for at in np.flatnonzero(rows >= 0).tolist():
            if self._lines.raw(rows[at]) != others._lines.raw(at):
                rows[at] = -1
        return rows

    def search(self, text: str) -> NDArray[np.intp]:
        """Return the rows of those whose name or short name has the text in it, or whose id it is.

        Parameters
        ----------
        text : str
        """
        found = np.zeros(len(self), dtype=np.bool_)
        for names in self._searched:
            found |= np.strings.find(names, text) >= 0
        if (own := self.find(text)) is not None:
            found[own] = True
        return np.flatnonzero(found)


def arrays(enterprises: pl.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the profiles of a table that is ordered by id, to be saved."""
    written, columns = BytesIO(), BytesIO()
    enterprises.write_ndjson(written)
    data = np.frombuffer(written.getvalue(), dtype=np.uint8)
    enterprises.select(COLUMNS).write_ipc(columns)
    return {
        "ids": _text(enterprises["enterprise_id"]),
        "names": _text(enterprises["name"]),
        "short_names": _text(enterprises["short_name"].fill_null("")),
        "data": data,
        "ends": np.flatnonzero(data == _NEWLINE) + 1,
        "columns": np.frombuffer(columns.getvalue(), dtype=np.uint8),
    }


def _text(column: pl.Series) -> NDArray[np.str_]:
    return column.to_numpy().astype(np.str_)
