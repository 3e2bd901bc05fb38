"""Counts of every enterprise's deals as of a day, relative to a need.

A deal counts 1 on its day and half as much `HALF_LIFE` years later. Relative to a need it is in the
same industry, in another one of its chain or sector, or in a related industry, one with deals by
the same enterprises. Likewise it is in the same zone, elsewhere in its region or province, or near
by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from features.places import distance_km

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from features.enterprises.history import DealPlace, Deals, Subject

HALF_LIFE = 10.0
"""Years. From 6 to 20 the measured figures hardly differ; shorter ones lose too much."""

NEAR_KM = 500.0
"""The distance at which a deal's weight falls to 1/e."""


class DealCounts:
    """Counts over the enterprises that have a deal.

    Parameters
    ----------
    deals : Deals
        Deals made by `as_of`.
    as_of : float
        Years since 1970.

    Attributes
    ----------
    enterprises : ndarray of str, shape (m,)
        Ids, sorted.
    """

    def __init__(self, deals: Deals, as_of: float) -> None:
        self.enterprises, columns = np.unique(deals.enterprises, return_inverse=True)
        weights = 0.5 ** (np.maximum(as_of - deals.dates, 0) / HALF_LIFE)
        self._subjects, self._places = deals.subject_list, deals.place_list
        m, subjects = len(self.enterprises), len(self._subjects)
        self._by_subject = _counts(weights, deals.subjects, columns, (subjects, m))
        self._by_place = _counts(weights, deals.places, columns, (len(self._places), m))
        names = list(dict.fromkeys(subject.industry for subject in self._subjects))
        self._name = {name: row for row, name in enumerate(names)}
        self._name_of = np.array([self._name[s.industry] for s in self._subjects], dtype=np.intp)
        self._ways = _unit_rows(
            _counts(np.ones(len(deals)), self._name_of[deals.subjects], columns, (len(names), m))
        )
        self._of_industry = _rows_of([s.industry] for s in self._subjects)
        self._of_branch = _rows_of(s.branches for s in self._subjects)
        self._of_zone = _rows_of([p.zone_id] for p in self._places)
        self._of_area = _rows_of(p.areas for p in self._places)
        self._points = np.array([p.point for p in self._places]).reshape(-1, 2)

    def industry(self, subject: Subject) -> NDArray[np.float64]:
        """Return the deals of every enterprise by industry relative to a need, shape (3, m).

        The rows: in the same industry; in another one of its chain or sector; in others, weighted
        by the share of enterprises in common (a cosine).
        """
        alike = np.zeros((3, len(self._subjects)))
        alike[1, _found(self._of_branch, subject.branches)] = 1
        own = _found(self._of_industry, [subject.industry])
        alike[0, own] = 1
        row = self._name.get(subject.industry)
        if row is not None and subject.industry:
            alike[2] = (self._ways @ self._ways[[row]].T).toarray()[self._name_of, 0]
        alike[1:, own] = 0
        alike[:, self._name_of == self._name.get("", -1)] = 0
        return np.asarray(alike @ self._by_subject)

    def place(self, place: DealPlace) -> NDArray[np.float64]:
        """Return the deals of every enterprise by place relative to a need, shape (3, m).

        The rows: in the same zone; in another one of its region or province; in others, weighted by
        distance, e^(-km / `NEAR_KM`).
        """
        alike = np.zeros((3, len(self._places)))
        alike[1, _found(self._of_area, place.areas)] = 1
        own = _found(self._of_zone, [place.zone_id])
        if not np.isnan(place.point).any():
            far = np.nan_to_num(distance_km(place.point, self._points), nan=np.inf)
            alike[2] = np.exp(-far / NEAR_KM)
        alike[0, own] = 1
        alike[1:, own] = 0
        return np.asarray(alike @ self._by_place)


def _counts(
    weights: NDArray[np.float64],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    shape: tuple[int, int],
) -> sparse.csr_array:
    return sparse.csr_array((weights, (rows, columns)), shape=shape)


def _unit_rows(counts: sparse.csr_array) -> sparse.csr_array:
    """Return square roots of counts, rows of unit length, so that no enterprise dominates."""
    roots = counts.sqrt()
    lengths = np.sqrt(counts.sum(axis=1))
    return sparse.csr_array(roots.multiply(1 / np.maximum(lengths, 1e-12)[:, None]))


def _rows_of(keys: Iterable[Sequence[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, own in enumerate(keys):
        for key in own:
            if key:
                found.setdefault(key, []).append(row)
    return found


def _found(rows_of: dict[str, list[int]], keys: Iterable[str]) -> list[int]:
    return [row for key in keys for row in rows_of.get(key, ())]
