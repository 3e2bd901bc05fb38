"""Properties derived from a profile: confidence, struck off, flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.values.standing import standings
from features.vocabulary import FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

KNOWLEDGE = {
    "name": 0.1,
    "products": 0.35,
    "business_scope": 0.1,
    "industry_code": 0.1,
    "province": 0.05,
    "city": 0.05,
    "founded": 0.05,
    "registered_capital": 0.05,
    "employees": 0.05,
    "revenue": 0.05,
    "status": 0.05,
}
"""Weights of known fields in the confidence of a lead; they sum to 1."""


OF_ZONE = 0.2
"""The share of confidence that depends on zone and profile together. Factors of chain and place
that do not apply cost no score; their absence shows here.
"""


def confidence(profile: Mapping[str, Any], of_zone: float = 1.0) -> float:
    """Return the confidence, from 0 to 1.

    Parameters
    ----------
    profile : mapping
        A row of the enterprises.
    of_zone : float
        The result of `known_of_zone`; 1 without a zone.
    """
    known = (part for field, part in KNOWLEDGE.items() if profile[field] not in (None, "", []))
    return round(sum(known) * (1 - OF_ZONE * (1 - of_zone)), 2)


def known_of_zone(need: NeedFeatures, pool: PoolFeatures, row: int) -> float:
    """Return how much is known of an enterprise relative to a need's zone, 0, 0.5 or 1.

    One half is the chain (the zone's presence, and the enterprise's nodes), one half the place
    (both points).
    """
    chain = need.present is not None and not np.isnan(pool.nodes.fit[row]).any()
    place = not np.isnan(need.point).any() and not np.isnan(pool.points[row]).any()
    return (chain + place) / 2


def flags(profile: Mapping[str, Any]) -> list[str]:
    """Return the warning signs from a profile's short name (or else its name) and credit."""
    called = {**profile, "short_name": profile["short_name"] or profile["name"]}
    return [name for name, flag in FLAGS.items() if flag.raised(called[flag.column])]


def struck_off(enterprises: pl.DataFrame) -> NDArray[np.bool_]:
    """Return an expression for being struck off by status; unknown standing is not."""
    found = standings(enterprises["status"]) == "inactive"
    return found.fill_null(value=False).to_numpy()
