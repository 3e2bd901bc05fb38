"""Features of needs: computed once per need, the last ones cached."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from service.cache.local import LocalCache
from service.serving.words.model import given_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from features.need import NeedQuery
    from features.presence import Presence
    from features.space.arrays import NeedFeatures
    from features.space.space import FeatureSpace
    from service.serving.words.model import WordSource

_BYTES = 32 * 2**20


class NeedCache:
    """Turns needs into features and keeps the most recently used ones; safe for several threads.

    Parameters
    ----------
    space : FeatureSpace
    zones : mapping of str to dict
        By zone_id, the rows of the table zones.
    presence : Presence
        The enterprises that each zone already has.
    words : WordSource
        A language model, whose words come before those of the thesaurus.
    signals : ndarray of shape (n,), optional
        The strength of the signals of each enterprise.
    """

    def __init__(
        self,
        space: FeatureSpace,
        zones: Mapping[str, dict[str, Any]],
        presence: Presence,
        words: WordSource,
        signals: NDArray[np.float32] | None = None,
    ) -> None:
        self.space = space
        self.zones = zones
        self.presence = presence
        self.words = words
        self.signals = signals
        self.entries: LocalCache[NeedFeatures] = LocalCache(_BYTES)
        self._lock = threading.Lock()

    def features(self, need: NeedQuery) -> NeedFeatures:
        """Return the features of a need."""
        given = given_for(need, self.words)
        with self._lock:  # the encoder is not thread-safe
            found = self.entries.get((need, given))
            if found is None:
                zone, present = self.zones.get(need.zone_id or ""), self.presence.of(need.zone_id)
                of_model = given.words if given else ()
                found = self.space.need(need, zone, present=present, words_of_model=of_model)
                if given and given.problem:
                    found = replace(
                        found, understood=replace(found.understood, unanswered=given.problem)
                    )
                found = replace(found, signals=self.signals)
                self.entries.put((need, given), found, found.weight)
        return found

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self.entries.clear()
