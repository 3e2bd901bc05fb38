"""Location of the table in a file: below titles and statements, above notes, between totals."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from features.columns import Table
from features.files.headers import Headers, is_complete, is_header, is_required, recognised
from features.tables.naming import some
from features.vocabulary import YUAN

SEARCHED = 30
"""Number of first rows that are searched for headers."""
BESIDE = 3
"""Number of first columns that may hold section titles and notes."""
FILLED = "number of filled fields"

_SHOWN = 3
_PART = (
    r"^(?:名称|代码|编号|全称|简称|类别|类型|日期|时间|年份|状态|金额|数额|数量|数值|总额|总数|人数|地址|情况|内容|详情|"
    r"单位|[(（]?[千百]?[万亿]?[元人])"
)
"""Start of a header in a second level that needs the header above it."""
_NO_UNIT = frozenset({"没有单位", "无单位"})
_UNIT = re.compile(rf"(?:人民币)?(?:{'|'.join(YUAN)})|人|个|家|户|%|年|日|{'|'.join(_NO_UNIT)}")
"""A unit in a second level, as in exports of CSMAR."""
_YEAR = re.compile(r"((?:19|20)\d\d)\s*年?(?:度|报|末)?\s*([(（][^()（）]*[)）])?")
_UNIT_NOTE = re.compile(r"单位\s*[:：]\s*(.*)")
_NOTED = re.compile(rf"(?<![\u4e00-\u9fff])(?:人民币)?({'|'.join(u for u in YUAN if '元' in u)})")
_TOTAL = r"^(?:[合总小共累]\s*计|汇\s*总|平\s*均|total|subtotal)[\s:：]*[\d.,家户个条名]*$"
_NOTE = (
    r"^(?:附?注|备注|说明|附注|声明|数据来源|资料来源|信息来源|来源|※|\*{1,3}|[-—=_]{3,}|"
    r"(?:填表|制表|填报|审核|复核|报送|打印|导出|统计|经办|负责|联系)(?:人|单位|部门|日期|时间|电话)?)"
    r"(?:\d{0,2}\s*[:：、.．]|$|\d$)|^※|^以上(?:名单|数据|企业)|^本(?:表|名单|数据)"
)
_SECTION = r"^[(（]?[一二三四五六七八九十]{1,3}[)）、.．]"


@dataclass(frozen=True)
class HeaderPlace:
    """The location of the headers.

    Parameters
    ----------
    row
        Position of the header row, the lower one of two.
    headers
        The headers; those of two rows are joined.
    unit
        Yuan per unit of amounts, if a note above the headers states one (单位：万元).
    """

    row: int
    headers: list[str]
    unit: float | None = None


def find_headers(table: Table, rows: Sequence[Sequence[str | None]]) -> HeaderPlace | None:
    """Find the headers among the first rows of a file; None if all of these are empty.

    The row, or the pair of adjacent rows, that matches most columns of the table is taken; if no
    row matches any, the first row that is not empty.
    """
    texts = [[(cell or "").strip() for cell in row] for row in rows[:SEARCHED]]
    place = _located(table, texts)
    while place is not None and (above := _above(table, texts[: place.row])) is not None:
        place = above
    return place and replace(place, unit=_noted(texts[: place.row]))


def _above(table: Table, texts: list[list[str]]) -> HeaderPlace | None:
    """Return the headers of a table that begins and has rows above other headers."""
    place = _located(table, texts)
    if place is None or not is_complete(table, place.headers):
        return None
    rows = texts[place.row + 1 :]
    whole = recognised(table, place.headers) > 1 and any(sum(map(bool, row)) > 1 for row in rows)
    return place if whole else None


def _noted(rows: Sequence[Sequence[str]]) -> float | None:
    """Return yuan per unit of money in notes above the headers, None if they state several."""
    notes = [note[1] for row in rows for cell in row if (note := _UNIT_NOTE.search(cell))]
    units = {unit for note in notes for unit in _NOTED.findall(note)}
    return YUAN[units.pop()] if len(units) == 1 else None


def _located(table: Table, texts: list[list[str]]) -> HeaderPlace | None:
    best: HeaderPlace | None = None
    most = 0
    for at, row in enumerate(texts):
        if not any(row):
            continue
        found = recognised(table, row)
        if best is None or found > most:
            best, most = HeaderPlace(at, row), found
    if best is None or not most:
        return best
    for at in range(len(texts) - 1):
        joined = _joined(table, texts[at], texts[at + 1])
        found = recognised(table, joined)
        below_best = at == best.row and found == most
        if (found > most or below_best) and _is_lower_level(table, texts[at], texts[at + 1]):
            best, most = HeaderPlace(at + 1, joined), found
    return best


def is_explanation(table: Table, headers: Sequence[str], rows: pl.DataFrame) -> bool:
    """Whether a sheet describes columns: most values of a required column are headers."""
    named = [at for at, header in enumerate(headers) if is_required(table, header)]
    if not named or rows.width <= named[0]:
        return False
    first = rows.head(SEARCHED).to_series(named[0]).drop_nulls().to_list()
    return 2 * sum(is_header(table, text) for text in first) > len(first)


def _is_lower_level(table: Table, upper: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row is a second level of headers, and not data."""
    width = len(upper)
    # A cell that is merged with the one above has its value.
    cells = [
        (upper[at] if at < width else "", cell, *level)
        for at, (cell, level) in enumerate(zip(row, _levels(upper, row), strict=False))
        if cell and (at >= width or cell != upper[at])
    ]
    if not cells:
        return False
    filled = [(above, cell) for above, cell, _, _ in cells]
    named = [
        is_header(table, below)
        or bool(_UNIT.fullmatch(cell))
        or is_header(table, _dated(span, below))
        for _, cell, span, below in cells
    ]
    # 2024年营业收入 is a header with digits; any other text with digits is data.
    if any(
        any(sign.isdigit() for sign in cell) and not known
        for (_, cell), known in zip(filled, named, strict=True)
    ):
        return False
    # Below a header that matches a column, the second level states a unit or a part.
    if 2 * sum(named) >= len(filled):
        return True
    # A single text is a section title.
    return len(filled) > 1 and not any(is_required(table, above) for above, _ in filled)


