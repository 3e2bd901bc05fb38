"""How a benchmark tells: figures as JSON on stdout, progress as plain lines on stderr."""

import json
import sys
from typing import Any


class SkippedError(Exception):
    """A requirement of a benchmark is missing; the message names it and where it was searched."""


def report(
    name: str,
    value: float,
    unit: str,
    *,
    ratio_to: str | None = None,
    target: str | None = None,
    **more: Any,
) -> None:
    """Print one figure; `ratio_to` names what it is a ratio to, `target` what it should reach."""
    figure = {"name": name, "value": round(value, 4), "unit": unit, "ratio_to": ratio_to}
    if target is not None:
        figure["target"] = target
    print(json.dumps(figure | more, ensure_ascii=False), flush=True)


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
