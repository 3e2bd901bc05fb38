"""Plots of a comparison for non-specialists: dots with intervals, in Chinese.

They are drawn by Altair and converted to files by vl-convert, both of the dependency group `peers`.
An SVG keeps its text as text, for which the reader needs fonts; a PNG is rendered here, in English
if this machine has no Chinese font.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import polars as pl

from training.metrics import interval
from training.report import write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import altair as alt

    from training.report import Document

FONTS = (
    "Noto Sans CJK SC, Source Han Sans SC, Noto Sans SC, Microsoft YaHei, PingFang SC, "
    "Hiragino Sans GB, WenQuanYi Micro Hei, WenQuanYi Zen Hei, SimHei, sans-serif"
)
"""Chinese fonts of Linux, Windows and macOS; the first available one is used."""

STACK_COLOUR, PEER_COLOUR = "#c8102e", "#5b6770"
_SCALE = 2.0

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "cold-need": "从未见过的需求",
        "cold-enterprise": "从未见过的企业",
        "warm": "已有记录的需求与企业",
        "time": "用过去预测以后",
        "leave-zone-out": "从未见过的开发区",
        "phrases": "招商人员的说法（分级评判）",
        "prose": "另一套分类的名称，企业只有简介",
        "ndcg@10": "前10名的准确程度（NDCG@10，1为最好）",
        "recall@10_known": "以后的投资者有多大比例排进前10名（只算已知企业）",
        "rankers": "{protocol}：谁排得准",
        "differences": "{protocol}：链招比各方法高多少",
        "ablation": "{protocol}：去掉一个因素，会差多少",
        "interval": "横线为95%区间；{needs}个需求",
        "sure": "横线为95%区间，红色表示确有提升（区间不含0）；{needs}个需求",
        "difference": "成对差值（{figure}）",
        "reliability": "说有几成机会，真有几成签约",
        "outcomes": "每点约{outcomes}条已有结果的线索；越靠近虚线越准。校准误差 {ece:.3f}",
        "chance": "模型给出的签约机会",
        "share": "实际签约的比例",
        "learning": "合成数据：用上反馈之后，名单越排越准吗",
        "rounds": "合成城市，不代表任何真实城市；阴影为95%区间，名单中已联系过的不再计算",
        "round": "第几轮反馈",
        "with_feedback": "用反馈重新训练",
        "without": "不用反馈",
    },
    "en": {
        "cold-need": "Needs never seen",
        "cold-enterprise": "Enterprises never seen",
        "warm": "Needs and enterprises with a record",
        "time": "Later deals from earlier ones",
        "leave-zone-out": "Zones never seen",
        "phrases": "Phrases that officials type (graded)",
        "prose": "Names of another classification, profiles of two sentences",
        "ndcg@10": "How right the first 10 are (NDCG@10, 1 is best)",
        "recall@10_known": "Share of later investors in the first 10 (known ones only)",
        "rankers": "{protocol}: who ranks best",
        "differences": "{protocol}: how far Lianzhao is ahead of each",
        "ablation": "{protocol}: what is lost without a factor",
        "interval": "Lines are 95 % intervals; {needs} needs",
        "sure": "Lines are 95 % intervals, red where surely above 0; {needs} needs",
        "difference": "Paired difference ({figure})",
        "reliability": "Of leads given a chance, how many signed",
        "outcomes": "About {outcomes} closed leads a point; dashes are exact. Error {ece:.3f}",
        "chance": "Predicted chance of signing",
        "share": "Share that signed",
        "learning": "Synthetic data: does the list improve with feedback",
        "rounds": "No real city; shades are 95 % intervals, among leads not called yet",
        "round": "Round of feedback",
        "with_feedback": "Trained on feedback",
        "without": "Without feedback",
    },
}


def why_not() -> str | None:
    """Return why no plots can be made, or None."""
    missing = [name for name in ("altair", "vl_convert") if find_spec(name) is None]
    return f"not installed: {', '.join(missing)} (dependency group `peers`)" if missing else None


def rankers(document: Document, language: str = "zh") -> alt.LayerChart | None:
    """Return the dot plot of all rankers, by the main figure of the protocol.

    None if it covers no need.
    """
    figure = document["judged_by"]
    rows = [
        _row(own["gloss"] if language == "zh" else _english(name), own["figures"]["all"][figure])
        | {"ours": name not in document["stack_minus_peer"]}
        for name, own in document["rankers"].items()
        if own["figures"]["all"][figure]
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["mean"])
    return _dots(document, rows, "rankers", WORDS[language][figure], language)


def differences(document: Document, language: str = "zh") -> alt.LayerChart | None:
    """Return the plot of the stack's lead over each peer; None without a stack."""
    glosses = {
        n: r["gloss"] if language == "zh" else _english(n) for n, r in document["rankers"].items()
    }
    return _gaps(document, "stack_minus_peer", "differences", glosses, language)