def _joined(table: Table, upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Join two levels of headers: an upper cell spans the empty cells to its right."""
    headers = []
    for span, below in _levels(upper, lower):
        unit = re.search(r"[(（].*[)）]$", below)
        part = bool(re.match(_PART, below))
        forms = [
            _dated(span, below),
            span + unit[0] if unit and part else "",
            span + below if part else "",
            below,
            span + below,
            span if part or not below else "",
        ]
        known = (form for form in forms if form and is_header(table, form))
        headers.append(next(known, below or span))
    return headers


def _levels(upper: Sequence[str], lower: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the headers of both levels column by column."""
    span = ""
    for at in range(max(len(upper), len(lower))):
        above = upper[at] if at < len(upper) else ""
        below = lower[at] if at < len(lower) else ""
        below = "" if below in _NO_UNIT else below
        span = above or (span if below else "")
        yield span, below


def _dated(above: str, below: str) -> str:
    """Return the header of a year in a second level: 营业收入 over 2023 is 2023年营业收入."""
    year = _YEAR.fullmatch(below)
    return f"{year[1]}年{above}{year[2] or ''}" if year and above else ""


@dataclass(frozen=True)
class Body:
    """The rows that belong to the table.

    Parameters
    ----------
    kept
        Whether each row belongs to the table.
    warnings
        Descriptions of the rows that were left out.
    sections
        Number and text of section titles among them.
    """

    kept: pl.Series | None
    warnings: list[str]
    sections: pl.DataFrame | None = None


def lacks_required(table: Table, headers: Headers, names: Sequence[str]) -> pl.Expr:
    """Select rows without a required value: they may be empty, titles or notes."""
    required = [
        names[headers.positions[column.name]]
        for column in table.columns
        if column.required and column.name in headers.positions
    ]
    return pl.any_horizontal(pl.col(name).is_null() for name in required or names[:1])


def find_body(
    table: Table, fields: pl.DataFrame, row: str, headers: Headers, names: Sequence[str]
) -> Body:
    """Separate the rows of a table from repeated headers, totals, section titles and notes.

    Parameters
    ----------
    fields
        Rows that are not empty: the column `row` with their numbers, `FILLED` with the number of
        non-empty fields, and at least the columns in `headers` and the first three of the file.
    names
        Names of all columns of the file, in order.
    """
    if not names or fields.is_empty():
        return Body(None, [])
    lacking = lacks_required(table, headers, names)
    first = pl.coalesce(names[:BESIDE])
    # Few rows qualify: the remaining rules are applied to these only.
    suspect = lacking | pl.col(names[0]).str.contains(_TOTAL) | _repeats(names, headers)
    rare = fields.lazy().filter(suspect).collect(engine="streaming")
    if rare.is_empty():
        return Body(None, [])
    single = pl.col(FILLED) == 1
    known = [names[at] for at in headers.positions.values()]
    beside = pl.all_horizontal(pl.col(name).is_null() for name in known)
    text = first.str.strip_chars()
    total = text.str.contains(_TOTAL)
    note = lacking & text.str.contains(_NOTE)
    section = lacking & single & (text.str.contains(_SECTION) | beside)
    marked = rare.select(
        pl.col(row),
        text.alias("first"),
        header=_repeated(names, headers),
        other=(total | note | section).fill_null(value=False),
        section=(section & ~total & ~note).fill_null(value=False),
    )
    found = marked.filter(pl.col("header") | pl.col("other"))
    if found.is_empty():
        return Body(None, [])
    warnings = []
    if again := found.filter("header")[row].to_list():
        warnings.append(f"headers repeated in {_rows(again)}, left out")
    others = found.filter(~pl.col("header"))
    if not others.is_empty():
        warnings.append(f"notes, titles and totals left out: {_shown(others, row)}")
    sections = found.filter("section").select(row, text="first")
    return Body(~fields[row].is_in(found[row].implode()), warnings, sections)


def _repeats(names: Sequence[str], headers: Headers) -> pl.Expr:
    """Select rows that may repeat the headers: one of the first two fields does."""
    given = [(names[at], headers.given[column]) for column, at in headers.positions.items()]
    return pl.any_horizontal(
        (pl.col(name) == header).fill_null(value=False) for name, header in given[:2]
    )


def _repeated(names: Sequence[str], headers: Headers) -> pl.Expr:
    """Select rows that repeat the headers."""
    given = {names[at]: headers.given[column] for column, at in headers.positions.items()}
    same = [pl.col(name).str.strip_chars() == header for name, header in given.items()]
    if len(same) < 2:
        return pl.lit(value=False)
    alike = pl.sum_horizontal(each.fill_null(value=False) for each in same)
    return alike >= max(2, len(same) // 2)


def _rows(numbers: Sequence[int]) -> str:
    shown = some([str(number) for number in numbers[:_SHOWN]], len(numbers))
    return f"row{'s' if len(numbers) > 1 else ''} {shown}"


def _shown(found: pl.DataFrame, row: str) -> str:
    shown = [
        f"row {number} ({text[:20]})" if text else f"row {number}"
        for number, text in found.select(row, "first").head(_SHOWN).iter_rows()
    ]
    return some(shown, found.height)
