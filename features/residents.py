"""Properties of enterprises for presence in zones: size, whether closed, seat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from features.enterprises.duplicates import same
from features.enterprises.profile import struck_off
from features.geography.seats import Seats

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

COLUMNS = (
    *("enterprise_id", "name", "former_names", "province", "city", "district", "status", "tags"),
    *("employees", "revenue"),
)
"""The columns that they follow from."""
LEADER, ORDINARY = 0.9, 0.5

_LEADING = "链主|龙头|领军|chain leader"
_LARGE_EMPLOYEES, _LARGE_REVENUE = 1_000, 40_000
"""Minimum employees and revenue (万元) of a large industrial enterprise (National Bureau of
Statistics, 统计上大中小微型企业划分办法, 2017)."""


@dataclass(frozen=True)
class Residents:
    """The properties of a pool's enterprises for presence in zones.

    Attributes
    ----------
    size : ndarray of shape (n,)
        `LEADER` for chain leaders and large enterprises, else `ORDINARY`.
    closed : ndarray of bool, shape (n,)
        Whether each enterprise is struck off.
    repeated : ndarray of bool, shape (n,)
        Whether another row of the pool represents the same enterprise.
    group : ndarray of int, shape (n,)
        The group of rows that are one enterprise, -1 without any.
    seats : Seats
    """

    size: NDArray[np.float32]
    closed: NDArray[np.bool_]
    repeated: NDArray[np.bool_]
    group: NDArray[np.int32]
    seats: Seats

    @classmethod
    def of(cls, enterprises: pl.DataFrame, known: NDArray[np.intp] | None = None) -> Self:
        """Compute them from the enterprises table, in the order of the pool.

        Parameters
        ----------
        enterprises : DataFrame
            The table, or at least `COLUMNS` of it.
        known : ndarray of int, shape (n,), optional
            The number of known columns of each row, in the order of the pool; by default of the
            columns given.
        """
        frame = enterprises.sort("enterprise_id")
        size = np.where(_leads(frame), LEADER, ORDINARY).astype(np.float32)
        found = same(frame, known)
        return cls(size, struck_off(frame), found.repeated, found.group, Seats.of(frame))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays, to be saved."""
        own = {"size": self.size, "closed": self.closed}
        own |= {"repeated": self.repeated, "group": self.group}
        return own | self.seats.arrays()

    def alike(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the given rows and all rows of the same enterprises, without repetition."""
        groups = self.group[rows]
        groups = groups[groups >= 0]
        others = np.flatnonzero(np.isin(self.group, groups)) if len(groups) else groups
        return np.union1d(rows, others)

    def standing(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return one of the given rows per enterprise, without those struck off.

        If the pool's representative is not among them, the first of them is used.
        """
        open_ = rows[~self.closed[rows]]
        repeated = self.repeated[open_]
        left = np.setdiff1d(open_[repeated], self.alike(open_[~repeated]))
        first = np.unique(self.group[left], return_index=True)[1]
        return np.union1d(open_[~repeated], left[first])

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        seats = Seats(arrays["places"], arrays["seats"])
        same = arrays["repeated"], arrays["group"]
        return cls(arrays["size"], arrays["closed"], *same, seats)


def _leads(enterprises: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which enterprises are chain leaders by tag, or large by their figures."""
    tagged = enterprises["tags"].list.join(";").str.contains(f"(?i){_LEADING}").fill_null(False)
    large = (enterprises["employees"] >= _LARGE_EMPLOYEES) & (
        enterprises["revenue"] >= _LARGE_REVENUE
    )
    return (tagged | large.fill_null(value=False)).to_numpy()
