"""A printable list of leads: a workbook for A4 paper, with room for notes.

A cover, one sheet per need, and a sheet on how the list is made and its limits. Unknown values are
left blank, and numbers are rounded for reading.
"""

from __future__ import annotations

import io
import re
import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import xlsxwriter

from features.values.standing import standing
from features.vocabulary import FLAGS, ROLES
from service.serving.explanation.neighbours import progress_text
from service.serving.explanation.reasons import summary
from service.serving.partial import partial_note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from service.serving.interfaces import Document

COLUMNS = {
    "序号": 4,
    "企业名称": 16,
    "所在地": 8,
    "产业环节": 8,
    "主营产品（占比）": 15,
    "规模": 11,
    "状态": 6,
    "契合": 8,
    "推荐理由": 26,
    "联系人": 6,
    "跟进情况": 7,
    "备注": 5,
}
"""Columns of a sheet and their widths in characters: together they fill A4 across. Where a font is
missing and another one is wider, the sheet is scaled by a few per cent, and ten points are left."""

FIT = {"strong": "高度契合", "partial": "部分契合", "weak": "契合较弱"}
_FONT = "宋体"
_SIZE = 11
_UNIT_SIZE = 10
"""Points of the font that the widths of columns are counted in."""
_A4 = 9
_LINE = 15.0
"""Height of a line of text in points."""
_WIDER = 1.06
"""How many times wider a character of the cells is than one that widths are counted in."""
_OPENING, _CLOSING = "「『（(【《“", "」』）)】》”，。、；：！？%"
_PRODUCTS, _REASONS = 3, 2
_LEFT_OUT = {"signed": "已与本区签约", "local": "已在本市", "unfit": "评定为不合适"}
_STANDING = {"active": "存续", "inactive": "已终止"}

HOW_TO_READ = (
    "每个需求一张表，企业按与需求的契合程度由高到低排列。",
    "“契合”一栏：高度契合，指主营产品直接满足该需求；部分契合，指产品相关或相邻；契合较弱，指仅供参考。",
    "“推荐理由”为排序中影响最大的两条依据，均来自企业公开登记信息、产品和产业链图谱。",
    "空白表示未知，不表示没有；“联系人”“跟进情况”“备注”三栏供走访时填写。",
)
ABOUT = (
    ("怎样形成", None),
    (
        None,
        "名单由链招根据需求文字、产业链图谱、企业产品与经营范围、规模、区位等信息计算得出。",
    ),
    (None, "已注销、吊销、停业、迁出等企业不在名单之内。"),
    (None, "每条理由都可以在系统中查到对应的依据；同一模型版本与数据版本下，名单可以复现。"),
    ("不是什么", None),
    (None, "名单不是投资意向，不代表企业有外迁或投资计划，排位也不是签约概率。"),
    (None, "名单不含任何个人信息；联系人由走访人员自行填写和保管。"),
    (None, "名单不涉及任何税收、补贴或要素价格承诺；招商洽谈应符合公平竞争审查的要求。"),
    (None, "企业信息以登记机关最新公示为准，走访前请核对状态。"),
)


def take_along(
    pages: Sequence[Document],
    profile: Callable[[str], Document],
    *,
    day: date,
    author: str | None = None,
    ids: bool = False,
) -> bytes:
    """Return a workbook of pages of leads.

    Parameters
    ----------
    pages
        Pages of leads, one a need.
    profile
        Returns what is known of an enterprise by its id.
    day
        The day on which the list is made.
    author
        Who made it.
    ids
        Whether enterprise_ids are shown.
    """
    content = io.BytesIO()
    # Texts from outside become neither formulas nor links.
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "in_memory": True,
        # The widths of columns are counted in digits of this font.
        "default_format_properties": {"font_name": _FONT, "font_size": _UNIT_SIZE},
    }
    with xlsxwriter.Workbook(content, options) as book:
        styles = _styles(book)
        names = _sheet_names(pages)
        _cover(book.add_worksheet("封面"), styles, pages, day, author)
        for page, name in zip(pages, names, strict=True):
            _needs_sheet(book.add_worksheet(name), styles, page, profile, ids=ids)
        _about(book.add_worksheet("说明"), styles)
    return content.getvalue()


