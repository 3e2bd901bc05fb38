"""All peers, in the order of reports."""

from __future__ import annotations

from features.errors import UsageError
from features.extension import named
from training.peers.base import Peer
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


def peer_named(text: str) -> Peer:
    """Return a user's own ranker for the comparison, given as `module:Class`.

    The module may be in the current folder.

    Raises
    ------
    UsageError
        When it cannot be found, is no `Peer`, or has the name of another ranker.
    """
    expected = "a class derived from training.peers.base.Peer"
    found = named(text, field="ranker", what="ranker", expected=expected)
    if not (isinstance(found, type) and issubclass(found, Peer)):
        raise UsageError(
            f"--ranker {text} is no ranker", field="ranker", got=text, expected=expected
        )
    try:
        peer = found()
        name, _ = peer.name, peer.gloss
    except (TypeError, AttributeError) as error:
        raise UsageError(
            f"--ranker {text} cannot be made: {error}",
            field="ranker",
            got=text,
            expected=f"{expected}, made without arguments, with name, gloss, fit and scores",
        ) from error
    if name in {"lianzhao", *(own.name for own in peers())}:
        raise UsageError(
            f"--ranker {text} has the name {name!r}, which is another ranker's",
            field="ranker",
            got=name,
            expected="a name of its own",
        )
    return peer


def peers() -> tuple[Peer, ...]:
    """Return all peers, unfitted."""
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
