"""Gates of leads: the verdict of each on an enterprise for a zone, and the filter by gate."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from features.industry.industry_codes import normalise
from service.projects.verdicts import (
    FAIL,
    PASS,
    UNKNOWN,
    energy,
    excluded_code,
    exclusions_of,
    verdict_documents,
    verdicts,
)
from service.serving import masks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from features.enterprises.profiles import Profiles
    from features.texts.text import WeightedTexts
    from service.projects.rules import Rules
    from service.serving.interfaces import Document

_STATES = {FAIL: masks.FAIL, PASS: masks.PASS, UNKNOWN: masks.UNKNOWN}
_BAD_CREDIT = "bad-credit"
_ZONES = 64


class Gates:
    """The gates of a pool of n enterprises.

    Parameters
    ----------
    rules : Rules
        The office's tables of rules.
    profiles : Profiles
    products : WeightedTexts
        Their items.
    date : str or None
        Date of the last change of the enterprises.
    """

    def __init__(
        self, rules: Rules, profiles: Profiles, products: WeightedTexts, date: str | None
    ) -> None:
        self._rules, self._date = rules, date
        self._profiles, self._products = profiles, products
        self._excluded = lru_cache(_ZONES)(self._find_excluded)

    def of(self, profile: Mapping[str, Any], zone_id: str | None) -> list[Document]:
        """Return the verdict of every gate on an enterprise for a zone."""
        return verdict_documents(verdicts(profile, zone_id, self._rules, self._date))

    def states(self, wanted: Sequence[str], zone_id: str | None) -> NDArray[np.uint8]:
        """Return which enterprises pass all of these gates, as states of `service.serving.masks`.

        A row that fails one gate fails; one that fails none and is unknown at one is unknown.
        """
        found = np.full(len(self._profiles), masks.PASS, dtype=np.uint8)
        for gate in wanted:
            own = self._excluded(zone_id) if gate == "exclusions" else self._fixed[gate]
            failed = (found == masks.FAIL) | (own == masks.FAIL)
            unknown = (found == masks.UNKNOWN) | (own == masks.UNKNOWN)
            found = np.where(failed, masks.FAIL, np.where(unknown, masks.UNKNOWN, masks.PASS))
        return found.astype(np.uint8)

    @cached_property
    def _fixed(self) -> dict[str, NDArray[np.uint8]]:
        """The states of the gates that do not depend on a zone, from the columns of filters."""
        columns = self._profiles.columns
        credit = np.where(columns["credit_known"].to_numpy(), masks.PASS, masks.UNKNOWN)
        bad = columns["flags"].list.contains(_BAD_CREDIT).fill_null(value=False)
        credit[bad.to_numpy()] = masks.FAIL
        standing = columns["standing"].replace_strict(
            {"active": masks.PASS, "inactive": masks.FAIL},
            default=masks.UNKNOWN,
            return_dtype=pl.UInt8,
        )
        return {
            "credit": credit.astype(np.uint8),
            "standing": standing.fill_null(masks.UNKNOWN).to_numpy(),
            "energy": self._by_code(lambda code: energy(code, self._rules, None).state),
        }

    def _by_code(self, say: Callable[[str | None], str]) -> NDArray[np.uint8]:
        """Return the states that follow from the industry code, computed once per code."""
        codes = self._codes
        said = [_STATES[say(normalise(code or ""))] for code in codes.frame["industry_code"]]
        return np.asarray(np.array(said, dtype=np.uint8)[codes.numbers])

    @cached_property
    def _codes(self) -> masks.Distinct:
        return masks.Distinct(self._profiles.columns.select("industry_code"))

    def _find_excluded(self, zone_id: str | None) -> NDArray[np.uint8]:
        """Return the states of a zone's own exclusions; all unknown if it has stated none.

        First by code; profiles with one of the words in name or items are then read.
        """
        own = exclusions_of(zone_id, self._rules)
        if not own:
            return np.full(len(self._profiles), masks.UNKNOWN, dtype=np.uint8)
        states = self._by_code(lambda code: excluded_code(code, own))
        words = [row["word"] for row in own if row["word"]]
        found_in = (self._profiles.named, self._products.mentioning)
        for row in {int(at) for word in words for find in found_in for at in find(word)}:
            profile = self._profiles.row(row)
            found = verdicts(profile, zone_id, self._rules, None)["exclusions"]
            states[row] = _STATES[found.state]
        return states
