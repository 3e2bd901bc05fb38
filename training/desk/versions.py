"""Figures of versions when they were trained, and differences between two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from training.comparison import DECISIVE
from training.desk.theme import DOWN_COLOUR, KNOWN_COLOUR, Note, Plot
from training.evaluation import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GLOSSES = {"cold": "从未见过的需求", "warm": "从未见过的企业", "time": "以后的项目"}
"""The kinds of `training.evaluation.KINDS` in Chinese."""
_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("version", "created_at", "state"), pl.String),
        "needs": pl.Int64,
        **dict.fromkeys(("mean", "low", "high"), pl.Float64),
    }
)


def reached(versions: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return one row per version, oldest first, with NDCG@10 on held-out needs; None is unknown.

    Parameters
    ----------
    versions : sequence of mapping
        From `ModelRegistry.list`.

    Returns
    -------
    DataFrame
        version, created_at, state (在用, 被拒绝, 备用), needs, mean, low, high.
    """
    rows = []
    for version in reversed(versions):
        cold = (version["metrics"] or {}).get("cold")
        state = "在用" if version["active"] else "被拒绝" if version["refused"] else "备用"
        row = {"version": version["version"], "created_at": version["created_at"], "state": state}
        rows.append(row | (cold["blend"][DECISIVE] if cold else {}))
    return pl.DataFrame(rows, schema=_SCHEMA)


def differences(found: Mapping[str, Any]) -> pl.DataFrame:
    """Return `comparison.compare_versions` of two versions, one row per kind: other minus one."""
    rows = [
        (GLOSSES[kind], own["needs"], *(own[DECISIVE]["difference"][k] for k in _ENDS))
        for kind in KINDS
        if (own := found[kind])
    ]
    schema = {"kind": pl.String, "needs": pl.Int64, **dict.fromkeys(_ENDS, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def version_dots(reached: pl.DataFrame) -> Plot:
    """Draw each version's NDCG@10 on held-out needs, with intervals, from `reached`."""
    import altair as alt

    rows = reached.drop_nulls("mean").with_columns(
        name=pl.col("version").str.slice(0, 15) + "（" + pl.col("state") + "）"
    )
    if rows.is_empty():
        return Note("没有一个版本在留出的需求上检验过：评判太少。")
    names = alt.Y("name:N", sort=None, title="版本（训练时间，状态）")
    colour = alt.condition(
        "datum.state == '被拒绝'", alt.value(DOWN_COLOUR), alt.value(KNOWN_COLOUR)
    )
    base = alt.Chart(rows)
    refused = int((rows["state"] == "被拒绝").sum())
    axis = "前10名的准确程度（NDCG@10，1为最好）"
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(
            y=names,
            x=alt.X("low:Q", title=axis, scale=alt.Scale(domain=[0, 1])),
            x2="high:Q",
            color=colour,
        ),
        base.mark_point(filled=True, size=90, opacity=1).encode(y=names, x="mean:Q", color=colour),
        base.mark_text(dy=-11).encode(y=names, x="mean:Q", text=alt.Text("mean:Q", format=".3f")),
    ).properties(
        width=480,
        height=alt.Step(38),
        title=alt.TitleParams(
            f"{rows.height}个版本中，{refused}个因为明显更差而被拒绝",
            subtitle=f"从未见过的需求，横线为95%区间；每个版本至少{min(rows['needs'].to_list())}个需求",
        ),
    )


_ENDS = ("mean", "low", "high")