def ablation(
    document: Document, names: Mapping[str, str], language: str = "zh"
) -> alt.LayerChart | None:
    """Return the plot of the loss without each factor; None without a stack.

    Parameters
    ----------
    document : dict
    names : mapping
        Chinese names of factors.
    language : str
    """
    found = document["stack_minus_stack_without"]
    glosses = names if language == "zh" else {name: _english(name) for name in found}
    return _gaps(document, "stack_minus_stack_without", "ablation", glosses, language)


def reliability(
    calibration: Mapping[str, Any], kind: str = "warm", language: str = "zh"
) -> alt.LayerChart | None:
    """Return the reliability diagram of a calibration; None with too few outcomes.

    Parameters
    ----------
    calibration : mapping
        `calibration` of a version's manifest.
    kind : {"warm", "cold"}
        Needs with or without a head.
    language : str
    """
    if not calibration["figures"]:
        return None
    import altair as alt

    words, own = WORDS[language], calibration["figures"][kind]
    share = alt.Scale(domain=[0, 1])
    line = alt.Chart(pl.DataFrame({"chance": [0.0, 1.0], "won": [0.0, 1.0]}))
    points = alt.Chart(pl.DataFrame(own["bins"]))
    across = alt.X("chance:Q", title=words["chance"], scale=share, axis=alt.Axis(format="%"))
    up = alt.Y("won:Q", title=words["share"], scale=share, axis=alt.Axis(format="%"))
    chart = alt.layer(
        line.mark_line(strokeDash=[4, 3], color="#999").encode(x=across, y=up),
        points.mark_line(color=STACK_COLOUR).encode(x=across, y=up),
        points.mark_point(filled=True, opacity=1, size=80, color=STACK_COLOUR).encode(
            x=across, y=up
        ),
    )
    shown = words["outcomes"].format(
        outcomes=own["outcomes"] // len(own["bins"]), ece=own["ece"]["mean"]
    )
    return _finished(chart, words["reliability"], shown)


def learning_curve(
    curve: pl.DataFrame, measure: str = "ndcg@10", language: str = "zh"
) -> alt.LayerChart:
    """Return the plot of a simulation's learning curve, over the requested needs.

    Parameters
    ----------
    curve : DataFrame
        From `training.simulator.simulate`.
    measure : {"ndcg@10", "correlation"}
    language : str
    """
    import altair as alt

    words = WORDS[language]
    rows = []
    asked = curve.filter(pl.col("asked") & pl.col(measure).is_not_null())
    for (ranker, at), part in asked.group_by("ranker", "round", maintain_order=True):
        each = part.group_by("need_id", maintain_order=True).agg(pl.col(measure).mean())
        own = interval(each[measure].to_numpy()).to_dict()
        rows.append({"ranker": words[str(ranker)], "round": at, **own})
    base = alt.Chart(pl.DataFrame(rows))
    across = alt.X("round:O", title=words["round"], axis=alt.Axis(labelAngle=0))
    colour = alt.Color(
        "ranker:N",
        title=None,
        scale=alt.Scale(
            domain=[words["with_feedback"], words["without"]], range=[STACK_COLOUR, PEER_COLOUR]
        ),
    )
    title = words["ndcg@10"] if measure == "ndcg@10" else measure
    chart = alt.layer(
        base.mark_area(opacity=0.15).encode(x=across, y=alt.Y("low:Q"), y2="high:Q", color=colour),
        base.mark_line(point=True).encode(x=across, y=alt.Y("mean:Q", title=title), color=colour),
    )
    return _finished(chart, words["learning"], words["rounds"])


