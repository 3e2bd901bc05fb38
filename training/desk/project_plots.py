"""Plots of project figures: funnel, start rate, time in pools, amounts.

They draw the document returned by `GET /v1/figures`; amounts and rates are shown with the number of
unknown ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from features.tables.project_list import PATH, POOLS
from training.desk.theme import KNOWN_COLOUR, QUIET_COLOUR, UNKNOWN_COLOUR, Note, Plot, Sheet, title

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING = Note("此期间没有项目，无图可画。*No project in this period: nothing to draw.*")


def reached_bars(figures: Mapping[str, Any]) -> Plot:
    """Draw how many projects of each group reached each pool."""
    import altair as alt

    rows = pl.DataFrame(
        [
            {"group": group["name"], "pool": POOLS[pool].gloss, "projects": count}
            for group in figures["groups"]
            for pool, count in group["reached"].items()
        ],
        schema={"group": pl.String, "pool": pl.String, "projects": pl.Int64},
    )
    if rows.is_empty():
        return _NOTHING
    total = sum(group["projects"] for group in figures["groups"])
    order = [POOLS[pool].gloss for pool in PATH]
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("pool:N", sort=order, title=None),
            x=alt.X("projects:Q", title="项目数", axis=alt.Axis(format="d", tickMinStep=1)),
            row=alt.Row("group:N", title=None, header=alt.Header(labelAngle=0, labelAlign="left")),
            color=alt.Color("pool:N", sort=order, legend=None),
            tooltip=["group", "pool", "projects"],
        )
        .properties(
            width=380,
            height=90,
            title=title(
                f"{total}个项目各走到哪一库",
                "入库前已越过的环节不补记；各库不是同一批项目时不可相除",
            ),
        )
    )


def rate_bars(figures: Mapping[str, Any]) -> Plot:
    """Draw the start rate of each group, with its number of newly signed projects."""
    import altair as alt

    rows = pl.DataFrame(
        [
            {
                "group": group["name"],
                "rate": group["start_rate"],
                "said": f"{group['started']['projects']} / {group['signed']['projects']}",
            }
            for group in figures["groups"]
        ],
        schema={"group": pl.String, "rate": pl.Float64, "said": pl.String},
    )
    known = rows.drop_nulls("rate")
    if known.is_empty():
        return Note("此期间没有新签约项目，开工率不详。*Nothing newly signed: no start rate.*")
    bars = alt.Chart(known).encode(y=alt.Y("group:N", sort="-x", title=None))
    axis = alt.Axis(format="%")
    x = alt.X("rate:Q", title="开工率", axis=axis, scale=alt.Scale(domain=[0, 1]))
    without = rows.height - known.height
    stated = f"；{without}组没有新签约项目，未画" if without else ""
    return (
        bars.mark_bar(color=KNOWN_COLOUR).encode(x=x)
        + bars.mark_text(align="left", dx=4, color=QUIET_COLOUR).encode(x=x, text="said:N")
    ).properties(
        width=420,
        title=title(
            f"新签约{figures['signed']['projects']}个，其中已开工{figures['started']['projects']}个",
            f"{figures['notes']['start_rate']}{stated}",
        ),
    )


def stay_curves(figures: Mapping[str, Any]) -> Plot:
    """Draw the share of projects that stay in each pool longer than a number of days."""
    import altair as alt

    rows = pl.DataFrame(
        [
            {"pool": f"{POOLS[pool].gloss}（在库{stay['still_in']}）", **point}
            for pool, stay in figures["stays"].items()
            if stay["stays"]
            for point in ({"days": 0, "share": 1.0}, *stay["curve"])
        ],
        schema={"pool": pl.String, "days": pl.Int64, "share": pl.Float64},
    )
    if rows.is_empty():
        return _NOTHING
    return (
        alt.Chart(rows)
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X("days:Q", title="在库天数"),
            y=alt.Y("share:Q", title="仍在库的比例", axis=alt.Axis(format="%")),
            color=alt.Color("pool:N", title=None, sort=None),
        )
        .properties(width=460, title=title("在每一库停留多久", figures["notes"]["stays"]))
    )


def amount_bars(figures: Mapping[str, Any]) -> Plot:
    """Draw the amounts that entered each pool in the period, and how many are unknown."""
    import altair as alt

    entered = figures["entered"]
    if not any(sums["projects"] for sums in entered.values()):
        return _NOTHING
    rows = pl.DataFrame(
        [
            {
                "pool": POOLS[pool].gloss,
                "state": state,
                "projects": count,
            }
            for pool, sums in entered.items()
            for state, count in (
                ("投资额已知", sums["projects"] - sums["amount_unknown"]),
                ("投资额不详", sums["amount_unknown"]),
            )
        ]
    )
    scale = alt.Scale(domain=["投资额已知", "投资额不详"], range=[KNOWN_COLOUR, UNKNOWN_COLOUR])
    amounts = "；".join(
        f"{POOLS[pool].gloss}{sums['amount']:g}亿元"
        for pool, sums in entered.items()
        if sums["amount"] is not None
    )
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("pool:N", sort=[POOLS[pool].gloss for pool in PATH], title=None),
            x=alt.X("projects:Q", title="项目数", axis=alt.Axis(format="d", tickMinStep=1)),
            color=alt.Color("state:N", title=None, scale=scale),
            order=alt.Order("state:N"),
        )
        .properties(
            width=420,
            title=title(f"期内进入各库：{amounts or '投资额均不详'}", figures["notes"]["entered"]),
        )
    )


def group_sheet(figures: Mapping[str, Any], what: str) -> Sheet:
    """Return the funnel of every group as a table."""
    header = [what, "项目", "投资额（亿元）", "投资额不详", *(POOLS[p].gloss for p in PATH), "终止"]
    rows = [
        [
            *(group[name] for name in ("name", "projects", "amount", "amount_unknown")),
            *group["reached"].values(),
            group["ended"],
        ]
        for group in figures["groups"]
    ]
    return Sheet(header, rows)


def board_sheet(board: Mapping[str, Any]) -> Sheet:
    """Return the pools of a board as a table."""
    rows = [
        [pool[name] for name in ("name", "projects", "amount", "amount_unknown", "late")]
        for pool in board["pools"]
    ]
    return Sheet(["库", "项目", "投资额（亿元）", "投资额不详", "逾期"], rows)
