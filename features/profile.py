"""What a profile's own fields say about it: known how far, struck off, flagged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.standing import standings
from features.vocabulary import FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

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
"""What knowing each field adds to the confidence in a lead; together 1."""


OF_ZONE = 0.2
"""The part of the confidence in a lead for a zone that what is known of the two together decides.

The factors of chain and place say nothing where they know nothing: their silence costs no score,
and shows here.
"""


def confidence(profile: Mapping[str, Any], of_zone: float = 1.0) -> float:
    """Return how much is known, from 0 to 1.

    Parameters
    ----------
    profile : mapping
        A row of the enterprises.
    of_zone : float
        How much is known of profile and zone together, from `known_of_zone`; 1 where no zone asks.
    """
    known = (part for field, part in KNOWLEDGE.items() if profile[field] not in (None, "", []))
    return round(sum(known) * (1 - OF_ZONE * (1 - of_zone)), 2)


def known_of_zone(need: NeedFeatures, pool: PoolFeatures, row: int) -> float:
    """Return how much is known of an enterprise and a need's zone together, 0, 0.5 or 1.

    One half is the chain (what the zone has, and where the enterprise stands), one half the place
    (both points).
    """
    chain = need.present is not None and not np.isnan(pool.nodes.fit[row]).any()
    place = not np.isnan(need.point).any() and not np.isnan(pool.points[row]).any()
    return (chain + place) / 2


def flags(profile: Mapping[str, Any]) -> list[str]:
    """Return the warning signs that a profile's short name (or else its name) and credit give."""
    called = {**profile, "short_name": profile["short_name"] or profile["name"]}
    return [name for name, flag in FLAGS.items() if flag.raised(called[flag.column])]


def struck_off(enterprises: pl.DataFrame) -> NDArray[np.bool_]:
    """Return who does not exist any more by its status; one of unknown standing is not."""
    found = standings(enterprises["status"]) == "inactive"
    return found.fill_null(value=False).to_numpy()
