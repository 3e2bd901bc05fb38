"""Charts as SVG, drawn on the server; sizes are attributes, so that no inline style is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BAR, _HIGH = 48, 10


# Only numbers are inserted, hundreds of times per page; `Markup.format` takes ten times as long.
_SHARE = (
    '<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
    'aria-label="{label}"><rect class="rail" width="100" height="8"/>'
    '<rect class="fill" width="{filled}" height="8"/></svg>'
)
_OF_BAR = f'class="bar" viewBox="0 0 {_BAR} {_HIGH}" width="{_BAR}" height="{_HIGH}"'
_ONE_WAY = (
    f'<svg {_OF_BAR} aria-hidden="true">'
    f'<rect class="for" width="{{long}}" y="1" height="{_HIGH - 2}"/>'
    f'<path class="axis" d="M.5 0V{_HIGH}"/></svg>'
)
_TWO_WAYS = (
    f'<svg {_OF_BAR} aria-hidden="true">'
    f'<rect class="{{kind}}" x="{{x}}" y="1" width="{{long}}" height="{_HIGH - 2}"/>'
    f'<path class="axis" d="M{_BAR / 2} 0V{_HIGH}"/></svg>'
)
_FALL = (
    '<svg class="fall" viewBox="-1 0 202 16" aria-hidden="true">'
    '<path class="axis" d="M{zero} 0V16"/>'
    '<rect class="{kind}" x="{left}" y="3" width="{long}" height="9"/>'
    '<path class="step" d="M{end} 3V16"/></svg>'
)


def share_bar(share: float, label: str) -> Markup:
    """Return a bar filled to a share from 0 to 1."""
    filled = round(max(0.0, min(1.0, share)) * 100, 1)
    return Markup(_SHARE.format(label=escape(label), filled=filled))


def bar(value: float, largest: float) -> Markup:
    """Return a bar for the contribution of a reason, relative to the largest in the list."""
    long = round(min(value / largest, 1.0) * _BAR, 1) if largest > 0 else 0.0
    return Markup(_ONE_WAY.format(long=max(long, 1.0)))


def twin(value: float, largest: float) -> Markup:
    """Return a bar to the right for a positive contribution and to the left for a negative one."""
    half = _BAR / 2
    long = round(min(abs(value) / largest, 1.0) * half, 1) if largest else 0.0
    start = half if value >= 0 else half - long
    kind = "for" if value >= 0 else "against"
    return Markup(_TWO_WAYS.format(x=start, long=long, kind=kind))


def waterfall(reasons: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """Return a bar for each reason, each starting at the end of the previous one.

    The last one ends at the raw score, which is the sum of the contributions.
    """
    edges, at = [0.0], 0.0
    for reason in reasons:
        at += reason["contribution"]
        edges.append(at)
    low, high = min(edges), max(edges)
    scale = 200 / ((high - low) or 1.0)
    zero = round(-low * scale, 1)
    found = []
    for reason, before, after in zip(reasons, edges[:-1], edges[1:], strict=True):
        left = round((min(before, after) - low) * scale, 1)
        long = max(round(abs(after - before) * scale, 1), 0.8)
        end = round((after - low) * scale, 1)
        kind = "for" if reason["contribution"] >= 0 else "against"
        found.append(Markup(_FALL.format(zero=zero, kind=kind, left=left, long=long, end=end)))
    return found
