"""The harness of comparisons: the same tasks, candidates and figures for every ranker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from features.errors import InputError
from models.settings import DEFAULTS
from training.folds import FoldWork, judge_fold, judge_task
from training.peers.roster import peers
from training.rounds import Rounds
from training.stack import STACK
from training.standings import BEST, Comparison, count_needs
from training.tallies import figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from features.encoder import EncodingStore
    from features.progress import Steps
    from models.executors import Executor
    from training.peers.base import Peer
    from training.stack import Stack
    from training.tasks import Split


def compare(
    split: Split,
    store: EncodingStore,
    *,
    rankers: Sequence[Peer] | None = None,
    stack: Stack | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
    progress: Steps = lambda *_: None,
    executor: Executor | None = None,
    encoder: str | None = None,
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
    executor : Executor, optional
        Has each task of the split judged by a worker; by default all are judged here.
    encoder : str, optional
        The setting ENCODER, for the workers.

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
    needs = {question.query.need_id for task in split.tasks for question in task.questions}
    found.worded = len(needs & set(words or ()))
    if executor is None:
        rounds = Rounds(store, seed=split.seed, words=words, topics=topics)
        for number, task in enumerate(split.tasks, start=1):
            label = f"{split.protocol} {number}/{len(split.tasks)}"
            judge_task(found, task, rounds, stack, taking_part, label, progress)
    else:
        given = FoldWork(stack, tuple(taking_part), words, topics, store.path, encoder)
        parts = executor.each(judge_fold, ((split.of_task(task), given) for task in split.tasks))
        for number, part in enumerate(parts, start=1):
            found.merge(part)
            progress(f"{split.protocol}: tasks", number, len(split.tasks))
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
        needs_asked = count_needs(split)["needs_asked_for"]
        raise InputError(
            f"{split.protocol} can judge nothing here: of {needs_asked} needs "
            f"asked for none has {judged_by.least} relevant candidates",
            field="protocol",
            got=split.protocol,
            expected=f"needs with {judged_by.least} relevant enterprises or more that can be "
            "hidden together: more judgements of a need, or another protocol",
        )
    _find_best(found)
    return found


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
