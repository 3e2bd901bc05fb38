"""Warnings about what the figures of an evaluation do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.tallies import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.tallies import FigureTally
    from training.tasks import Split

_FEW_NEEDS = 10
"""With fewer needs bootstrap intervals are unreliable."""
_MANY_RELEVANT = 0.5
"""The share of relevant candidates from which on a random order scores well."""


def caveats(split: Split, tallies: Mapping[str, FigureTally]) -> list[str]:
    """Return warnings: few needs, candidates that are nearly all relevant, every ranker alike.

    Parameters
    ----------
    split : Split
    tallies : mapping of FigureTally, by ranker
    """
    judged_by, found = figures(split.protocol)[0], []
    asked = [question for task in split.tasks for question in task.questions]
    needs = max(len(tally.needs(judged_by.name)) for tally in tallies.values())
    if needs < _FEW_NEEDS:
        found.append(
            f"only {needs} need{'' if needs == 1 else 's'} could be judged: intervals and "
            "differences over so few are unreliable"
        )
    shares = [
        q.relevant[q.candidates].mean()
        for q in asked
        if int(q.relevant[q.candidates].sum()) >= judged_by.least
    ]
    if shares and (share := float(np.mean(shares))) >= _MANY_RELEVANT:
        found.append(
            f"{share:.0%} of the candidates of a need are relevant on average, so that any "
            "order of them looks good: judge against enterprises that do not suit, too"
        )
    means = {
        round(own["mean"], 9)
        for tally in tallies.values()
        if (own := tally.summary()["all"][judged_by.name]) is not None
    }
    if len(means) == 1 and len(tallies) > 1:
        found.append(
            f"every ranker reaches the same {judged_by.name}, {means.pop():.3f}: the figures "
            "do not show which is better"
        )
    return found
