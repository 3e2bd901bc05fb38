"""Figures as an Excel workbook for the leadership's meeting."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter

from features.tables.project_list import PATH, POOLS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        formats = _formats(book)
        period = f"{figures['since'] or '建库'} 至 {figures['until']}"
        title = f"项目数据（{period}）"
        _totals(_sheet(book, "汇总", title), title, figures, formats)
        for name, headers, rows in (
            ("漏斗", _funnel_headers(figures), _funnels(figures)),
            ("在库时长", _STAYS, _stays(figures)),
        ):
            sheet = _sheet(book, name, title)
            _table(sheet, 0, headers, rows, formats)
            sheet.freeze_panes(1, 1)
            sheet.repeat_rows(0)
    return content.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    cell = {"border": 1, "valign": "vcenter"}
    head = {"bold": True, "bg_color": "#E8EDF5", "text_wrap": True, "align": "center"}
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format({**cell, **head}),
        "name": book.add_format({**cell, "text_wrap": True}),
        "number": book.add_format({**cell, "align": "right", "num_format": "#,##0.####"}),
        "count": book.add_format({**cell, "align": "right", "num_format": "#,##0"}),
        "share": book.add_format({**cell, "align": "right", "num_format": "0.0%"}),
    }


def _totals(sheet: Any, title: str, figures: Document, formats: Mapping[str, Any]) -> None:
    sheet.write(0, 0, title, formats["title"])
    cohort = [
        [name, *_sums(figures[sums]), figures[rate] if rate else None]
        for name, sums, rate in (
            ("新签约", "signed", None),
            ("其中已开工（开工率）", "started", "start_rate"),
            ("其中已投产（投产率）", "produced", "production_rate"),
        )
    ]
    headers = ["指标", "项目数", "投资额（亿元）", "投资额不详的项目数", "比率"]
    at = _table(sheet, 2, headers, cohort, formats) + 1
    entered = [[POOLS[pool].gloss, *_sums(figures["entered"][pool])] for pool in PATH]
    headers = ["期内进入各库（不是同一批项目）", *headers[1:4]]
    at = _table(sheet, at, headers, entered, formats) + 1
    for note in figures["notes"].values():
        sheet.write(at, 0, note)
        at += 1


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


def _sheet(book: Any, name: str, title: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_header(f"&R{title}")
    sheet.set_footer("&C第 &P 页，共 &N 页")
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, len(_POOLS) + 12, 10)
    return sheet


def _table(
    sheet: Any,
    at: int,
    headers: Sequence[str],
    rows: Sequence[Sequence[Any]],
    formats: Mapping[str, Any],
) -> int:
    """Write a table from a row on; return the row below it. What is unknown stays empty."""
    sheet.write_row(at, 0, headers, formats["head"])
    sheet.set_row(at, 32)
    for line, row in enumerate(rows, at + 1):
        for column, (header, value) in enumerate(zip(headers, row, strict=True)):
            kind = "share" if header.endswith("率") else "count"
            kind = "name" if column == 0 else "number" if header.endswith("（亿元）") else kind
            sheet.write(line, column, value, formats[kind])
    return at + len(rows) + 1
