"""Explanations of ranks, from pages of leads and contributions."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from models.scoring.blend import CONSTANT
from training.desk.theme import DOWN_COLOUR, UP_COLOUR, Note, Plot, Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.need import NeedQuery

Page = dict[str, Any]
"""A page of leads, as the service returns it."""


def contributions(page: Page, names: Mapping[str, str]) -> pl.DataFrame:
    """Return one row per lead and factor: enterprise, factor, gloss, contribution, raw_score.

    The contributions of a lead sum to its raw score.
    """
    return pl.DataFrame(
        [
            {
                "enterprise": _named(lead),
                "factor": reason["factor"],
                "gloss": names.get(reason["factor"], reason["factor"]),
                "contribution": reason["contribution"],
                "raw_score": lead["raw_score"],
            }
            for lead in page["leads"]
            for reason in lead["reasons"]
        ]
    )


def evidence(page: Page, names: Mapping[str, str]) -> pl.DataFrame:
    """Return one row per lead and factor, without the constant, with the explanation."""
    return pl.DataFrame(
        [
            {
                "enterprise": _named(lead),
                "gloss": names.get(reason["factor"], reason["factor"]),
                "text": reason["text"],
                "evidence": reason["evidence"],
                "contribution": reason["contribution"],
            }
            for lead in page["leads"]
            for reason in lead["reasons"]
            if reason["factor"] != CONSTANT
        ]
    )


def without_factor(
    parts: NDArray[np.float64],
    factors: Sequence[str],
    listed: NDArray[np.bool_],
    rows: Sequence[int],
) -> pl.DataFrame:
    """Return the rank of each row if one factor contributed nothing.

    Contributions are standardised over the pool: 0 is that of the mean, and of an unknown value.
    The other factors are unchanged, even if they depend on the same product.

    Parameters
    ----------
    parts : ndarray of shape (factors, n)
        Contributions to the raw scores of one need.
    factors : sequence of str
    listed : ndarray of bool, shape (n,)
        Which enterprises can be listed.
    rows : sequence of int
        The rows to explain.

    Returns
    -------
    DataFrame
        row, factor, rank, rank_without, moved (places, negative is down).
    """
    raw = parts.sum(axis=0)
    found = []
    for row in rows:
        before = rank_of(raw, listed, row, raw[row])
        for factor, part in zip(factors, parts[:, row].tolist(), strict=True):
            if factor != CONSTANT and part:
                after = rank_of(raw, listed, row, raw[row] - part)
                found.append((row, factor, before, after, before - after))
    schema = ["row", "factor", "rank", "rank_without", "moved"]
    return pl.DataFrame(found, schema=schema, orient="row")


def rank_of(raw: NDArray[np.float64], listed: NDArray[np.bool_], row: int, score: float) -> int:
    """Return the rank of a row with another score; equal scores are ordered by row."""
    ahead = (raw > score) | ((raw == score) & (np.arange(len(raw)) < row))
    ahead[row] = False
    return 1 + int((ahead & listed).sum())


def same_industry(needs: Sequence[Mapping[str, Any]], need: NeedQuery) -> list[str]:
    """Return the ids of a need and of the first one for the same industry in another zone.

    Only the need itself if no other zone has one for its industry.
    """
    others = (
        other["need_id"]
        for other in needs
        if other["industry"] == need.industry
        and other["zone"]
        and other["zone"]["zone_id"] != need.zone_id
    )
    return [str(need.need_id), *islice(others, 1 if need.zone_id else 0)]


def side_by_side(one: Page, other: Page) -> pl.DataFrame:
    """Join two lists.

    Returns
    -------
    DataFrame
        enterprise; one and other: its ranks, None if it is not on the page; the factor with the
        largest difference, and the difference, other minus one; None for those on one page only.
    """
    here, there = (
        {lead["enterprise"]["enterprise_id"]: lead for lead in page["leads"]}
        for page in (one, other)
    )
    rows = []
    for id_ in {**here, **there}:
        left, right = here.get(id_), there.get(id_)
        factor, gap = _widest(left, right) if left and right else (None, None)
        rows.append(
            (
                (left or right or {})["enterprise"]["name"],
                left and left["rank"],
                right and right["rank"],
                factor,
                gap,
            )
        )
    schema = {
        "enterprise": pl.String,
        "one": pl.Int64,
        "other": pl.Int64,
        "factor": pl.String,
        "difference": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def compared(pages: Sequence[Page], names: Mapping[str, str]) -> Sheet | Note:
    """Show the lists of one industry in two zones side by side."""
    if len(pages) < 2:
        return Note("没有另一个开发区以同一产业为需求，无从比较。")
    rows = side_by_side(*pages).with_columns(pl.col("factor").replace(names))
    both = rows.drop_nulls(["one", "other"]).height
    zones = [page["need"]["zone"]["name"] for page in pages]
    header = ["企业", *(f"{zone}名次" for zone in zones), "差别最大的因素", "差值"]
    shown = [
        [name, *("榜外" if rank is None else rank for rank in ranks), factor or "", _signed(gap)]
        for name, *ranks, factor, gap in rows.iter_rows()
    ]
    return Sheet(header, shown, f"两份名单各{len(pages[0]['leads'])}家，其中{both}家相同")


def _signed(gap: float | None) -> str:
    """Return a difference with its sign; "" if there is none."""
    return "" if gap is None else f"{gap:+.3f}"


def contribution_bars(found: pl.DataFrame, need: str) -> Plot:
    """Draw the contributions to each lead as stacked bars, their sum as a mark."""
    import altair as alt

    if found.is_empty():
        return Note("没有线索可解释。")
    order = found["enterprise"].unique(maintain_order=True).to_list()
    size = found.group_by("gloss").agg(pl.col("contribution").abs().sum())
    glosses = size.sort("contribution", "gloss", descending=True)["gloss"].to_list()
    names = alt.Y("enterprise:N", sort=order, title=None)
    total = alt.Chart(found.unique("enterprise", maintain_order=True)).encode(
        y=names, x="raw_score:Q"
    )
    return alt.layer(
        alt.Chart(found)
        .mark_bar()
        .encode(
            y=names,
            x=alt.X("contribution:Q", title="对得分的贡献（右为加分，左为减分）"),
            color=alt.Color(
                "gloss:N", title="因素", sort=glosses, scale=alt.Scale(scheme="tableau20")
            ),
        ),
        total.mark_tick(color="black", thickness=3, size=22),
        total.mark_text(dy=-13, fontSize=11).encode(text=alt.Text("raw_score:Q", format=".2f")),
    ).properties(
        width=520,
        height=alt.Step(36),
        title=alt.TitleParams(
            f"「{need}」的前{len(order)}条线索，各因素相加就是得分",
            subtitle="黑线为各段之和，即原始得分；得分只用于排序，不是签约概率",
        ),
    )


def moves_bars(moves: pl.DataFrame, enterprise: str, of: int) -> Plot:
    """Draw by how many ranks a lead would move without each factor, from `without_factor`.

    Parameters
    ----------
    moves : DataFrame
        For one row, with the column `gloss`.
    enterprise : str
    of : int
        Number of listed enterprises.
    """
    import altair as alt

    if moves.is_empty():
        return Note(f"{enterprise}：没有哪个因素起作用。")
    rows = moves.sort("moved", maintain_order=True)
    worst = rows.row(0, named=True)
    stated = f"去掉任何一个因素，{enterprise}都不会下降"
    if worst["moved"] < 0:
        ranks = f"从第{worst['rank']}名降到第{worst['rank_without']}名"
        stated = f"若无「{worst['gloss']}」，{enterprise}将{ranks}"
    names = alt.Y("gloss:N", sort=rows["gloss"].to_list(), title=None)
    base = alt.Chart(rows.with_columns(end=pl.max_horizontal(pl.col("moved").max(), 0)))
    colour = alt.condition("datum.moved < 0", alt.value(DOWN_COLOUR), alt.value(UP_COLOUR))
    axis = alt.Axis(format="d", tickMinStep=1)
    return alt.layer(
        base.mark_bar().encode(
            y=names,
            x=alt.X("moved:Q", title="名次变化（左为下降，右为上升）", axis=axis),
            color=colour,
        ),
        base.mark_text(align="left", dx=5).encode(
            y=names, x="end:Q", text=alt.Text("rank_without:Q", format="d")
        ),
    ).properties(
        width=460,
        title=alt.TitleParams(
            stated, subtitle=f"假设该因素只有平均水平（等同未知）；右侧数字为新名次，共{of}家企业"
        ),
    )


def _named(lead: Mapping[str, Any]) -> str:
    return f"{lead['rank']}. {lead['enterprise']['name']}"


def _widest(here: Page, there: Page) -> tuple[str, float]:
    """Return the factor with the largest difference between two leads of one enterprise."""
    one, other = (
        {reason["factor"]: reason["contribution"] for reason in lead["reasons"]}
        for lead in (here, there)
    )
    gaps = {name: other.get(name, 0.0) - one.get(name, 0.0) for name in {*one, *other}}
    return max(gaps.items(), key=lambda gap: (abs(gap[1]), gap[0]))
