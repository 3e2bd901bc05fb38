"""What a profile's own fields say about it: known how far, struck off, flagged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.vocabulary import FLAGS, STRUCK_OFF

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

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


def confidence(profile: Mapping[str, Any]) -> float:
    """Return how much of a profile is known, from 0 to 1."""
    known = (part for field, part in KNOWLEDGE.items() if profile[field] not in (None, "", []))
    return round(sum(known), 2)


def flags(profile: Mapping[str, Any]) -> list[str]:
    """Return the warning signs that a profile's short name (or else its name) and credit give."""
    called = {**profile, "short_name": profile["short_name"] or profile["name"]}
    return [name for name, flag in FLAGS.items() if flag.raised(called[flag.column])]


def struck_off(enterprises: pl.DataFrame) -> NDArray[np.bool_]:
    """Return who is struck off (注销, 吊销, 清算, 迁出); an unknown status is not."""
    said = enterprises["status"].str.replace_all(r"\s", "")
    told = said.str.replace_all(f"未({'|'.join(STRUCK_OFF)})", "")
    found = told.str.contains("|".join(STRUCK_OFF)).fill_null(value=False)
    return found.to_numpy()
