"""Figures as an Excel workbook for the leadership's meeting."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter

from features.project_list import PATH, POOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.serving.interfaces import Document

_A4 = 9
_GROUPS = {
    "zone": "开发区",
    "unit": "责任单位",
    "source": "来源",
    "chain": "产业链",
    "month": "月份",
}
_POOLS = [POOLS[pool].gloss for pool in PATH]


def figures_workbook(figures: Document) -> bytes:
    """Return a workbook with the totals, the funnel of each group and the times in pools."""
    content = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, safe) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {"share": book.add_format({"num_format": "0.0%"}), "bold": bold}
        period = f"{figures['since'] or '建库'} 至 {figures['until']}"
        _write(book, "汇总", [f"项目数据（{period}）"], _totals(figures), formats)
        _write(book, "漏斗", _funnel_headers(figures), _funnels(figures), formats)
        _write(book, "在库时长", _STAYS, _stays(figures), formats)
    return content.getvalue()


def _totals(figures: Document) -> list[list[Any]]:
    rows: list[list[Any]] = [["指标", "项目数", "投资额（亿元）", "投资额不详的项目数", "比率"]]
    for name, sums, rate in (
        ("新签约", "signed", None),
        ("其中已开工（开工率）", "started", "start_rate"),
        ("其中已投产（投产率）", "produced", "production_rate"),
    ):
        rows.append([name, *_sums(figures[sums]), figures[rate] if rate else None])
    rows.append([])
    rows.append(
        ["期内进入各库（不是同一批项目）", "项目数", "投资额（亿元）", "投资额不详的项目数"]
    )
    rows += [[POOLS[pool].gloss, *_sums(figures["entered"][pool])] for pool in PATH]
    rows.append([])
    return rows + [[note] for note in figures["notes"].values()]


def _funnel_headers(figures: Document) -> list[str]:
    start = [_GROUPS[figures["by"]], "项目数", "投资额（亿元）", "投资额不详"]
    return [*start, *(f"到过{name}" for name in _POOLS), "已终止", "新签约", "已开工", "开工率"]


def _funnels(figures: Document) -> list[list[Any]]:
    return [
        [
            group["name"],
            *_sums(group),
            *(group["reached"][pool] for pool in PATH),
            group["ended"],
            group["signed"]["projects"],
            group["started"]["projects"],
            group["start_rate"],
        ]
        for group in figures["groups"]
    ]


_STAYS = [
    "项目库",
    "在库记录",
    "已转出",
    "仍在库",
    "四分之一转出（天）",
    "中位（天）",
    "四分之三转出（天）",
]


def _stays(figures: Document) -> list[list[Any]]:
    rows = []
    for pool, stay in figures["stays"].items():
        quartiles = ["未到" if days is None else days for days in stay["quartiles"]]
        rows.append([POOLS[pool].gloss, stay["stays"], stay["left"], stay["still_in"], *quartiles])
    return rows


def _sums(sums: Document) -> list[Any]:
    return [sums["projects"], sums["amount"], sums["amount_unknown"]]


def _write(
    book: Any, name: str, headers: Sequence[str], rows: Sequence[Sequence[Any]], formats: Any
) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(_POOLS) + 12, 14)
    sheet.write_row(0, 0, headers, formats["bold"])
    for at, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, float) and 0 <= value <= 1 and _is_share(headers, row, column):
                sheet.write(at, column, value, formats["share"])
            elif value is not None:
                sheet.write(at, column, value)
    sheet.freeze_panes(1, 0)


def _is_share(headers: Sequence[str], row: Sequence[Any], column: int) -> bool:
    header = headers[column] if column < len(headers) else ""
    return header.endswith("率") or (len(headers) == 1 and column == len(row) - 1 == 4)