def save(document: Document, folder: Path, names: Mapping[str, str]) -> list[Path]:
    """Write every plot as SVG and PNG; return the files."""
    import vl_convert

    language = "zh" if renders_chinese() else "en"
    files = []
    for kind, svg, png in zip(
        ("rankers", "differences", "ablation"),
        _charts(document, names, "zh"),
        _charts(document, names, language),
        strict=True,
    ):
        if svg is None or png is None:
            continue
        stem = folder / f"{document['protocol']}-{kind}"
        files += [
            write(stem.with_suffix(".svg"), vl_convert.vegalite_to_svg(svg.to_json()).encode()),
            write(
                stem.with_suffix(".png"), vl_convert.vegalite_to_png(png.to_json(), scale=_SCALE)
            ),
        ]
    return files


@cache
def renders_chinese() -> bool:
    """Return whether a Chinese font is available: without one, all characters render the same."""
    import vl_convert

    one, other = (
        vl_convert.svg_to_png(
            '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
            f'<text y="30" font-size="30" font-family="{FONTS}">{text}</text></svg>'
        )
        for text in "链产"
    )
    return bool(one != other)


def _charts(
    document: Document, names: Mapping[str, str], language: str
) -> Iterator[alt.LayerChart | None]:
    yield rankers(document, language)
    yield differences(document, language)
    yield ablation(document, names, language)


def _finished(chart: alt.LayerChart | alt.FacetChart, title: str, subtitle: str) -> alt.LayerChart:
    import altair as alt

    shown = alt.TitleParams(title, subtitle=subtitle, anchor="start")
    sized = chart.properties(width=520, height=360, title=shown)
    finished: alt.LayerChart = sized.configure(font=FONTS).configure_view(stroke=None)
    return finished


def _gaps(
    document: Document, kind: str, title: str, glosses: Mapping[str, str], language: str
) -> alt.LayerChart | None:
    figure = document["judged_by"]
    rows = [
        _row(glosses.get(name, name), own["all"][figure]) | {"ours": own["all"][figure]["low"] > 0}
        for name, own in document[kind].items()
        if own["all"][figure]
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["mean"])
    words = WORDS[language]
    axis = words["difference"].format(figure=figure)
    return _dots(document, rows, title, axis, language, zero=True)


def _english(name: str) -> str:
    return name.replace("_", " ")


def _row(name: str, interval: Mapping[str, float]) -> dict[str, Any]:
    return {"name": name, **interval}


def _dots(
    document: Document,
    rows: Sequence[Mapping[str, Any]],
    title: str,
    axis: str,
    language: str,
    *,
    zero: bool = False,
) -> alt.LayerChart:
    import altair as alt

    words = WORDS[language]
    order = [row["name"] for row in rows]
    names = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    values = alt.Scale(zero=True, nice=True)
    colour = alt.condition("datum.ours", alt.value(STACK_COLOUR), alt.value(PEER_COLOUR))
    base = alt.Chart(pl.DataFrame(rows))
    layers = [
        base.mark_rule(strokeWidth=2).encode(
            y=names, x=alt.X("low:Q", title=axis, scale=values), x2="high:Q", color=colour
        ),
        base.mark_point(filled=True, size=90, opacity=1).encode(y=names, x="mean:Q", color=colour),
        base.mark_text(dy=-9, fontSize=11).encode(
            y=names, x="mean:Q", text=alt.Text("mean:Q", format="+.3f" if zero else ".3f")
        ),
    ]
    if zero:
        line = alt.Chart(pl.DataFrame({"zero": [0]}))
        layers.insert(0, line.mark_rule(strokeDash=[4, 3], color="#999").encode(x="zero:Q"))
    chart = alt.layer(*layers).properties(
        width=560,
        height=alt.Step(30),
        title=alt.TitleParams(
            words[title].format(protocol=words[document["protocol"]]),
            subtitle=words["sure" if zero else "interval"].format(
                needs=max(row["needs"] for row in rows)
            ),
            anchor="start",
        ),
    )
    finished: alt.LayerChart = chart.configure(font=FONTS).configure_view(stroke=None)
    return finished
