"""Journeys: candidates grouped by cities that are close to each other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from features.places import distance_km

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITHIN_KM = 150.0
"""Maximum distance of other cities from the one with most candidates: about two hours by road."""


def journeys(candidates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Group candidates into journeys, the largest first.

    A journey starts from the city with most of the remaining candidates and includes every city
    within `WITHIN_KM`. Candidates in an unknown city form the last group.

    Returns
    -------
    list of dict
        `cities`, each with name, distance in km from the first one and its candidates by rank;
        `count`; `known` is false for the group of unknown cities.
    """
    by_city: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    nowhere = []
    for candidate in candidates:
        if candidate["city"] or candidate["province"]:
            by_city[candidate["province"] or "", candidate["city"] or ""].append(candidate)
        else:
            nowhere.append(candidate)
    found: list[dict[str, Any]] = []
    while by_city:
        first = max(by_city, key=lambda city: (len(by_city[city]), -by_city[city][0]["rank"]))
        point = _point(by_city[first])
        cities: list[dict[str, Any]] = []
        for city in list(by_city):
            away = 0.0 if city == first else _away(point, _point(by_city[city]))
            if away <= WITHIN_KM:
                rows = by_city.pop(city)
                cities.append({"province": city[0], "city": city[1], "km": away, "rows": rows})
        cities.sort(key=lambda city: (city["km"], city["city"]))
        count = sum(len(city["rows"]) for city in cities)
        found.append({"cities": cities, "count": count, "known": True})
    found.sort(key=lambda journey: -journey["count"])
    if nowhere:
        unknown = {"province": "", "city": "", "km": 0.0, "rows": nowhere}
        found.append({"cities": [unknown], "count": len(nowhere), "known": False})
    return found


def _point(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    for row in rows:
        if row["lon"] is not None and row["lat"] is not None:
            return row["lon"], row["lat"]
    return float("nan"), float("nan")


def _away(point: tuple[float, float], other: tuple[float, float]) -> float:
    away = float(distance_km(point, np.array([other]))[0])
    return away if np.isfinite(away) else float("inf")
