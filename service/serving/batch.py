"""Leads for many needs, as one table."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.errors import InputError
from models.scoring.fit import score_of
from service.serving.explanation.reasons import SEPARATORS, reasons, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from features.need import NeedQuery
    from features.progress import Count
    from features.space.arrays import NeedFeatures
    from models.retrieval.retrieval import Retriever, Wanted
    from service.serving.explanation.leads import LeadWriter
    from service.serving.interfaces import Language
    from service.serving.need_cache import NeedCache

BATCH_SCHEMA = pl.Schema(
    {
        "need_id": pl.String,
        "rank": pl.Int64,
        "enterprise_id": pl.String,
        "score": pl.Float64,
        "reasons": pl.String,
        "name": pl.String,
        "short_name": pl.String,
        "province": pl.String,
        "city": pl.String,
        "node": pl.String,
        "fit": pl.String,
        "model_version": pl.String,
        "pool_version": pl.String,
    }
)
"""The columns of a batch, which has a row for each lead."""
_DESCRIBED = ("name", "short_name", "province", "city", "node", "fit")


class BatchRanker:
    """Ranks one pool for many needs.

    Parameters
    ----------
    needs : NeedCache
    retriever : Retriever
    writer : LeadWriter
    versions : dict of str
        model_version and pool_version, for every row.
    """

    def __init__(
        self,
        needs: NeedCache,
        retriever: Retriever,
        writer: LeadWriter,
        versions: dict[str, str],
    ) -> None:
        self.needs = needs
        self.retriever = retriever
        self.writer = writer
        self.versions = versions

    def rank(
        self,
        needs: Sequence[NeedQuery],
        k: int,
        candidates: Callable[[NeedQuery], NDArray[np.intp]],
        *,
        explained: int = 20,
        described: bool = True,
        language: Language = "zh",
        progress: Count | None = None,
        refuse: Callable[[NeedQuery, InputError], None] | None = None,
    ) -> pl.DataFrame:
        """Return the first `k` leads of each need.

        Parameters
        ----------
        needs : sequence of NeedQuery
        k : int
        candidates : callable
            Returns the rows that are candidates for a need.
        explained : int
            The last rank with reasons.
        described : bool
            Whether name, place, node and fit are looked up, which takes longer than ranking does.
        language : {"zh", "en"}
        progress : callable, optional
            Called with (needs done, needs).
        refuse : callable, optional
            Called with (need, error) for a need that shares no word with any profile, which is
            then left out; without it the error is raised.

        Returns
        -------
        DataFrame
            In the columns of `BATCH_SCHEMA`; reasons are null beyond `explained`, and what is not
            looked up is null too.
        """
        frames = []
        unknown = dict.fromkeys(_DESCRIBED)
        asked: deque[tuple[int, NeedQuery, NeedFeatures]] = deque()

        def wanted() -> Iterator[Wanted]:
            for number, need in enumerate(needs, start=1):
                try:
                    features = self.needs.features(need)
                except InputError as error:
                    if refuse is None:
                        raise
                    refuse(need, error)
                    continue
                asked.append((number, need, features))
                yield features, candidates(need)

        for ranked, parts in self.retriever.ranked_all(wanted(), k):
            number, need, features = asked.popleft()
            frames.append(
                pl.DataFrame(
                    {
                        "need_id": need.need_id,
                        "rank": np.arange(1, len(ranked) + 1),
                        "enterprise_id": self.retriever.bound.pool.ids[ranked].tolist(),
                        "score": score_of(parts.sum(axis=0)),
                        "reasons": self._reasons(features, ranked, parts, explained, language),
                        **(
                            self.writer.columns(features, ranked, language)
                            if described
                            else unknown
                        ),
                        **self.versions,
                    },
                    schema=BATCH_SCHEMA,
                )
            )
            if progress is not None:
                progress(number, len(needs))
        return pl.concat(frames) if frames else pl.DataFrame(schema=BATCH_SCHEMA)

    def _reasons(
        self,
        features: NeedFeatures,
        rows: NDArray[np.intp],
        parts: NDArray[np.float64],
        explained: int,
        language: Language,
    ) -> list[str | None]:
        """Return a summary of the reasons of the first `explained` rows, None for the others."""
        texts: list[str | None] = [None] * len(rows)
        for at, evidence in enumerate(self.writer.evidence(features, rows[:explained])):
            listed = reasons(self.retriever.bound, parts[:, at], evidence, language)
            texts[at] = summary(listed, SEPARATORS[language])
        return texts
