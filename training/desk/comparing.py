"""Comparison of rankers under several protocols, as far as the workspace has the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.errors import InputError
from models.settings import DEFAULTS, ModelSettings
from training import harness, protocols
from training.peers.roster import peers
from training.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from features.encoder import EncodingStore
    from features.progress import Steps
    from training.data import TrainingData
    from training.peers.base import Peer


def compare(
    names: Sequence[str],
    data: TrainingData,
    store: EncodingStore,
    *,
    today: date,
    seed: int = 0,
    rankers: Sequence[Peer] = (),
    settings: ModelSettings = DEFAULTS,
    progress: Steps = lambda *_: None,
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the comparison under each protocol, and why others could not be run.

    Parameters
    ----------
    names : sequence of str
        Protocols.
    data : TrainingData
    store : EncodingStore
    today : date
        The day at which ages are computed.
    seed : int
    rankers : sequence of Peer
        Additional rankers.
    settings : ModelSettings
        Settings of the stack.
    progress : callable, optional
        Called with (step, done, of).
    """
    found, left_out = {}, {}
    for name in names:
        try:
            split = protocols.split(name, data, today=today, seed=seed)
        except InputError as error:
            left_out[name] = error.message
            continue
        comparison = harness.compare(
            split,
            store,
            rankers=(*peers(), *rankers),
            stack=Stack(settings),
            progress=progress,
        )
        found[name] = comparison.to_dict()
    return found, left_out


def left_out_text(left_out: Mapping[str, str]) -> str:
    """Return a list of the protocols that could not be run, as Markdown; "" for none."""
    if not left_out:
        return ""
    rows = [f"- {name}: {why}" for name, why in left_out.items()]
    return "\n".join(["未能进行的检验 · protocols left out", "", *rows])
