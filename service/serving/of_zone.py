"""The filters that are relative to a zone: the stage there, and the seat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.structures.ordered import found_in
from features.vocabulary import ENDINGS, NONE, SEATS, STAGES
from service.serving.masks import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.enterprises.profiles import Profiles
    from features.need import NeedQuery
    from features.presence import Presence
    from service.serving.filters import Filters
    from service.serving.interfaces import Document

STAGED = (*STAGES, *ENDINGS, NONE)
SEATED = tuple(SEATS)


def states_of_zone(
    filters: Filters,
    presence: Presence,
    need: NeedQuery,
    zone: Document | None,
    profiles: Profiles,
) -> dict[str, NDArray[np.uint8]]:
    """Return the states of the filters `stage` and `seat`, if set.

    Parameters
    ----------
    filters, presence, need
    zone : dict or None
        The zone of the need; if its city is unknown, seats relative to it are unknown too.
    profiles : Profiles
        Profiles of the n enterprises of the pool.
    """
    states = {}
    if filters.stage:
        states["stage"] = _states(filters.stage, STAGED, stages_of(presence, need, profiles))
    if filters.seat:
        states["seat"] = _states(filters.seat, SEATED, seats_of(presence, zone, profiles))
    return states


def stages_of(presence: Presence, need: NeedQuery, profiles: Profiles) -> NDArray[np.int8]:
    """Return the last stage of each enterprise in a need's zone, as indices into `STAGED`."""
    events = presence.last_events(need)
    found = np.full(len(profiles), STAGED.index(NONE), dtype=np.int8)
    rows, which = found_in(profiles.ids, np.array(list(events), dtype=np.str_))
    stages = np.array([STAGED.index(event.stage) for event in events.values()], dtype=np.int8)
    found[rows] = stages[which]
    return found


def seats_of(presence: Presence, zone: Document | None, profiles: Profiles) -> NDArray[np.int8]:
    """Return the seat of each relative to a zone, as indices into `SEATED`; -1 where unknown."""
    found = np.full(len(profiles), -1, dtype=np.int8)
    if zone is None or not (zone.get("city") or zone.get("county")):
        return found
    found[profiles.columns["city"].is_not_null().to_numpy()] = SEATED.index("elsewhere")
    for row, where in presence.seats(zone["zone_id"]).items():
        found[row] = SEATED.index(where)
    return found


def _states(
    wanted: Sequence[str], names: Sequence[str], own: NDArray[np.int8]
) -> NDArray[np.uint8]:
    states = np.isin(own, [names.index(name) for name in wanted]).astype(np.uint8)
    states[own < 0] = UNKNOWN
    return states
