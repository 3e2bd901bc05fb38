"""Raw text → typed values: texts, dates, amounts, products, lists.

Whatever costs more than trimming is done once for each distinct text of a column: lists of
enterprises repeat their dates, amounts and products.
"""

import datetime
import re
from collections.abc import Mapping

import polars as pl

from features.calendar import with_local_days
from features.columns import Choice, Column, Kind, Table
from features.tables.reading import Rows
from features.tables.schema import ROW, SCHEMAS, flag
from features.vocabulary import UNKNOWN, YUAN

_BREAKS = r"[\t\n\x0b\x0c\r\x{85}\x{2028}\x{2029}]+"
_CONTROL = r"[\x00-\x1f\x7f-\x{9f}\x{200b}\x{2028}\x{2029}\x{feff}]"
_UNKNOWN = ["NaN", *sorted({f for word in UNKNOWN for f in (word, word.upper(), word.title())})]
_TAIL = r"[:：]\s*([^:：]*)$"
_NO_SHARE = ["", "-", "--", "NULL", "null", "None"]
_DAY = (
    r"^(\d{4})\s*[-/.年]\s*(0?[1-9]|1[0-2])(?:\s*[-/.月]\s*(\d{1,2})\s*[日号]?)?\s*月?"
    r"(?:[t\s]+\d{1,2}:\d{2}.*)?$"
)
_COMPACT_DAY = r"^(\d{4})(\d{2})(\d{2})?(?:\.0)?$"
_YEAR = r"^(\d{4})(?:\.0)?\s*年?$"
_SERIAL = r"^(\d{5})(?:\.\d+)?$"
_EXCEL_EPOCH = datetime.date(1899, 12, 30)
_MONEY = (
    r"^(?:人民币|rmb|cny|¥)*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    rf"({'|'.join(sorted(YUAN, key=len, reverse=True))})?整?(?:人民币|rmb|cny)?$"
)


def parsed(rows: Rows, table: Table, today: datetime.date) -> pl.DataFrame:
    """Parse the raw rows of a file into the columns of a table.

    Parameters
    ----------
    today
        Dates after the end of the next year are wrong, those of events after tomorrow: an event
        has happened, what is planned stands in its note.

    Returns
    -------
    polars.DataFrame
        `ROW`, the table's columns in their canonical data types, and for each the column
        `flag(name)`: whether a text stood there that is not what was expected. Such a value is
        null, and so is one that is unknown or whose column the file lacks.
    """
    dtypes = SCHEMAS[table.name].create_empty().schema
    columns = [rows.fields[ROW]]
    for column in table.columns:
        raw = rows.raw(column.name)
        if raw is None:
            empty = pl.select(pl.repeat(column.default, rows.fields.height, dtype=pl.Int8))
            columns += _named(column, empty.to_series().cast(dtypes[column.name]), None)
        elif column.kind in (Kind.ID, Kind.TEXT):
            columns += _named(column, cleaned(raw), None)
        else:
            unit = rows.headers.units.get(column.name, column.unit)
            columns += _parsed(raw, column, unit, _last_day(table, today), dtypes[column.name])
    return pl.DataFrame(columns)


def cleaned(raw: pl.Series) -> pl.Series:
    """Trim texts, put a blank for tabs and line breaks, drop control characters and unknowns."""
    return raw.to_frame("raw").lazy().select(_clean(raw, " ")).collect(engine="streaming")["raw"]


def _clean(raw: pl.Series, breaks: str) -> pl.Expr:
    """Clean the column "raw", which holds the texts of a series."""
    text = pl.col("raw")
    dirty = raw.to_frame("raw").lazy().select(text.str.contains(_CONTROL).any())
    if dirty.collect(engine="streaming").item():
        text = text.str.replace_all(_BREAKS, breaks).str.replace_all(_CONTROL, "")
    text = text.str.strip_chars()
    return pl.when(~text.is_in(_UNKNOWN)).then(text).alias("raw")


def _parsed(
    raw: pl.Series, column: Column, unit: float, last: datetime.date, dtype: pl.DataType
) -> list[pl.Series]:
    texts = raw.alias("raw").unique()
    repeated = 2 * len(texts) < len(raw)
    if not repeated:
        texts = raw.alias("raw")
    values = _values(texts, column, unit, last, dtype)
    if repeated:
        values = raw.to_frame("raw").join(
            values, on="raw", how="left", maintain_order="left", nulls_equal=True
        )
    filled = values["value"]
    if column.default is not None:
        filled = filled.fill_null(column.default)
    return _named(column, filled, values["wrong"])


