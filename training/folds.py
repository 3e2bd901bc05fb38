"""Folds: the tasks of a split, each judged here or by a worker."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from features.encoder import EncodingStore, encoder_named
from features.errors import InputError
from training.rounds import Rounds
from training.standings import THESAURUS, Comparison, tally_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from features.progress import Steps
    from training.peers.base import Peer
    from training.rounds import Round
    from training.stack import Stack
    from training.tasks import EvaluationQuestion, EvaluationTask, Split


def judge_task(
    found: Comparison,
    task: EvaluationTask,
    rounds: Rounds,
    stack: Stack | None,
    taking_part: Sequence[Peer],
    label: str,
    progress: Steps,
) -> None:
    """Fit every ranker on a task and judge it.

    Parameters
    ----------
    found : Comparison
        What they reach is added to it.
    task : EvaluationTask
    rounds : Rounds
    stack : Stack or None
    taking_part : sequence of Peer
    label : str
        Precedes every step of the progress.
    progress : callable
        Called with (step, done, of).
    """
    ground = rounds.round(task, _labelled(progress, label))
    asked = [question for question in task.questions if _speaks(ground, question)]
    found.silent += len(task.questions) - len(asked)
    if not asked:
        return
    if stack is not None:
        with _recorded(found, stack):
            _judge_stack(found, stack, ground, asked)
    for number, peer in enumerate(taking_part, start=1):
        with _recorded(found, peer):
            _judge(found, peer, ground, asked)
        progress(f"{label}: peers", number, len(taking_part))


class FoldWork(NamedTuple):
    """Everything a worker needs to judge a task, besides the task.

    Attributes
    ----------
    stack : Stack or None
    rankers : tuple of Peer
    words : mapping or None
    topics : int
    store : Path
        The file of the encoding store.
    encoder : str or None
        The setting ENCODER.
    """

    stack: Stack | None
    rankers: tuple[Peer, ...]
    words: Mapping[str, Sequence[str]] | None
    topics: int
    store: Path
    encoder: str | None


def judge_fold(given: tuple[Split, FoldWork]) -> Comparison:
    """Judge a split of one task in a worker."""
    split, work = given
    threadpool_limits(1, user_api="blas")
    found = Comparison(split)
    rounds = _rounds(work.store, work.encoder, split.seed, work.topics)
    rounds.words = work.words or {}
    (task,) = split.tasks
    judge_task(found, task, rounds, work.stack, work.rankers, "", lambda *_: None)
    return found


@lru_cache(1)
def _rounds(store: Path, encoder: str | None, seed: int, topics: int) -> Rounds:
    """Return the rounds of a worker, which share a feature space over the same enterprises."""
    return Rounds(EncodingStore(store, encoder_named(encoder)), seed=seed, topics=topics)


def _labelled(progress: Steps, label: str) -> Steps:
    return lambda step, done, of: progress(f"{label}: {step}", done, of)


def _speaks(ground: Round, question: EvaluationQuestion) -> bool:
    try:
        ground.need(question)
    except InputError:
        return False
    return True


@contextmanager
def _recorded(found: Comparison, ranker: Peer | Stack) -> Iterator[None]:
    """Note what a ranker is and how long it takes."""
    begin = time.perf_counter()
    yield
    found.glosses[ranker.name], found.settings[ranker.name] = ranker.gloss, ranker.settings()
    found.seconds[ranker.name] += time.perf_counter() - begin


def _judge(
    found: Comparison, peer: Peer, ground: Round, asked: Sequence[EvaluationQuestion]
) -> None:
    peer.fit(ground)
    tally = tally_of(found.tallies, peer.name, found.split)
    for question in asked:
        scores = _checked(peer, peer.scores(question), len(ground.task.ids))
        tally.add(question, ground.task.ids, scores)


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
    stack.fit(ground)
    ids, factors = ground.task.ids, stack.factors_
    for question in asked:
        parts, alone = stack.contributions(question), stack.alone(question)
        raw = parts.sum(axis=0)
        tally_of(found.tallies, stack.name, found.split).add(question, ids, raw)
        for tallies, speaking, names, own, scores in (
            (found.without, found.speaking, factors, parts, raw - parts),
            (found.alone, found.speaking_alone, factors[:-1], alone, alone),
        ):
            for name, part, score in zip(names, own, scores, strict=True):
                tally_of(tallies, name, found.split).add(question, ids, score)
                if np.ptp(part):
                    speaking.add(name)
    bare = stack.without_thesaurus(ground)
    if bare is not None:
        tally = tally_of(found.without, THESAURUS, found.split)
        for question in asked:
            tally.add(question, ids, bare.contributions(question).sum(axis=0))
