"""Parsing of raw texts into typed values: texts, dates, amounts, products, lists.

Operations more expensive than trimming are done once per distinct text of a column, because lists
of enterprises repeat dates, amounts and products. Common forms are parsed by expressions over whole
columns; the remaining texts are parsed one by one in `amounts`, `dates` and `people`.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from features.calendar import with_local_days
from features.columns import LONGEST_ID, Choice, Column, Kind, Table
from features.files.reading import Rows
from features.tables.schema import LOADED, ROW, flag
from features.values.amounts import read_amount
from features.values.cleaning import cleaned, distinct
from features.values.dates import PLACEHOLDERS, read_day
from features.values.identity import SPOILED, normalised_ids
from features.values.people import read_people
from features.values.products import read_products
from features.vocabulary import MOST_PEOPLE, MOST_YUAN, YUAN
from features.words.normal import simplified

_DAY = (
    r"^(\d{4})\s*[-/.年]\s*(0?[1-9]|1[0-2])(?:\s*[-/.月]\s*(\d{1,2})\s*[日号]?)?\s*月?"
    r"(?:[t\s]+\d{1,2}:\d{2}.*)?$"
)
_COMPACT_DAY = r"^(\d{4})(\d{2})(\d{2})?(?:\.0)?$"
_YEAR = r"^(\d{4})(?:\.0)?\s*年?$"
_MONEY = (
    r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    rf"({'|'.join(sorted(YUAN, key=len, reverse=True))})?元?$"
)
_MONEY_FILLING = r"[,\s()]|人民币|rmb|cny|¥|整$"
_LONGEST = {Kind.ID: LONGEST_ID, Kind.TEXT: 100_000}
"""Maximum number of characters of a text, that of a cell in Excel."""
_RMB = r"^\s*$|人民币|人民幣|rmb|cny|^元|^万元|^[-—/无]+$|^156$"
"""Texts of a column of currencies that mean RMB or nothing; 156 is its number in ISO 4217."""
_UNIT = r"^(?:人民币)?[千百十]?[万亿]元?(?:人民币)?$"
_NAMES = (
    (r"\s*[(（][^()（）]*\d{4}[^()（）]*[)）]", ""),  # 甲有限公司（2015-01-01至2018-01-01）
    (r"(^|[;；\s])\d{1,2}[.．、)）]\s*", "${1};"),
    (r"(公司|厂|店|社|所|院|中心|集团)\s+", "${1};"),
)
"""Substitutions in lists of names that separate them."""
_WORTH = 1.1
"""Average number of occurrences from which values are parsed once for each distinct text."""
_BROKEN = "\ufffd"
"""Replacement of invalid bytes."""


def parsed(
    rows: Rows,
    table: Table,
    today: datetime.date,
    rates: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Parse the raw rows of a file into the columns of a table.

    Parameters
    ----------
    today
        Dates after the end of the next year are wrong, those of events after tomorrow: an event has
        happened; a plan is the deadline of a project.
    rates
        Exchange rates: currency → yuan; an amount in another currency is unknown.

    Returns
    -------
    polars.DataFrame
        `ROW`, the table's columns in their canonical data types, those that are read as texts only,
        and for each the column `flag(name)`: whether the text could not be parsed. Such a value is
        null, as is an unknown one and one whose column is not in the file.
    """
    dtypes = LOADED[table.name].create_empty().schema
    columns = {ROW: rows.fields[ROW]}
    for column in (*table.columns, *table.aids):
        raw = rows.raw(column.name)
        dtype = dtypes.get(column.name, pl.String())
        if column.derived and column.name in columns:
            continue
        if raw is None:
            empty = pl.select(pl.repeat(None, rows.fields.height, dtype=dtype)).to_series()
            made = _named(column, empty, None)
        elif column.kind in (Kind.ID, Kind.TEXT):
            made = _text(raw, column)
        else:
            unit = rows.headers.units.get(column.name, column.unit)
            if column.currency and (currency := rows.raw(column.currency)) is not None:
                raw = _with_currency(raw, currency, rows.headers.given[column.currency])
            made = _parsed(
                raw,
                column,
                _Reading(column, unit, _last_day(table, today), dict(rates or {})),
                dtype,
            )
        if raw is not None and not _is_asked_again(table, column, made):
            rows.forget(column.name)
        columns |= {series.name: series for series in made}
    return pl.DataFrame([columns[name] for name in _order(table)])


