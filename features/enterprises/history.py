"""The workspace's own deals: enterprise, industry, place and date.

A deal is an event by which an enterprise was won. A project that passes through several stages is
one deal, dated by the first of `DEAL_STAGES` that its pair has; several events of that stage are
several deals. Contacts and projects that ended without a signature are no deals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from features.places import UNKNOWN_POINT
from features.vocabulary import WON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures

DEAL_STAGES = (*WON, "established")
"""The stages of a won enterprise, the one that best dates the decision first."""

_BRANCHES = ("chain_id=", "chain=", "sector=")
_AREAS = ("region=", "zone_province=")
_SEPARATOR = "\n"
_DAYS_A_YEAR = 365.25
_FIRST_DAY = date(1970, 1, 1)


class Subject(NamedTuple):
    """The subject of a need: its industry, with chains and sector."""

    industry: str
    branches: tuple[str, ...]


class DealPlace(NamedTuple):
    """The place of a need: its zone, regions and province, and point."""

    zone_id: str
    areas: tuple[str, ...]
    point: tuple[float, float]


def subject_of(need: NeedFeatures) -> Subject:
    """Return the subject of a need; empty if unknown."""
    return Subject(_first(need.tokens, "industry="), _own(need.tokens, _BRANCHES))


def deal_place(need: NeedFeatures) -> DealPlace:
    """Return the place of a need; empty, with NaN for the point, if unknown."""
    point = UNKNOWN_POINT if np.isnan(need.point).any() else need.point
    return DealPlace(_first(need.tokens, "zone="), _own(need.tokens, _AREAS), point)


def years(day: date) -> float:
    """Return a date as years since 1970."""
    return (day - _FIRST_DAY).days / _DAYS_A_YEAR


def date_at(moment: float) -> date:
    """Return the date of a number of years since 1970, the inverse of `years`."""
    return _FIRST_DAY + timedelta(days=round(moment * _DAYS_A_YEAR))


@dataclass(frozen=True)
class Deals:
    """k dated deals.

    Attributes
    ----------
    enterprises : ndarray of str, shape (k,)
        Ids.
    subjects, places : ndarrays of int, shape (k,)
        Rows of `subject_list` and `place_list`.
    dates : ndarray of float, shape (k,)
        Years since 1970.
    subject_list : tuple of Subject
    place_list : tuple of DealPlace
    """

    enterprises: NDArray[np.str_]
    subjects: NDArray[np.intp]
    places: NDArray[np.intp]
    dates: NDArray[np.float64]
    subject_list: tuple[Subject, ...]
    place_list: tuple[DealPlace, ...]

    def __len__(self) -> int:
        return len(self.enterprises)

    def chosen(self, rows: NDArray[Any]) -> Deals:
        """Return some of the deals, by mask or row numbers; the lists are unchanged."""
        return Deals(
            self.enterprises[rows],
            self.subjects[rows],
            self.places[rows],
            self.dates[rows],
            self.subject_list,
            self.place_list,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the deals, to be saved."""
        return {
            "enterprises": self.enterprises,
            "subjects": self.subjects,
            "places": self.places,
            "dates": self.dates,
            "industries": _texts([subject.industry for subject in self.subject_list]),
            "branches": _texts([_SEPARATOR.join(s.branches) for s in self.subject_list]),
            "zone_ids": _texts([place.zone_id for place in self.place_list]),
            "areas": _texts([_SEPARATOR.join(place.areas) for place in self.place_list]),
            "points": np.array([place.point for place in self.place_list]).reshape(-1, 2),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Deals:
        """Restore from the result of `arrays`."""
        subjects = zip(arrays["industries"].tolist(), arrays["branches"].tolist(), strict=True)
        places = zip(
            arrays["zone_ids"].tolist(),
            arrays["areas"].tolist(),
            arrays["points"].tolist(),
            strict=True,
        )
        return cls(
            arrays["enterprises"],
            arrays["subjects"],
            arrays["places"],
            arrays["dates"],
            tuple(Subject(name, _parted(branches)) for name, branches in subjects),
            tuple(DealPlace(id_, _parted(areas), (lon, lat)) for id_, areas, (lon, lat) in places),
        )


def deals(events: pl.DataFrame, needs: Sequence[NeedFeatures], *, as_of: date) -> Deals:
    """Gather the deals among the events.

    Parameters
    ----------
    events : polars.DataFrame
        The events table. Events without a date, after `as_of`, or of other needs are left out; an
        event of a zone without a need is a deal there without an industry, if a need of that zone
        is given.
    needs : sequence of NeedFeatures
    as_of : date

    Returns
    -------
    Deals, in the order of date, enterprise and event.
    """
    rank = {stage: at for at, stage in enumerate(DEAL_STAGES)}
    won = (
        events.filter(pl.col("stage").is_in(DEAL_STAGES) & (pl.col("date") <= as_of))
        .with_columns(
            rank=pl.col("stage").replace_strict(rank, return_dtype=pl.Int8),
            project=pl.coalesce("need_id", "zone_id"),
        )
        .filter(pl.col("rank") == pl.col("rank").min().over("enterprise_id", "project"))
        .sort("date", "enterprise_id", "event_id")
    )
    subject_list = _rows([Subject("", ()), *(subject_of(need) for need in needs)])
    place_list = _rows([deal_place(need) for need in needs])
    of_need = {
        need.need_id: (subject_list[subject_of(need)], place_list[deal_place(need)])
        for need in needs
        if need.need_id
    }
    of_zone = {place.zone_id: at for place, at in reversed(place_list.items()) if place.zone_id}
    kept, found = [], []
    for row, (need_id, zone_id) in enumerate(won.select("need_id", "zone_id").iter_rows()):
        at = of_need.get(need_id) if need_id else (0, of_zone.get(zone_id))
        if at is not None and at[1] is not None:
            kept.append(row)
            found.append(at)
    rows = np.array(found, dtype=np.intp).reshape(-1, 2)
    own = won[kept] if kept else won.clear()
    return Deals(
        own["enterprise_id"].to_numpy().astype(np.str_),
        rows[:, 0],
        rows[:, 1],
        np.array([years(day) for day in own["date"]], dtype=np.float64),
        tuple(subject_list),
        tuple(place_list),
    )


def _rows(items: Sequence[Any]) -> dict[Any, int]:
    """Return the distinct items, numbered in order of appearance."""
    return {item: at for at, item in enumerate(dict.fromkeys(items))}


def _own(tokens: Sequence[str], prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(token for token in tokens if token.startswith(prefixes)))


def _first(tokens: Sequence[str], prefix: str) -> str:
    return next((t.removeprefix(prefix) for t in tokens if t.startswith(prefix)), "")


def _texts(items: Sequence[str]) -> NDArray[np.str_]:
    return np.array(items, dtype=np.str_)


def _parted(text: str) -> tuple[str, ...]:
    return tuple(text.split(_SEPARATOR)) if text else ()
