"""Tasks of evaluation: the data left to learn from, and the questions."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.need import NeedQuery
from training.cases import Case
from training.interactions import labels
from training.outcomes import credible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from training.data import TrainingData


@dataclass(frozen=True, kw_only=True)
class EvaluationQuestion(Case):
    """A case of a task, with the data for rankers and figures.

    Attributes
    ----------
    query : NeedQuery
    zone : mapping
        The row of its zone; empty where it is unknown.
    row : mapping
        Its row of the needs table.
    known : ndarray of bool, shape (n,)
        The enterprises with a relevant pair left to learn from.
    newcomers : int
        Number of relevant enterprises that appeared later, so that no ranker could list them.
    gains : ndarray of float32, shape (n,), or None
        The gain of each enterprise for graded judgements; None if gains are binary.
    judged : ndarray of bool, shape (n,), or None
        Which enterprises have a graded judgement for this need.
    anywhere : ndarray of bool, shape (n,), or None
        The relevant enterprises among the whole pool, for a protocol with figures over the whole
        pool.
    """

    query: NeedQuery
    zone: Mapping[str, Any]
    row: Mapping[str, Any]
    known: NDArray[np.bool_]
    newcomers: int
    gains: NDArray[np.float32] | None = None
    judged: NDArray[np.bool_] | None = None
    anywhere: NDArray[np.bool_] | None = None

    @property
    def over_everybody(self) -> EvaluationQuestion:
        """The same question over the whole pool."""
        if self.anywhere is None:
            return self
        return replace(self, candidates=np.ones_like(self.candidates), relevant=self.anywhere)


@dataclass(frozen=True)
class EvaluationTask:
    """The data left to learn from, and the questions.

    Attributes
    ----------
    fold : int
    data : TrainingData
        Without hidden rows.
    ids : ndarray of str, shape (n,)
        The enterprises of `data`, sorted.
    as_of : date
        The day on which the model learns.
    questions : tuple of EvaluationQuestion
    """

    fold: int
    data: TrainingData
    ids: NDArray[np.str_]
    as_of: date
    questions: tuple[EvaluationQuestion, ...]


@dataclass(frozen=True)
class Split:
    """The tasks of one protocol.

    Attributes
    ----------
    protocol : str
    tasks : tuple of EvaluationTask
    counts : dict
        Counts of rows, pairs, needs and enterprises, and of those left out, by reason.
    digest : str
        SHA-256 of the questions of all tasks: equal splits have equal digests.
    seed : int
    dates : tuple of date
        For `time`, the first hidden day of each task.
    """

    protocol: str
    tasks: tuple[EvaluationTask, ...]
    counts: dict[str, int]
    digest: str
    seed: int
    dates: tuple[date, ...] = ()

    def of_task(self, task: EvaluationTask) -> Split:
        """Return the same split with one of its tasks alone."""
        return replace(self, tasks=(task,))

    @property
    def date(self) -> date | None:
        """The first hidden day, if there is only one."""
        return self.dates[0] if len(self.dates) == 1 else None


@dataclass
class Tables:
    """The tables, their relevant pairs, and counts."""

    data: TrainingData
    today: date
    seed: int
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        events, _ = credible(self.data.events, self.data.enterprises, as_of=self.today)
        self.counts["events_left_out_by_date"] = self.data.events.height - events.height
        self.data = replace(self.data, events=events)
        self.needs = {row["need_id"]: row for row in self.data.needs.iter_rows(named=True)}
        self.pairs = relevant_pairs(self.data)
        judgements, events = self.data.judgements, self.data.events
        for name, table in (("judgements", judgements), ("events", events)):
            needs = table.filter(pl.col("need_id").is_not_null())["need_id"]
            self.counts[f"{name}_of_unknown_needs"] = int((~needs.is_in(list(self.needs))).sum())
            pool = self.data.enterprises["enterprise_id"].implode()
            self.counts[f"{name}_of_unknown_enterprises"] = int(
                (~table["enterprise_id"].is_in(pool)).sum()
            )
        self.counts["events_without_a_need"] = events["need_id"].null_count()
        self.counts["needs"] = self.data.needs.height
        self.counts["enterprises"] = self.data.enterprises.height
        self.counts["relevant_pairs"] = self.pairs.height

    def task(
        self, fold: int, data: TrainingData, hidden: pl.DataFrame, **rule: Any
    ) -> EvaluationTask:
        """Return the task that asks for the hidden relevant pairs."""
        return _Asking(self, data).task(fold, hidden, **rule)


def relevant_pairs(data: TrainingData) -> pl.DataFrame:
    """Return the relevant pairs of known needs and known enterprises.

    Relevant is a judged grade of 1 or more, or a stage of signed or later without a refusal since.

    Returns
    -------
    DataFrame of need_id, enterprise_id; sorted
    """
    columns = ("need_id", "enterprise_id")
    return (
        labels(data.judgements, data.events, as_of=date.max)
        .filter("relevant")
        .select(columns)
        .join(data.needs.select("need_id"), on="need_id", how="semi")
        .join(data.enterprises.select("enterprise_id"), on="enterprise_id", how="semi")
        .sort(columns)
    )


class _Asking:
    """Builds the questions for hidden pairs over the remaining enterprises."""

    def __init__(self, tables: Tables, data: TrainingData) -> None:
        self.tables = tables
        self.data = data
        self.ids = data.enterprises["enterprise_id"].sort().to_numpy().astype(np.str_)
        self.zones = {row["zone_id"]: row for row in data.zones.iter_rows(named=True)}
        left = relevant_pairs(data)
        self.left = grouped(left)
        self.known = self.mask(left["enterprise_id"])
        self.judged = self.mask(data.judgements["enterprise_id"])

    def mask(self, ids: Iterable[str]) -> NDArray[np.bool_]:
        return np.isin(self.ids, np.array(sorted(set(ids)), dtype=np.str_))

    def grades(self) -> dict[str, dict[str, int]]:
        """Return the highest grade of every judged enterprise, by need."""
        best = self.tables.data.judgements.group_by("need_id", "enterprise_id").agg(
            pl.col("grade").max().fill_null(0)
        )
        found: dict[str, dict[str, int]] = {}
        for need_id, enterprise_id, grade in best.iter_rows():
            found.setdefault(need_id, {})[enterprise_id] = grade
        return found

    def gains(
        self, grades: Mapping[str, int], relevant: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the gains 2^grade - 1 of all enterprises, and which were judged."""
        own = np.array([grades.get(one, -1) for one in self.ids.tolist()], dtype=np.int64)
        gains = np.where(own > 0, np.exp2(own) - 1, 0.0).astype(np.float32)
        return np.where(relevant, gains, np.float32(0)), own >= 0

    def task(
        self,
        fold: int,
        hidden: pl.DataFrame,
        *,
        unjudged_only: bool = False,
        whole_pool: bool = False,
        without_own: bool = False,
        graded: bool = False,
    ) -> EvaluationTask:
        """Return the task.

        Parameters
        ----------
        fold : int
        hidden : DataFrame of need_id, enterprise_id
            Relevant pairs.
        unjudged_only : bool
            Whether enterprises with a remaining judgement are no candidates: judgements may be
            exclusive, and a judgement elsewhere must then count neither for nor against.
        whole_pool : bool
            Whether the questions also cover the whole pool.
        graded : bool
            Whether gains follow grades.
        without_own : bool
            Whether enterprises with a remaining pair of the same need are no candidates.
        """
        questions = []
        grades = self.grades() if graded else {}
        for need_id, relevant in grouped(hidden).items():
            row = self.tables.needs[need_id]
            query = NeedQuery.from_row(row)
            own = self.left.get(need_id, [])
            candidates = np.ones(len(self.ids), dtype=bool)
            if unjudged_only:
                candidates &= ~self.judged
            if without_own:
                candidates &= ~self.mask(own)
            wanted = self.mask(relevant)
            newcomers = len(relevant) - int(wanted.sum())
            asked = wanted & candidates
            self.tables.counts["hidden_pairs"] += len(relevant)
            self.tables.counts["hidden_pairs_of_newcomers"] += newcomers
            self.tables.counts["hidden_pairs_of_no_candidate"] += int((wanted & ~candidates).sum())
            gains, judged = self.gains(grades[need_id], asked) if graded else (None, None)
            questions.append(
                EvaluationQuestion(
                    need_id=need_id,
                    fold=fold,
                    candidates=candidates,
                    relevant=asked,
                    warm=bool(own),
                    query=query,
                    zone=self.zones.get(query.zone_id or "", {}),
                    row=row,
                    known=self.known,
                    newcomers=newcomers,
                    gains=gains,
                    judged=judged,
                    anywhere=wanted if whole_pool else None,
                )
            )
        return EvaluationTask(fold, self.data, self.ids, self.tables.today, tuple(questions))


def grouped(pairs: pl.DataFrame) -> dict[str, list[str]]:
    """Return the enterprises of every need, both in the order of ids."""
    lists = pairs.sort("need_id", "enterprise_id").group_by("need_id", maintain_order=True)
    return {row[0]: row[1] for row in lists.agg("enterprise_id").iter_rows()}


def digest(tasks: Sequence[EvaluationTask]) -> str:
    """Return the SHA-256 of questions and candidates."""
    found = hashlib.sha256()
    for task in tasks:
        for question in task.questions:
            relevant = " ".join(task.ids[question.relevant].tolist())
            if question.gains is not None:
                found.update(question.gains.tobytes())
            found.update(f"{task.fold}|{question.query.need_id}|{relevant}|".encode())
            found.update(np.packbits(question.candidates).tobytes())
    return found.hexdigest()