def _styles(book: Any) -> dict[str, Format]:
    plain = {"font_name": _FONT, "font_size": _SIZE, "valign": "top", "text_wrap": True}
    cell = {**plain, "border": 1}
    return {
        "title": book.add_format({**plain, "font_size": 20, "bold": True, "align": "center"}),
        "heading": book.add_format({**plain, "font_size": 14, "bold": True}),
        "label": book.add_format({**plain, "font_size": 12, "bold": True}),
        "text": book.add_format({**plain, "font_size": 12}),
        "header": book.add_format(
            {**cell, "bold": True, "align": "center", "valign": "vcenter", "bg_color": "#E7EEF7"}
        ),
        "cell": book.add_format(cell),
        "name": book.add_format({**cell, "bold": True}),
        "middle": book.add_format({**cell, "align": "center"}),
    }


def _sheet_names(pages: Sequence[Document]) -> list[str]:
    """Name each sheet after its need: 31 characters, none that Excel refuses, none twice."""
    names: list[str] = []
    for page in pages:
        need = page["need"]
        plain = re.sub(r"[\[\]:*?/\\']", " ", need["industry"]).strip()[:24] or "需求"
        name, number = plain, 2
        while name.lower() in {"封面", "说明", *(one.lower() for one in names)}:
            name, number = f"{plain}（{number}）", number + 1
        names.append(name)
    return names


def _cover(
    sheet: Worksheet,
    styles: dict[str, Format],
    pages: Sequence[Document],
    day: date,
    author: str | None,
) -> None:
    _across(sheet)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 100)
    sheet.merge_range(0, 0, 0, 1, "招商线索清单", styles["title"])
    sheet.set_row(0, 40)
    zones = dict.fromkeys(_zone(page) for page in pages)
    needs = [_need(page) for page in pages]
    first = pages[0] if pages else None
    counts = [f"{page['need']['industry']} {len(page['leads'])}家" for page in pages]
    partial = [page["partial"] for page in pages if page.get("partial")]
    facts = [
        ("开发区", "、".join(zone for zone in zones if zone)),
        ("需求", "；".join(needs)),
        ("企业数", "；".join(counts)),
        ("未列入", "；".join(shown for page in pages if (shown := _left_out(page)))),
        ("不完整", "；".join(partial_note(one, "zh") for one in partial)),
        ("制表日期", f"{day.year}年{day.month}月{day.day}日"),
        ("制表", author or "链招"),
        ("数据日期", (first and first["pool_date"]) or ""),
        ("模型版本", (first and first["model_version"]) or ""),
    ]
    row = 2
    for label, text in facts:
        if text:
            _line(sheet, row, styles, label, text)
            row += 1
    for at, text in enumerate(HOW_TO_READ):
        _line(sheet, row + 1 + at, styles, "" if at else "怎样读", text)


def _left_out(page: Document) -> str:
    """Return the note on enterprises left out of a list."""
    left = page.get("left_out") or {}
    shown = [f"{label}{left[key]}家" for key, label in _LEFT_OUT.items() if left.get(key)]
    return f"{page['need']['industry']} {'、'.join(shown)}" if shown else ""


def _line(sheet: Worksheet, row: int, styles: dict[str, Format], label: str, text: str) -> None:
    sheet.write_string(row, 0, label, styles["label"])
    sheet.write_string(row, 1, text, styles["text"])
    sheet.set_row(row, 20 * _lines(text, 100))


def _needs_sheet(
    sheet: Worksheet,
    styles: dict[str, Format],
    page: Document,
    profile: Callable[[str], Document],
    *,
    ids: bool,
) -> None:
    widths = {**COLUMNS, "企业编号": 20} if ids else COLUMNS
    _across(sheet)
    for at, width in enumerate(widths.values()):
        sheet.set_column(at, at, width)
    title = " · ".join(part for part in (_zone(page), _need(page)) if part)
    sheet.merge_range(0, 0, 0, len(widths) - 1, title, styles["heading"])
    sheet.set_row(0, 24)
    for at, header in enumerate(widths):
        sheet.write_string(1, at, header, styles["header"])
    sheet.set_row(1, 2 * _LINE + 2)
    for row, lead in enumerate(page["leads"], start=2):
        cells = _cells(lead, profile(lead["enterprise"]["enterprise_id"]), ids=ids)
        sheet.write_number(row, 0, lead["rank"], styles["middle"])
        for at, text in enumerate(cells, start=1):
            sheet.write_string(row, at, text, styles["name" if at == 1 else "cell"])
        lines = max(
            _lines(text, width)
            for text, width in zip(cells, list(widths.values())[1:], strict=True)
        )
        sheet.set_row(row, min(409.0, lines * _LINE + 4))
    last = max(2, 1 + len(page["leads"]))
    sheet.autofilter(1, 0, last, len(widths) - 1)
    sheet.freeze_panes(2, 2)
    sheet.repeat_rows(0, 1)


