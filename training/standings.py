"""Standings: what every ranker reached under one split."""

from __future__ import annotations

import platform
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

from training.caveats import caveats
from training.metrics import DRAW_SEED, DRAWS
from training.stack import STACK
from training.tallies import FigureTally, figures, paired

if TYPE_CHECKING:
    from training.tallies import Figure
    from training.tasks import Split

BEST = "best_single_factor"
THESAURUS = "thesaurus"
ASKED = {
    "all": "needs_asked_for",
    "warm": "warm_needs_asked_for",
    "cold": "cold_needs_asked_for",
}
"""Names of the counts of needs by slice."""
_UNJUDGED = "enterprises that no judgement left to learn from names"
_EVERYBODY = "all enterprises"
CANDIDATES = {
    "cold-need": f"{_UNJUDGED}; in the figures of the whole pool, {_EVERYBODY}",
    "cold-enterprise": _UNJUDGED,
    "warm": f"{_EVERYBODY} but those with a pair left of the same need",
    "time": f"{_EVERYBODY} that were there by the day",
    "leave-zone-out": _EVERYBODY,
    "phrases": _EVERYBODY,
    "prose": _EVERYBODY,
}
"""The candidates of needs, by protocol."""
LIBRARIES = (
    *("numpy", "scipy", "scikit-learn", "polars", "rectools-lightfm", "rjieba"),
    *("bm25s", "implicit"),
)


@dataclass
class Comparison:
    """The figures of every ranker under one split.

    Attributes
    ----------
    split : Split
    tallies : dict of FigureTally, by ranker
    without : dict of FigureTally, by factor
        The stack without one factor, and refitted without its thesaurus.
    alone : dict of FigureTally, by factor
        Each factor alone.
    speaking, speaking_alone : sets of str
        The factors that differed between enterprises in at least one question, in the blend and
        alone.
    settings, glosses, seconds : dicts by ranker
    left_out : dict
        Rankers that could not be run, and why.
    silent : int
        Number of questions left out for all rankers, because no profile shares a word with the
        need.
    worded : int
        Number of needs with a language model's words.
    """

    split: Split
    tallies: dict[str, FigureTally] = field(default_factory=dict)
    without: dict[str, FigureTally] = field(default_factory=dict)
    alone: dict[str, FigureTally] = field(default_factory=dict)
    speaking: set[str] = field(default_factory=set)
    speaking_alone: set[str] = field(default_factory=set)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    glosses: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    left_out: dict[str, str] = field(default_factory=dict)
    silent: int = 0
    worded: int = 0

    def merge(self, other: Comparison) -> None:
        """Add the results of another task of the same split."""
        for own, theirs in (
            (self.tallies, other.tallies),
            (self.without, other.without),
            (self.alone, other.alone),
        ):
            for name, tally in theirs.items():
                tally_of(own, name, self.split).merge(tally)
        self.speaking |= other.speaking
        self.speaking_alone |= other.speaking_alone
        self.settings |= other.settings
        self.glosses |= other.glosses
        for name, seconds in other.seconds.items():
            self.seconds[name] += seconds
        self.silent += other.silent

    def to_dict(self) -> dict[str, Any]:
        """Return everything as a JSON document."""
        split, stack = self.split, self.tallies.get(STACK)
        others = {name: tally for name, tally in self.tallies.items() if name != STACK}
        return {
            "protocol": split.protocol,
            "date": split.date.isoformat() if split.date else None,
            "dates": [day.isoformat() for day in split.dates],
            "seed": split.seed,
            "split": {"tasks": len(split.tasks), "sha256": split.digest},
            "counts": split.counts
            | count_needs(split)
            | {
                "questions_no_profile_speaks_of": self.silent,
                "needs_with_words_of_a_model": self.worded,
            },
            "candidates": _candidates(split),
            "judged_by": figures(split.protocol)[0].name,
            "figures": {
                figure.name: {
                    "is": figure.says,
                    "least_relevant": figure.least,
                    "needs": self._judged(figure),
                }
                for figure in figures(split.protocol)
            },
            "intervals": {"level": 0.95, "draws": DRAWS, "seed": DRAW_SEED, "over": "needs"},
            "rankers": {
                name: {
                    "gloss": self.glosses[name],
                    "settings": self.settings[name],
                    "figures": tally.summary(),
                    "lists": tally.spread(),
                    "seconds": round(self.seconds[name], 2),
                    "needs": {
                        figure.name: tally.needs(figure.name) for figure in figures(split.protocol)
                    },
                }
                for name, tally in self.tallies.items()
            },
            "left_out": self.left_out,
            "cuts": {
                day.isoformat(): {
                    name: tally.cut(task.fold) for name, tally in self.tallies.items()
                }
                for task, day in zip(split.tasks, split.dates, strict=False)
            },
            "factors_alone": {
                name: tally.summary()["all"]
                for name, tally in self.alone.items()
                if name in self.speaking_alone
            },
            "stack_minus_peer": {
                name: paired(stack, tally) for name, tally in others.items() if stack is not None
            },
            "stack_minus_stack_without": {
                name: paired(stack, tally)
                for name, tally in self.without.items()
                if stack is not None and name in (*self.speaking, THESAURUS)
            },
            "warnings": caveats(split, self.tallies),
            "libraries": libraries(),
        }

    def _judged(self, figure: Figure) -> dict[str, dict[str, int]]:
        """Count the needs that a figure covers, and those left out of it, by slice.

        A need that several tasks ask for may be left out in some: so `questions` are counted too.
        """
        tally, found = next(iter(self.tallies.values())), {}
        asked = count_needs(self.split)
        for part, counted in ASKED.items():
            judged = len(tally.needs(figure.name, part))
            found[part] = {"judged": judged, "left_out": asked[counted] - judged}
        values = tally.values["all"][figure.name].values()
        judged = sum(len(own) for own in values)
        found["questions"] = {"judged": judged, "left_out": asked["questions"] - judged}
        return found


def libraries() -> dict[str, str | None]:
    """Return the versions of the libraries of rankers; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = installed(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def count_needs(split: Split) -> dict[str, int]:
    """Count the needs in questions; one may be warm in one task and cold in another."""
    asked = [question for task in split.tasks for question in task.questions]
    of = {
        "all": {q.query.need_id for q in asked},
        "warm": {q.query.need_id for q in asked if q.warm},
        "cold": {q.query.need_id for q in asked if not q.warm},
    }
    return {name: len(of[part]) for part, name in ASKED.items()} | {"questions": len(asked)}


def _candidates(split: Split) -> dict[str, Any]:
    """Return the description and number of candidates."""
    sizes = [int(question.candidates.sum()) for task in split.tasks for question in task.questions]
    return {
        "who": CANDIDATES[split.protocol],
        "fewest": min(sizes),
        "most": max(sizes),
        "enterprises": max(len(task.ids) for task in split.tasks),
    }


def tally_of(tallies: dict[str, FigureTally], name: str, split: Split) -> FigureTally:
    """Return the tally of a ranker or factor; it is added if there is none."""
    return tallies.setdefault(name, FigureTally(split.protocol))
