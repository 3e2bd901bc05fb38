"""Drawing of a chain as SVG: nodes in columns from upstream to downstream, with supply edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from features.vocabulary import POSITIONS
from service.console import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from service.serving.interfaces import Language

_WIDE, _HIGH, _GAP, _BETWEEN, _TOP = 226, 62, 16, 126, 34
_LONGEST = 15
"""Number of Chinese characters of a name that fit into a box."""
_MARKS = {"missing": "○", "weak": "◐", "strong": "●", "unknown": "?"}


def drawing(
    nodes: Sequence[Mapping[str, Any]],
    edges: Sequence[Mapping[str, str]],
    address: Callable[[str], str],
    language: Language,
) -> Markup:
    """Return the drawing of a chain.

    Parameters
    ----------
    nodes
        With node_id, name, position, state, candidates and leaders (names).
    edges
        With `from` and `to`, within the chain.
    address
        Returns the address of a node's link, given its id.
    language
    """
    columns = [
        [node for node in nodes if (node["position"] or "midstream") == position]
        for position in POSITIONS
    ]
    places = {
        node["node_id"]: (x * (_WIDE + _BETWEEN) + 1, _TOP + y * (_HIGH + _GAP))
        for x, column in enumerate(columns)
        for y, node in enumerate(column)
    }
    wide = len(columns) * (_WIDE + _BETWEEN) - _BETWEEN + 44
    high = _TOP + max(len(column) for column in columns) * (_HIGH + _GAP)
    heads = [
        Markup('<text class="column" x="{}" y="18">{}</text>').format(
            x * (_WIDE + _BETWEEN) + 2, wording.position(position, language)
        )
        for x, position in enumerate(POSITIONS)
    ]
    lines = [_edge(places[e["from"]], places[e["to"]]) for e in edges]
    boxes = [_box(node, places[node["node_id"]], address, language) for node in nodes]
    title = (
        "产业链环节与供应关系，下表有同样的内容"
        if language == "zh"
        else "the table has the same data"
    )
    return Markup(
        '<svg class="chain" viewBox="0 0 {w} {h}" role="group" aria-label="{title}">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#8d98a3"/></marker></defs>'
        "{body}</svg>"
    ).format(w=wide, h=high, title=title, body=Markup("").join([*heads, *lines, *boxes]))


def _edge(start: tuple[int, int], end: tuple[int, int]) -> Markup:
    (x1, y1), (x2, y2) = start, end
    x1, y1, y2 = x1 + _WIDE, y1 + _HIGH // 2, y2 + _HIGH // 2
    if x2 < x1:  # within a column, or back: around the right side of the boxes
        x2 += _WIDE
        out = max(x1, x2) + 26 + abs(y2 - y1) // 24
        path = f"M{x1} {y1}C{out} {y1} {out} {y2} {x2 + 2} {y2}"
    else:
        half = (x1 + x2) // 2
        path = f"M{x1} {y1}C{half} {y1} {half} {y2} {x2 - 2} {y2}"
    return Markup('<path class="edge" d="{}" marker-end="url(#tip)"/>').format(path)


def _box(
    node: Mapping[str, Any],
    place: tuple[int, int],
    address: Callable[[str], str],
    language: Language,
) -> Markup:
    x, y = place
    name = node["name"] if len(node["name"]) <= _LONGEST else node["name"][: _LONGEST - 1] + "…"
    of_state = wording.state(node["state"], language)
    count = wording.number(node["candidates"])
    said = f"{count} 家候选" if language == "zh" else f"{count} candidates"
    leaders = node["leaders"]
    leader = ""
    if leaders:
        first = leaders[0] if len(leaders[0]) <= 13 else leaders[0][:12] + "…"
        leader = f"★ {first}" + (f" +{len(leaders) - 1}" if len(leaders) > 1 else "")
    return Markup(
        '<a href="{href}" aria-label="{name}，{state}，{said}"><g class="{kind}">'
        '<rect class="box" x="{x}" y="{y}" width="{w}" height="{h}" rx="5"/>'
        '<text class="name" x="{tx}" y="{y1}">{short}</text>'
        '<text class="said" x="{tx}" y="{y2}">{mark} {state} · {said}</text>'
        '<text class="leader" x="{tx}" y="{y3}">{leader}</text></g></a>'
    ).format(
        href=address(node["node_id"]),
        name=node["name"],
        state=of_state,
        said=said,
        kind=node["state"],
        x=x,
        y=y,
        w=_WIDE,
        h=_HIGH,
        tx=x + 10,
        y1=y + 21,
        y2=y + 39,
        y3=y + 55,
        short=name,
        mark=_MARKS[node["state"]],
        leader=leader,
    )
