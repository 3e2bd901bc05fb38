"""The harness of comparisons: the same tasks, candidates and figures for every ranker."""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from features.errors import InputError
from models.settings import DEFAULTS
from training.caveats import caveats
from training.metrics import DRAW_SEED, DRAWS
from training.peers.roster import peers
from training.rounds import Rounds
from training.stack import STACK
from training.tallies import FigureTally, figures, paired

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.encoder import EncodingStore
    from features.progress import Steps
    from training.peers.base import Peer
    from training.rounds import Round
    from training.stack import Stack
    from training.tallies import Figure
    from training.tasks import EvaluationQuestion, Split

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
            | _asked(split)
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
        asked = _asked(self.split)
        for part, counted in ASKED.items():
            judged = len(tally.needs(figure.name, part))
            found[part] = {"judged": judged, "left_out": asked[counted] - judged}
        values = tally.values["all"][figure.name].values()
        judged = sum(len(own) for own in values)
        found["questions"] = {"judged": judged, "left_out": asked["questions"] - judged}
        return found


def compare(
    split: Split,
    store: EncodingStore,
    *,
    rankers: Sequence[Peer] | None = None,
    stack: Stack | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
    progress: Steps = lambda *_: None,
) -> Comparison:
    """Fit every ranker on every task and judge it, on one BLAS thread.

    The number of threads decides the last bits of a product, and through a fit possibly a figure.

    Parameters
    ----------
    split : Split
        From `training.protocols.split`.
    store : EncodingStore
    rankers : sequence of Peer, optional
        By default all peers.
    stack : Stack, optional
        Not run if None.
    words : mapping, optional
        By need_id, the words of a language model for needs.
    progress : callable
        Called with (step, done, of).

    Raises
    ------
    InputError
        When no profile shares a word with any of the needs.
    """
    # Before the first factorisation: the number of threads decides the last bits of a sum, and
    # LightFM's draws depend on them.
    threadpool_limits(1, user_api="blas")
    found = Comparison(split)
    taking_part: list[Peer] = []
    for peer in peers() if rankers is None else rankers:
        reason = peer.why_not(split)
        if reason is None:
            taking_part.append(peer)
        else:
            found.left_out[peer.name] = reason
    topics = (DEFAULTS if stack is None else stack.parameters).space.topics
    rounds = Rounds(store, seed=split.seed, words=words, topics=topics)
    asked_for = {question.query.need_id for task in split.tasks for question in task.questions}
    found.worded = len(asked_for & set(words or ()))
    _judge_tasks(found, rounds, stack, taking_part, progress)
    if not found.tallies:
        raise InputError(
            f"{split.protocol} cannot be run on this workspace: no profile says a word of any of "
            f"the {found.silent} needs asked for",
            field="protocol",
            got=split.protocol,
            expected="needs in the language of the profiles",
        )
    judged_by = figures(split.protocol)[0]
    if not any(tally.needs(judged_by.name) for tally in found.tallies.values()):
        raise InputError(
            f"{split.protocol} can judge nothing here: of {_asked(split)['needs_asked_for']} needs "
            f"asked for none has {judged_by.least} relevant candidates",
            field="protocol",
            got=split.protocol,
            expected=f"needs with {judged_by.least} relevant enterprises or more that can be "
            "hidden together: more judgements of a need, or another protocol",
        )
    _find_best(found)
    return found


def _judge_tasks(
    found: Comparison,
    rounds: Rounds,
    stack: Stack | None,
    taking_part: Sequence[Peer],
    progress: Steps,
) -> None:
    split = found.split
    for done, task in enumerate(split.tasks):
        label = f"{split.protocol} {done + 1}/{len(split.tasks)}"
        ground = rounds.round(task, _labelled(progress, label))
        asked = [question for question in task.questions if _speaks(ground, question)]
        found.silent += len(task.questions) - len(asked)
        if not asked:
            continue
        if stack is not None:
            _judge_stack(found, stack, ground, asked)
        for number, peer in enumerate(taking_part, start=1):
            _judge(found, peer, ground, asked)
            progress(f"{label}: peers", number, len(taking_part))


