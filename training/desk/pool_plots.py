"""Plots of a workspace's data, titled with a sentence and the number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.vocabulary import GAPS
from training.desk.theme import (
    DOWN_COLOUR,
    KNOWN_COLOUR,
    UNKNOWN,
    UNKNOWN_COLOUR,
    Note,
    Plot,
    title,
)

if TYPE_CHECKING:
    import altair as alt

STATES = {
    "missing": f"尚未见（{GAPS['missing'].gloss}）",
    "weak": f"尚弱（{GAPS['weak'].gloss}）",
    "strong": f"已强（{GAPS['strong'].gloss}）",
    None: "该链在本区情况未知",
}
STATE_COLOURS = (DOWN_COLOUR, "#f0a63c", KNOWN_COLOUR, UNKNOWN_COLOUR)
_FIRST = 15


def unknown_bars(unknowns: pl.DataFrame, what: str) -> Plot:
    """Draw the share of known values per column, from `pool.unknowns`; `what` names the rows."""
    import altair as alt

    of = int(unknowns["known"][0] + unknowns["unknown"][0])
    empty = unknowns.filter(pl.col("known") == 0).height
    rows = unknowns.unpivot(["known", "unknown"], index="gloss", value_name="rows").with_columns(
        state=pl.col("variable").replace_strict({"known": "已知", "unknown": UNKNOWN})
    )
    scale = alt.Scale(domain=["已知", UNKNOWN], range=[KNOWN_COLOUR, UNKNOWN_COLOUR])
    stated = f"其中{empty}项全部未知" if empty else "没有一项全部未知"
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("gloss:N", sort=unknowns["gloss"].to_list(), title=None),
            x=alt.X("rows:Q", title=f"{what}数", axis=alt.Axis(format="d")),
            color=alt.Color("state:N", title=None, scale=scale),
            order=alt.Order("variable:N"),
        )
        .properties(
            width=460,
            title=title(
                f"{of}家{what}的资料有{unknowns.height}项，{stated}", "未知就是未知，不当作零"
            ),
        )
    )


def place_bars(places: pl.DataFrame, level: str) -> Plot:
    """Draw the places with the most enterprises, and a bar for unknown ones, from `pool.places`."""
    import altair as alt

    known = places.drop_nulls("place")
    if known.is_empty():
        return Note(f"企业所在{level}全部未知，无图可画。")
    first = known.head(_FIRST)
    of = int(places["enterprises"].sum())
    unknown = of - int(known["enterprises"].sum())
    rest = pl.DataFrame(
        {
            "place": [f"其余{known.height - first.height}个{level}", UNKNOWN],
            "enterprises": [int(known["enterprises"][_FIRST:].sum()), unknown],
        },
        schema=first.schema,
    ).filter(pl.col("enterprises") > 0)
    rows = pl.concat([first, rest])
    base = alt.Chart(rows).encode(
        y=alt.Y("place:N", sort=rows["place"].to_list(), title=None),
        x=alt.X("enterprises:Q", title="企业数"),
    )
    colour = alt.condition(
        alt.FieldOneOfPredicate("place", rest["place"].to_list()),
        alt.value(UNKNOWN_COLOUR),
        alt.value(KNOWN_COLOUR),
    )
    top = first.row(0, named=True)
    return alt.layer(
        base.mark_bar().encode(color=colour),
        base.mark_text(align="left", dx=4).encode(text="enterprises:Q"),
    ).properties(
        width=420,
        title=title(
            f"{top['place']}的企业最多，有{top['enterprises']}家",
            f"按所在{level}；共{of}家企业，其中{unknown}家所在{level}未知",
        ),
    )


def cover_bars(cover: pl.DataFrame) -> Plot:
    """Draw for every chain the number of nodes with an enterprise of the pool."""
    import altair as alt

    there, missing = states = ["库中有企业的环节", "库中没有企业的环节"]
    found = pl.when(pl.col("enterprises") > 0).then(pl.lit(there)).otherwise(pl.lit(missing))
    rows = cover.group_by("chain", found.alias("state")).len("nodes")
    chains = cover["chain"].unique(maintain_order=True).to_list()
    without = int((cover["enterprises"] == 0).sum())
    scale = alt.Scale(domain=states, range=[KNOWN_COLOUR, DOWN_COLOUR])
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("chain:N", sort=chains, title=None),
            x=alt.X("nodes:Q", title="环节数"),
            color=alt.Color("state:N", title=None, scale=scale),
            order=alt.Order("state:N", sort="descending"),
        )
        .properties(
            width=460,
            title=title(
                f"招商图谱的{cover.height}个环节中，{without}个在企业库里找不到企业",
                f"{len(chains)}条产业链；按企业的产品与所属环节判断",
            ),
        )
    )


def gap_grid(gaps: pl.DataFrame, chain: str) -> Plot:
    """Draw which nodes of one chain are missing, weak or strong in the zones that want it."""
    import altair as alt

    rows = _shown(gaps.filter(pl.col("chain") == chain).sort("at"))
    if rows.is_empty():
        return Note(
            f"没有开发区以「{chain}」为需求，无图可画。" if chain else "没有可细看的产业链。"
        )
    zones = rows["zone"].unique(maintain_order=True).to_list()
    nodes = rows["node"].unique(maintain_order=True).to_list()
    unknown = rows.filter(pl.col("present").is_null())["zone"].n_unique()
    axis = alt.Axis(labelAngle=-40)
    return (
        alt.Chart(rows)
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(
            x=alt.X("node:N", sort=nodes, title="环节（上游 → 下游）", axis=axis),
            y=alt.Y("zone:N", sort=zones, title=None),
            color=_state_colour(),
        )
        .properties(
            width=alt.Step(38),
            height=alt.Step(26),
            title=title(
                f"「{chain}」：{len(zones)}个开发区各缺哪些环节",
                f"只按已导入的企业与进展判断；{unknown}个开发区该链情况未知，未知不等于没有",
            ),
        )
    )


def gap_bars(gaps: pl.DataFrame) -> Plot:
    """Draw for every zone how many nodes of its chains are missing, weak, strong or unknown."""
    import altair as alt

    if gaps.is_empty():
        return Note("工作区里没有开发区的需求，或其产业不在招商图谱上：无补链图可画。")
    rows = _shown(gaps).group_by("zone", "shown").len("nodes").sort("zone", "shown")
    known = gaps.drop_nulls("state").height
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("zone:N", title=None),
            x=alt.X("nodes:Q", title="所需环节数（每个需求的每个环节计一次）"),
            color=_state_colour(),
            order=alt.Order("shown:N"),
        )
        .properties(
            width=460,
            title=title(
                f"{gaps['zone'].n_unique()}个开发区所需的{gaps.height}个环节，{known}个看得出强弱",
                "只按已导入的企业与进展判断；未知不等于没有",
            ),
        )
    )


def _shown(gaps: pl.DataFrame) -> pl.DataFrame:
    return gaps.with_columns(
        shown=pl.col("state").replace_strict(STATES, default=STATES[None], return_dtype=pl.String)
    )


def _state_colour() -> alt.Color:
    import altair as alt

    scale = alt.Scale(domain=list(STATES.values()), range=list(STATE_COLOURS))
    return alt.Color("shown:N", title="环节在本区", scale=scale)
