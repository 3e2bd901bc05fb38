"""Sentences about signals of an enterprise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.vocabulary import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.enterprises.signals import Signal
    from service.serving.interfaces import Document, Language

_SHOWN = 3
_SHORT = 60


def signal_text(signals: Sequence[Signal], *, chinese: bool) -> str:
    """Return the sentence of the strongest signal, with its day and source."""
    if not signals:
        return "近期有动向" if chinese else "it has been active recently"
    first = signals[0]
    text = first.text and (first.text if len(first.text) <= _SHORT else first.text[:_SHORT] + "…")
    if chinese:
        stated = f"「{text}」" if text else ""
        source = f"（{first.source}）" if first.source else "（来源未注明）"
        more = f"，另有 {len(signals) - 1} 条" if len(signals) > 1 else ""
        return f"近期动向：{first.date} {SIGNALS[first.kind].gloss}{stated}{source}{more}"
    stated = f": “{text}”" if text else ""
    source = f" ({first.source})" if first.source else " (no source given)"
    more = f", and {len(signals) - 1} more" if len(signals) > 1 else ""
    return f"recently: {first.kind} on {first.date}{stated}{source}{more}"


def signals_shown(signals: Sequence[Signal], language: Language) -> list[Document]:
    """Return the strongest signals, as shown with a lead."""
    return [
        {
            "date": signal.date.isoformat(),
            "kind": signal.kind,
            "name": SIGNALS[signal.kind].gloss if language == "zh" else signal.kind,
            "text": signal.text,
            "source": signal.source,
            "strength": signal.strength,
        }
        for signal in signals[:_SHOWN]
    ]
