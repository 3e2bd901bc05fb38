"""Signals: recent activity of enterprises that indicates a possible investment.

They come from the table `signals`, which an office imports. The strength of a signal depends on its
kind and decays with time::

    strength = weight · 2 ^ (− age / half-life)

Signals of one enterprise combine to 1 − Π (1 − strength). Weights and half-lives are assumptions,
not learnt: a capacity expansion or relocation needs a site now, a tender won fills existing plants.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from features.structures.ordered import found_in
from features.tables.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Fading(NamedTuple):
    """The weight of a kind of signal on its day, 0 to 1, and its half-life in days."""

    weight: float
    half_life: int


FADING: Mapping[str, Fading] = {
    "expansion": Fading(0.9, 240),
    "relocation": Fading(0.9, 240),
    "financing": Fading(0.7, 180),
    "listing": Fading(0.6, 270),
    "subsidiary": Fading(0.6, 180),
    "land": Fading(0.4, 180),
    "tender": Fading(0.4, 120),
}
FORGOTTEN = 0.05
"""Signals below this strength are ignored."""


class Signal(NamedTuple):
    """A signal with its current `strength`, 0 to 1."""

    date: datetime.date
    kind: str
    text: str | None
    source: str | None
    strength: float


class Signals:
    """The signals of all enterprises that are in effect on a day.

    Parameters
    ----------
    rows : DataFrame
        The table `signals`.
    today : date
        Later signals are ignored.

    Attributes
    ----------
    ids : ndarray of str, shape (m,)
        The enterprises with signals, ascending.
    strengths : ndarray of float32, shape (m,), above 0 to 1

    Examples
    --------
    >>> import datetime
    >>> row = {"signal_id": "s", "enterprise_id": "e", "kind": "expansion", "text": None,
    ...        "source": "公告", "date": datetime.date(2026, 1, 1)}
    >>> Signals(pl.DataFrame([row]), datetime.date(2026, 1, 1)).strengths.tolist()
    [0.8999999761581421]
    """

    def __init__(self, rows: pl.DataFrame, today: datetime.date) -> None:
        self._of: dict[str, list[Signal]] = {}
        stated = rows.filter(pl.col("date") <= today).unique(
            # The same signal under two ids counts once.
            ["enterprise_id", "date", "kind", "text"],
            keep="first",
            maintain_order=True,
        )
        columns = ("enterprise_id", "date", "kind", "text", "source")
        for enterprise_id, date, kind, text, source in stated.select(columns).iter_rows():
            fading = FADING[kind]
            strength = fading.weight * 0.5 ** ((today - date).days / fading.half_life)
            if strength >= FORGOTTEN:
                own = Signal(date, kind, text, source, strength)
                self._of.setdefault(enterprise_id, []).append(own)
        for signals in self._of.values():
            signals.sort(key=lambda signal: (-signal.strength, -signal.date.toordinal()))
        self.ids = np.array(sorted(self._of), dtype=np.str_)
        self.strengths = np.array([self._together(str(id_)) for id_ in self.ids], dtype=np.float32)

    def of(self, enterprise_id: str) -> list[Signal]:
        """Return the signals of an enterprise, the strongest first."""
        return self._of.get(enterprise_id, [])

    def _together(self, enterprise_id: str) -> float:
        return 1 - float(np.prod([1 - signal.strength for signal in self._of[enterprise_id]]))

    def spread(self, ids: NDArray[np.str_]) -> NDArray[np.float32] | None:
        """Return the strength for each enterprise of a pool, shape (n,), 0 without signals.

        None if no enterprise of the pool has any.
        """
        rows, which = found_in(ids, self.ids)
        if not len(rows):
            return None
        found = np.zeros(len(ids), dtype=np.float32)
        found[rows] = self.strengths[which]
        return found


NO_SIGNALS = Signals(SCHEMAS["signals"].create_empty(), datetime.date.min)
"""No signals."""
