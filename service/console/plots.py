"""Plots of figures as SVG, with the value next to each bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.serving.interfaces import Language

_WIDE, _ROW, _LEFT = 520, 34, 76


def funnel(steps: Sequence[tuple[str, int]], language: Language) -> Markup:
    """Return a bar per step, as long as its count, with its share of the previous step.

    Parameters
    ----------
    steps
        Name and number, in order.
    language
    """
    most = max((count for _, count in steps), default=0) or 1
    rows, before = [], None
    for at, (name, count) in enumerate(steps):
        y = at * _ROW
        long = round((_WIDE - _LEFT - 120) * count / most, 1)
        share = f"（{count / before:.0%}）" if before else ""
        if language != "zh" and share:
            share = f" ({count / (before or 1):.0%})"
        rows.append(
            Markup(
                '<text class="said" x="{tx}" y="{ty}" text-anchor="end">{name}</text>'
                '<rect class="fill" x="{left}" y="{y}" width="{long}" height="20"/>'
                '<text class="value" x="{vx}" y="{ty}">{count}{share}</text>'
            ).format(
                tx=_LEFT - 8,
                ty=y + 19,
                name=name,
                left=_LEFT,
                y=y + 4,
                long=max(long, 1.0),
                vx=_LEFT + long + 8,
                count=count,
                share=share,
            )
        )
        before = count
    label = "项目漏斗：" if language == "zh" else "Funnel: "
    said = label + "，".join(f"{name} {count}" for name, count in steps)
    return Markup(
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-label="{l}">{b}</svg>'
    ).format(w=_WIDE, h=len(steps) * _ROW, l=said, b=Markup("").join(rows))