def _cells(lead: Document, known: Document, *, ids: bool) -> list[str]:
    enterprise = lead["enterprise"]
    reasons = summary(lead["reasons"], "。\n", _REASONS)
    marks = [
        *(FLAGS[flag].gloss for flag in enterprise["flags"]),
        *([shown] if (shown := progress_text(lead)) else []),
    ]
    cells = [
        enterprise["name"],
        "".join(dict.fromkeys(p for p in (enterprise["province"], enterprise["city"]) if p)),
        lead["node"]["name"] if lead["node"] else "",
        _products(known.get("products")),
        _size(known),
        "\n".join([_status(known.get("status")), *marks]).strip(),
        "\n".join(part for part in (FIT.get(lead.get("fit") or ""), _points(lead, known)) if part),
        f"{reasons}。" if reasons else "",
        *("", "", ""),
    ]
    return [*cells, enterprise["enterprise_id"]] if ids else cells


def _products(products: list[Document] | None) -> str:
    """Return the main products, the largest shares first."""
    ordered = sorted(products or (), key=lambda one: -(one["share"] or 0))
    return "\n".join(
        f"{one['name']} {one['share']:.0%}" if one["share"] is not None else one["name"]
        for one in ordered[:_PRODUCTS]
    )


def _size(known: Document) -> str:
    facts = [
        known.get("size"),
        _money("注册资本", known.get("registered_capital")),
        _money("营收", known.get("revenue")),
        f"{known['employees']:,}人" if known.get("employees") is not None else None,
        f"{known['founded'][:4]}年成立" if known.get("founded") else None,
    ]
    return "\n".join(fact for fact in facts if fact)


def _money(label: str, amount: float | None) -> str | None:
    """Return an amount in 万元, or in 亿元 where that is shorter, of at most four digits."""
    if amount is None:
        return None
    if abs(amount) >= 1e4:
        return f"{label}{amount / 1e4:,.4g}亿元"
    return f"{label}{amount:,.4g}万元"


def _status(status: str | None) -> str:
    known = standing(status)
    return _STANDING[known] if known else (status or "")


def _points(lead: Document, known: Document) -> str:
    """Return the products named in the reasons: those that fit the need."""
    own = {product["name"] for product in known.get("products") or ()}
    pointed = [one for reason in lead["reasons"] for one in reason["evidence"] if one in own]
    return "、".join(list(dict.fromkeys(pointed))[:2])


def _zone(page: Document) -> str:
    zone = page["need"]["zone"]
    return (zone and (zone["name"] or zone["zone_id"])) or ""


def _need(page: Document) -> str:
    need = page["need"]
    role = ROLES[need["role"]].gloss if need["role"] else None
    example = "示例" if need["basis"] == "illustrative" else None
    marks = [mark for mark in (role, example) if mark]
    return f"{need['industry']}（{'，'.join(marks)}）" if marks else str(need["industry"])


def _about(sheet: Worksheet, styles: dict[str, Format]) -> None:
    _across(sheet)
    sheet.set_column(0, 0, 112)
    for row, (heading, text) in enumerate(ABOUT):
        sheet.write_string(row, 0, heading or text or "", styles["heading" if heading else "text"])
        sheet.set_row(row, 26 if heading else 20 * _lines(text or "", 94))


def _across(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&C&10第 &P 页，共 &N 页")
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)


def _lines(text: str, width: int) -> int:
    """Count the lines of a text in a column of a given width; a Chinese character counts as two.

    No line begins with a closing mark or ends with an opening one: the sign beside goes with it.
    """
    room = max(int(width / _WIDER), 4)
    count = 0
    for line in text.split("\n"):
        count, used, before = count + 1, 0, 0
        for sign, following in zip_longest(line, line[1:], fillvalue=""):
            own = _wide(sign)
            if used + own + (_wide(following) if sign in _OPENING else 0) > room:
                count, used = count + 1, (before if sign in _CLOSING else 0)
            used, before = used + own, own
    return count


def _wide(sign: str) -> int:
    if not sign:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WFA" else 1