def _values(
    raw: pl.Series, column: Column, unit: float, last: datetime.date, dtype: pl.DataType
) -> pl.DataFrame:
    """Parse texts into the columns raw, value and wrong."""
    listed = column.kind in (Kind.TEXTS, Kind.PRODUCTS)
    text, value = pl.col("text"), pl.col("value")
    frame = raw.to_frame().lazy().with_columns(text=_clean(raw, ";" if listed else " "))
    if column.kind is Kind.PRODUCTS:
        frame = _with_products(frame)
    elif column.kind is Kind.TEXTS:
        frame = frame.with_columns(value=_texts(text, column.separators))
    else:
        plain = text.str.normalize("NFKC").str.to_lowercase()
        frame = frame.with_columns(value=_scalar(plain, column, unit, last))
    frame = frame.with_columns(wrong=text.is_not_null() & value.is_null())
    if listed:
        frame = frame.with_columns(value=pl.when(value.list.len() > 0).then(value))
    return frame.select("raw", value.cast(dtype), "wrong").collect(engine="streaming")


def _named(column: Column, value: pl.Series, wrong: pl.Series | None) -> list[pl.Series]:
    if wrong is None:
        wrong = pl.select(pl.repeat(False, len(value))).to_series()
    return [value.alias(column.name), wrong.alias(flag(column.name))]


def _scalar(text: pl.Expr, column: Column, unit: float, last: datetime.date) -> pl.Expr:
    match column.kind:
        case Kind.DATE:
            return _date(with_local_days(text), last)
        case Kind.MONEY:
            return _money(text, unit / column.unit, column.unit)
        case Kind.COUNT:
            count = text.str.replace_all(r"[,\s]", "").str.extract(r"^([+-]?\d+)(?:\.0+)?人?$")
            return count.cast(pl.Int64, strict=False)
        case Kind.NUMBER:
            number = text.str.strip_chars_end("°").cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number)
        case _:
            words = _words(column.choices or {})
            return text.replace_strict(words, default=None, return_dtype=pl.String)


def _last_day(table: Table, today: datetime.date) -> datetime.date:
    if table.name == "events":
        return today + datetime.timedelta(days=1)
    return datetime.date(today.year + 1, 12, 31)


def _words(choices: Mapping[str, Choice]) -> dict[str, str]:
    return {
        alias: word
        for word, choice in choices.items()
        for alias in (word, choice.gloss, *choice.aliases.split())
    }


def _date(text: pl.Expr, last: datetime.date) -> pl.Expr:
    days = [text.str.extract_groups(pattern) for pattern in (_DAY, _COMPACT_DAY)]
    year, month, day = (
        pl.coalesce(*(groups.struct[position] for groups in days)) for position in range(3)
    )
    year = pl.coalesce(year, text.str.extract(_YEAR))
    parts = (year, month.fill_null("1").str.zfill(2), day.fill_null("1").str.zfill(2))
    written = pl.concat_str(*parts, separator="-").str.to_date("%Y-%m-%d", strict=False)
    serial = text.str.extract(_SERIAL).cast(pl.Int64)
    date = pl.coalesce(written, pl.lit(_EXCEL_EPOCH) + pl.duration(days=serial))
    return pl.when(date <= last).then(date)


def _money(text: pl.Expr, bare: float, unit: float) -> pl.Expr:
    """Amount in `unit` yuan; a number without a unit of its own is multiplied by `bare`."""
    groups = text.str.replace_all(r"[,\s]", "").str.extract_groups(_MONEY)
    factors = {name: yuan / unit for name, yuan in YUAN.items()}
    factor = groups.struct[1].replace_strict(factors, default=bare, return_dtype=pl.Float64)
    amount = groups.struct[0].cast(pl.Float64) * factor
    return pl.when(amount.is_finite()).then(amount)


def _texts(text: pl.Expr, separators: str) -> pl.Expr:
    item = pl.element()
    items = text.str.replace_all(f"[{re.escape(separators)}]", ";").str.split(";")
    stripped = items.list.eval(item.str.strip_chars())
    return stripped.list.eval(item.filter(item != "").unique(maintain_order=True))


def _with_products(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add a list of {name, share}, null where a name is missing or a share is wrong."""
    item = pl.element()
    items = pl.col("text").str.replace_all("；", ";", literal=True).str.split(";")
    stripped = items.list.eval(item.str.strip_chars()).list.eval(item.filter(item != ""))
    parted = stripped.list.eval(pl.struct(whole=item, tail=item.str.extract(_TAIL)))

    whole, tail = item.struct.field("whole"), item.struct.field("tail")
    # What follows the last colon is a share only where it is a number: a name may hold a colon.
    number = tail.str.strip_chars_end("%％ ").cast(pl.Float64, strict=False)
    stated = number.is_not_null() | tail.is_in(_NO_SHARE)
    head = whole.str.strip_suffix(tail).str.strip_chars_end(":： ")
    percent = pl.when(tail.str.contains("[%％]$")).then(100).otherwise(1)
    product = pl.struct(
        name=pl.when(stated).then(head).otherwise(whole), share=number.fill_nan(None) / percent
    )

    name, share = item.struct.field("name"), item.struct.field("share")
    right = (name != "") & share.is_between(0, 1).fill_null(True)
    value = pl.col("value")
    return (
        frame.with_columns(value=parted)
        .with_columns(value=value.list.eval(product))
        .with_columns(value=pl.when(value.list.eval(right).list.all()).then(value))
    )