def _is_asked_again(table: Table, column: Column, made: Sequence[pl.Series]) -> bool:
    """Whether a report may quote values of a column: keys, and values that could not be parsed."""
    return column.required or column.name in {*table.key, *table.either} or bool(made[1].any())


def with_defaults(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Replace empty numbers by the default of the column, if it has one."""
    return frame.with_columns(
        pl.col(column.name).fill_null(column.default)
        for column in table.columns
        if column.default is not None
    )


def _order(table: Table) -> list[str]:
    names = [column.name for column in (*table.columns, *table.aids)]
    return [ROW, *(each for name in names for each in (name, flag(name)))]


def _with_currency(raw: pl.Series, currency: pl.Series, header: str) -> pl.Series:
    """Append the foreign currency, or the unit, of another column to amounts."""
    amount, other = pl.col("amount"), pl.col("other")
    foreign = other.is_not_null() & ~other.str.to_lowercase().str.contains(_RMB)
    unit = other.str.contains(_UNIT)
    if "单位" in header:
        unit |= other == "元"
    digits = amount.str.contains(r"^[\s\d.,，．０-９]+$")
    # An amount with its own currency stays as it is.
    bare = amount.str.contains(r"^[\s\d.,，．０-９万亿千百元eE+]+$")
    frame = pl.DataFrame([raw.alias("amount"), currency.alias("other")]).lazy()
    stated = (
        pl.when((foreign & bare) | (unit & digits))
        .then(pl.concat_str(amount, other))
        .otherwise(amount)
    )
    return frame.select(stated.alias("amount")).collect(engine="streaming")["amount"]


def _text(raw: pl.Series, column: Column) -> list[pl.Series]:
    few = distinct(raw)
    if few is None:
        return _read_text(raw, column)
    made = _read_text(few, column)
    found = raw.to_frame("raw").join(
        pl.DataFrame([few.alias("raw"), *made]),
        on="raw",
        how="left",
        maintain_order="left",
        nulls_equal=True,
    )
    return [found[series.name] for series in made]


def _read_text(raw: pl.Series, column: Column) -> list[pl.Series]:
    texts = cleaned(raw)
    if column.name == "enterprise_id":
        texts = normalised_ids(texts)
    broken = texts.str.contains(_BROKEN, literal=True) if _has_broken(texts) else None
    if column.name == "enterprise_id" and (spoiled := texts.str.contains(SPOILED)).any():
        broken = spoiled if broken is None else broken | spoiled
    lengths = texts.str.len_chars()
    most = lengths.max()
    if isinstance(most, int) and most > _LONGEST[column.kind]:
        long = lengths > _LONGEST[column.kind]
        broken = long if broken is None else broken | long
    if broken is None:
        return _named(column, texts, None)
    wrong = broken.fill_null(value=False)
    return _named(column, texts.set(wrong, None), wrong)


def _has_broken(texts: pl.Series) -> bool:
    return bool(texts.str.contains(_BROKEN, literal=True).any())


@dataclass(frozen=True)
class _Reading:
    """Settings for parsing a column: the unit of a bare number, the latest day, exchange rates."""

    column: Column
    unit: float
    last: datetime.date
    rates: dict[str, float]

    def one(self, text: str) -> Any:
        """Parse one text that the expressions did not match; None if that is not possible."""
        match self.column.kind:
            case Kind.MONEY:
                yuan = read_amount(text, self.unit, self.rates)
                return None if yuan is None else yuan / self.column.unit
            case Kind.COUNT if self.column.default is None:
                return read_people(text)
            case Kind.CHOICE:
                return _words(self.column.choices or {}).get(simplified(text))
            case _:
                return None


def _parsed(
    raw: pl.Series, column: Column, reading: _Reading, dtype: pl.DataType
) -> list[pl.Series]:
    few = distinct(raw, _WORTH)
    values = _values((raw if few is None else few).alias("raw"), column, reading, dtype)
    if few is not None:
        values = raw.to_frame("raw").join(
            values, on="raw", how="left", maintain_order="left", nulls_equal=True
        )
    made = _named(column, values["value"], values["wrong"])
    if "precision" in values.columns:
        precise = Column(f"{column.name}_precision", Kind.CHOICE, "")
        made += _named(precise, values["precision"], None)
    return made


def _values(raw: pl.Series, column: Column, reading: _Reading, dtype: pl.DataType) -> pl.DataFrame:
    """Parse texts into the columns raw, value and wrong, for dates also precision."""
    listed = column.kind in (Kind.TEXTS, Kind.PRODUCTS)
    text, value = pl.col("text"), pl.col("value")
    text_of = cleaned(raw, ";" if listed else " ")
    frame = pl.DataFrame([raw, text_of.alias("text")]).lazy()
    if column.kind is Kind.PRODUCTS:
        frame = pl.DataFrame([raw, text_of.alias("text"), read_products(text_of)]).lazy()
    elif column.kind is Kind.TEXTS:
        for pattern, written in _NAMES if column.name == "former_names" else ():
            frame = frame.with_columns(text.str.replace_all(pattern, written))
        frame = frame.with_columns(value=_texts(text, column.separators))
    elif column.kind is Kind.DATE:
        frame = frame.with_columns(text=text.str.normalize("NFKC").str.to_lowercase())
        frame = _with_dates(frame.with_columns(text=with_local_days(text)))
    else:
        frame = frame.with_columns(text=text.str.normalize("NFKC").str.to_lowercase())
        frame = frame.with_columns(value=_scalar(text, column, reading.unit))
    if not listed:
        frame = _completed(frame.collect(engine="streaming"), column, reading).lazy()
        frame = frame.with_columns(value=_bounded(value, column, reading.last))
    frame = frame.with_columns(wrong=text.is_not_null() & value.is_null())
    if listed:
        # A list with invalid bytes is wrong as a whole.
        broken = text.str.contains(_BROKEN, literal=True).fill_null(value=False)
        frame = frame.with_columns(
            value=pl.when((value.list.len() > 0) & ~broken).then(value),
            wrong=pl.col("wrong")
            | broken
            | (value.list.len().fill_null(0) == 0 if column.required else False),
        )
    kept = [pl.col("raw"), value.cast(dtype), pl.col("wrong")]
    if column.kind is Kind.DATE:
        kept.append(pl.when(value.is_not_null()).then(pl.col("precision")).alias("precision"))
    return frame.select(kept).collect(engine="streaming")


def _completed(frame: pl.DataFrame, column: Column, reading: _Reading) -> pl.DataFrame:
    """Parse one by one the texts that the expressions did not match."""
    left = frame.filter(pl.col("text").is_not_null() & pl.col("value").is_null())
    texts = left["text"].unique().to_list()
    if not texts:
        return frame
    if column.kind is Kind.DATE:
        days = {text: day for text in texts if (day := read_day(text)) is not None}
        found: dict[str, tuple[dict[str, Any], pl.DataType]] = {
            "value": ({text: day.date for text, day in days.items()}, pl.Date()),
            "precision": ({text: day.precision for text, day in days.items()}, pl.String()),
        }
    else:
        read = {text: one for text in texts if (one := reading.one(text)) is not None}
        found = {"value": (read, frame.schema["value"])}
    return frame.with_columns(
        pl.coalesce(
            name, pl.col("text").replace_strict(mapping, default=None, return_dtype=dtype)
        ).alias(name)
        for name, (mapping, dtype) in found.items()
        if mapping
    )


def _bounded(value: pl.Expr, column: Column, last: datetime.date) -> pl.Expr:
    """Mark values outside of a column's bounds as wrong."""
    low: float | datetime.date | None = column.low
    high: float | datetime.date | None = column.high
    if column.kind is Kind.DATE:
        low, high = datetime.date(int(column.low or 1), 1, 1), last
    elif column.kind is Kind.MONEY:
        most = MOST_YUAN / column.unit
        low, high = (-most if low is None else low), (most if high is None else high)
    elif column.kind is Kind.COUNT and high is None:
        high = MOST_PEOPLE
    if low is not None:
        value = pl.when(value >= low).then(value)
    return value if high is None else pl.when(value <= high).then(value)


def _named(column: Column, value: pl.Series, wrong: pl.Series | None) -> list[pl.Series]:
    if wrong is None:
        wrong = pl.select(pl.repeat(False, len(value))).to_series()
    return [value.alias(column.name), wrong.alias(flag(column.name))]


def _scalar(text: pl.Expr, column: Column, unit: float) -> pl.Expr:
    match column.kind:
        case Kind.MONEY:
            return _money(text, unit / column.unit, column.unit)
        case Kind.COUNT:
            plain = text.str.replace_all(r"[,\s]", "")
            count = plain.str.extract(r"^([+-]?\d+)(?:\.0+)?人?$").cast(pl.Int64, strict=False)
            if unit == 1:
                return count
            scaled = plain.str.extract(r"^(\d{1,9}(?:\.\d+)?)$").cast(pl.Float64) * unit
            return pl.coalesce(scaled.round().cast(pl.Int64), count)
        case Kind.NUMBER:
            number = text.str.strip_chars_end("°").cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number)
        case _:
            words = _words(column.choices or {})
            return text.replace_strict(words, default=None, return_dtype=pl.String)


