"""Partial lists: which shards of the pool are unavailable, and their share of the candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.retrieval.retrieval import Retriever
    from models.retrieval.spans import Span
    from service.serving.interfaces import Document, Language

_NOTE = (
    "企业库共 {of} 个分片，第 {which} 个暂不可用：候选企业中有 {share:.0%} 未参加排序，名单不完整",
    "shard {which} of {of} is unavailable: {share:.0%} of the candidates are not ranked, and the "
    "list is incomplete",
)


def partial_document(
    retriever: Retriever, missing: Sequence[Span], rows: NDArray[np.intp], language: Language
) -> Document | None:
    """Return the field `partial` of a list; None if the list is complete.

    Parameters
    ----------
    retriever : Retriever
    missing : sequence of Span
        The shards whose candidates are not ranked.
    rows : ndarray of int
        The candidates, of all shards.
    language : {"zh", "en"}
    """
    if not missing:
        return None
    shards = [
        {
            "shard": retriever.number(span),
            "enterprises": span.stop - span.start,
            "candidates": len(span.within(rows)),
        }
        for span in missing
    ]
    share = sum(one["candidates"] for one in shards) / max(len(rows), 1)
    found = {"shards": len(retriever.spans), "missing": shards, "share": share}
    return {**found, "note": partial_note(found, language)}


def partial_note(partial: Document, language: Language) -> str:
    """Return the field `partial` of a list as a sentence."""
    numbers = [str(one["shard"]) for one in partial["missing"]]
    which = ("、" if language == "zh" else ", ").join(numbers)
    return _NOTE[language == "en"].format(of=partial["shards"], which=which, share=partial["share"])


def shards_document(retriever: Retriever) -> Document | None:
    """Return the state of the shards of a pool; None if it is not ranked by shards."""
    if not retriever.spans:
        return None
    return {
        "of": len(retriever.spans),
        "replicas": retriever.replicas,
        "unavailable": [shard._asdict() for shard in retriever.unavailable],
        "unavailable_replicas": [one._asdict() for one in retriever.unavailable_replicas],
    }
