"""The interpretation of a need, and a note on the fit of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.words.understanding import Understood
    from service.serving.interfaces import Document, Language

_NOTES = {
    "nothing_of_a_product": (
        "需求中没有说明任何产品或业务（{ignored}），以下排序没有依据；请写明所需的产品或环节",
        "the need names no product or activity ({ignored}), so that there is no basis for a "
        "ranking: name a product or node",
    ),
    "unknown": (
        "词表中没有与「{part}」相符的产品或产业，仅按字面比较；可改写需求或补充产品词",
        "the thesaurus has nothing similar to “{part}”, so that only its characters are compared: "
        "rephrase it, or add products",
    ),
    "weak": (
        "没有企业明显符合该需求：以下企业仅有部分关联",
        "no enterprise clearly answers the need: those listed are hardly related to it",
    ),
    "few": (
        "仅前 {strong} 家企业明显或部分符合该需求，其余关联较弱",
        "only {strong} of these enterprises answer the need clearly or in part",
    ),
}
_SURE = 0.3
_LONGEST = 60
"""Maximum length of a need's text quoted in a note."""
_UNANSWERED = {
    "away": (
        "语言模型未应答，仅按产业与产品词表理解",
        "the language model does not answer: the thesaurus alone was used",
    ),
    "slow": (
        "语言模型未在规定时间内应答，仅按产业与产品词表理解",
        "the language model did not answer in time: the thesaurus alone was used",
    ),
    "wrong": (
        "语言模型的回答不可用，仅按产业与产品词表理解",
        "the answer of the language model was invalid: the thesaurus alone was used",
    ),
    "busy": (
        "语言模型正忙，仅按产业与产品词表理解",
        "the language model is busy: the thesaurus alone was used",
    ),
    "unasked": (
        "尚未询问语言模型，仅按产业与产品词表理解",
        "the language model has not been asked yet: the thesaurus alone was used",
    ),
}


def understood_document(understood: Understood, language: Language) -> Document:
    """Return the field `understood` of a page."""
    of_model = {"from": "language model"}
    note = _UNANSWERED.get(understood.unanswered)
    return {
        "parts": list(understood.parts),
        "concepts": [
            {"name": concept.name, "sure": concept.sure, "from": concept.source}
            for concept in understood.concepts
        ],
        "words": [
            {"word": word, "weight": weight} | (of_model if word in understood.of_model else {})
            for word, weight in understood.words
        ],
        "ignored": list(understood.ignored),
        "note": note and note[0 if language == "zh" else 1],
    }


def fit_note(understood: Understood, fits: Sequence[str], language: Language) -> str | None:
    """Return a note when nothing in a list fits well, else None.

    Parameters
    ----------
    understood : Understood
    fits : sequence of str
        The fit of each enterprise on the page.
    language : {"zh", "en"}
    """
    own = 0 if language == "zh" else 1
    if understood.notes:
        ignored = "、".join(understood.ignored) or "、".join(understood.parts)
        return _NOTES[understood.notes[0]][own].format(ignored=_short(ignored))
    if not fits or "strong" in fits[:3]:
        return None
    some = sum(fit != "weak" for fit in fits)
    sure = max((concept.sure for concept in understood.concepts), default=0.0)
    if sure < _SURE and "strong" not in fits:
        return _NOTES["unknown"][own].format(part=_short("、".join(understood.parts)))
    if some == 0:
        return _NOTES["weak"][own]
    if some < len(fits) / 2 and "strong" not in fits:
        return _NOTES["few"][own].format(strong=some)
    return None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