def _last_day(table: Table, today: datetime.date) -> datetime.date:
    if table.name in ("events", "signals"):
        return today + datetime.timedelta(days=1)
    return datetime.date(today.year + 1, 12, 31)


def _words(choices: Mapping[str, Choice]) -> dict[str, str]:
    return {
        alias: word
        for word, choice in choices.items()
        for alias in (word, choice.gloss, *choice.aliases.split())
    }


def _with_dates(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add the columns value and precision."""
    text = pl.col("text")
    days = [text.str.extract_groups(pattern) for pattern in (_DAY, _COMPACT_DAY)]
    year, month, day = (
        pl.coalesce(*(groups.struct[position] for groups in days)) for position in range(3)
    )
    frame = frame.with_columns(
        year=pl.coalesce(year, text.str.extract(_YEAR)), month=month, day=day
    )
    parts = (
        pl.col("year"),
        *(pl.col(part).fill_null("1").str.zfill(2) for part in ("month", "day")),
    )
    written = pl.concat_str(*parts, separator="-").str.to_date("%Y-%m-%d", strict=False)
    placeholder = pl.col("day").is_not_null() & written.is_in(sorted(PLACEHOLDERS))
    precision = (
        pl.when(pl.col("month").is_null())
        .then(pl.lit("year"))
        .when(pl.col("day").is_null())
        .then(pl.lit("month"))
        .otherwise(pl.lit("day"))
    )
    value = pl.when(~placeholder.fill_null(value=False)).then(written)
    return frame.with_columns(value=value, precision=pl.when(value.is_not_null()).then(precision))


def _money(text: pl.Expr, bare: float, unit: float) -> pl.Expr:
    """Return an amount in `unit` yuan; a number without a unit is multiplied by `bare`."""
    groups = text.str.replace_all(_MONEY_FILLING, "").str.extract_groups(_MONEY)
    factors = {name: yuan / unit for name, yuan in YUAN.items()}
    factor = groups.struct[1].replace_strict(factors, default=bare, return_dtype=pl.Float64)
    number = groups.struct[0].cast(pl.Float64)
    # Dividing by ten is exact to the last digit, multiplying by 0.1 is not.
    amount = pl.when(factor < 1).then(number / (1 / factor)).otherwise(number * factor)
    return pl.when(amount.is_finite()).then(amount)


def _texts(text: pl.Expr, separators: str) -> pl.Expr:
    item = pl.element()
    items = text.str.replace_all(f"[{re.escape(separators)}]", ";").str.split(";")
    stripped = items.list.eval(item.str.strip_chars())
    return stripped.list.eval(item.filter(item != "").unique(maintain_order=True))