def libraries() -> dict[str, str | None]:
    """Return the versions of the libraries of rankers; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = installed(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _labelled(progress: Steps, label: str) -> Steps:
    return lambda step, done, of: progress(f"{label}: {step}", done, of)


def _asked(split: Split) -> dict[str, int]:
    """Count the needs asked for; one may be warm in one task and cold in another."""
    asked = [question for task in split.tasks for question in task.questions]
    of = {
        "all": {q.query.need_id for q in asked},
        "warm": {q.query.need_id for q in asked if q.warm},
        "cold": {q.query.need_id for q in asked if not q.warm},
    }
    return {name: len(of[part]) for part, name in ASKED.items()} | {"questions": len(asked)}


def _speaks(ground: Round, question: EvaluationQuestion) -> bool:
    try:
        ground.need(question)
    except InputError:
        return False
    return True


def _judge(
    found: Comparison, peer: Peer, ground: Round, asked: Sequence[EvaluationQuestion]
) -> None:
    begin = time.perf_counter()
    peer.fit(ground)
    tally = _tally(found.tallies, peer.name, found.split)
    for question in asked:
        scores = _checked(peer, peer.scores(question), len(ground.task.ids))
        tally.add(question, ground.task.ids, scores)
    found.glosses[peer.name], found.settings[peer.name] = peer.gloss, peer.settings()
    found.seconds[peer.name] += time.perf_counter() - begin


def _checked(peer: Peer, scores: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the scores of a ranker, possibly a user's own, after checking them."""
    found = np.asarray(scores)
    if found.shape != (size,) or found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise InputError(
            f"the ranker {peer.name} returned {found.dtype} of shape {found.shape}",
            field="ranker",
            got=peer.name,
            expected=f"one finite number for each of {size} enterprises",
        )
    return found


def _judge_stack(
    found: Comparison, stack: Stack, ground: Round, asked: Sequence[EvaluationQuestion]
) -> None:
    """Judge the stack, with and without each of its factors."""
    begin = time.perf_counter()
    stack.fit(ground)
    ids = ground.task.ids
    for question in asked:
        parts = stack.contributions(question)
        raw = parts.sum(axis=0)
        _tally(found.tallies, stack.name, found.split).add(question, ids, raw)
        for name, part in zip(stack.factors_, parts, strict=True):
            _tally(found.without, name, found.split).add(question, ids, raw - part)
            if np.ptp(part):
                found.speaking.add(name)
        for name, own in zip(stack.factors_[:-1], stack.alone(question), strict=True):
            _tally(found.alone, name, found.split).add(question, ids, own)
            if np.ptp(own):
                found.speaking_alone.add(name)
    bare = stack.without_thesaurus(ground)
    if bare is not None:
        for question in asked:
            raw = bare.contributions(question).sum(axis=0)
            _tally(found.without, THESAURUS, found.split).add(question, ids, raw)
    found.glosses[stack.name], found.settings[stack.name] = stack.gloss, stack.settings()
    found.seconds[stack.name] += time.perf_counter() - begin


def _find_best(found: Comparison) -> None:
    """Add the best single factor, which is selected on the evaluated figure itself."""
    judged_by = figures(found.split.protocol)[0].name
    reached = {
        name: own["mean"]
        for name, tally in found.alone.items()
        if name in found.speaking_alone and (own := tally.summary()["all"][judged_by])
    }
    if not reached:
        return
    best = max(reached, key=lambda name: reached[name])
    stack = {STACK: found.tallies.pop(STACK)}
    found.tallies = stack | {BEST: found.alone[best]} | found.tallies
    found.glosses[BEST], found.settings[BEST] = "最好的单个因素", {"factor": best}


def _candidates(split: Split) -> dict[str, Any]:
    """Return the description and number of candidates."""
    sizes = [int(question.candidates.sum()) for task in split.tasks for question in task.questions]
    return {
        "who": CANDIDATES[split.protocol],
        "fewest": min(sizes),
        "most": max(sizes),
        "enterprises": max(len(task.ids) for task in split.tasks),
    }


def _tally(tallies: dict[str, FigureTally], name: str, split: Split) -> FigureTally:
    return tallies.setdefault(name, FigureTally(split.protocol))
