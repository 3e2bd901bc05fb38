"""All peers, in the order of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.peers.factorisation import Als, Bpr, LightFMAlone
from training.peers.rules import (
    Chance,
    Popularity,
    RecentPopularity,
    SectorPopularity,
    SectorZonePopularity,
)
from training.peers.search import Bm25, Centroid, CharacterTfidf, LabelMatch
from training.peers.word_search import Bm25Words, CharacterTfidfWords

if TYPE_CHECKING:
    from training.peers.base import Peer


def peers() -> tuple[Peer, ...]:
    """Return every peer, not fitted."""
    return (
        Chance(),
        Popularity(),
        LabelMatch(),
        CharacterTfidf(),
        Bm25(),
        CharacterTfidfWords(),
        Bm25Words(),
        Centroid(),
        LightFMAlone(),
        Als(),
        Bpr(),
        SectorPopularity(),
        SectorZonePopularity(),
        RecentPopularity(),
    )
