"""Dates as people write them, with their precision: 二〇一九年三月, Mar 1, 2019, 1551369600000.

Common forms are parsed column by column in `parsing`; the remaining texts are parsed here.
"""

import datetime
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from features import calendar
from features.values.numerals import NUMERAL, value
from features.words.normal import simplified

_KEPT = 50_000
_EXCEL_EPOCH = datetime.date(1899, 12, 30)
_REPUBLIC = 1911
"""民国 1 is 1912."""
PLACEHOLDERS = {datetime.date(1900, 1, 1), datetime.date(1, 1, 1)}
"""Placeholder dates of databases and Excel."""
_MONTHS = {
    name: number
    for number, full in enumerate(
        (
            *("january", "february", "march", "april", "may", "june", "july", "august"),
            *("september", "october", "november", "december"),
        ),
        start=1,
    )
    for name in (full, full[:3], f"{full[:3]}.")
} | {"sept": 9, "sept.": 9}
_BEHIND = (
    r"(?:(?:[t\s]+\d{1,2}[:时]?\d{1,2}.*)|z|"
    r"\s*(?:[(\[至~到—–;；,?].*|\s[a-z]{3,4}|[\u4e00-\u9fff].*|[-/]\s*\d{4}.*|\s-\s.*|-\s*[\u4e00-\u9fff]*))?$"
)
"""Text that may follow a date: a time, a remark, the end of a range."""
_SEPARATED = re.compile(
    r"^(\d{4})\s*[-–—‐−/.·。年\\、,_\s]\s*(\d{1,2})"
    r"(?:\s*[-–—‐−/.·。月\\、,_\s]\s*(\d{1,2})(?!\d)\s*[日号]?)?\s*月?" + _BEHIND
)
_SHORT = re.compile(
    r"^'?(\d{2})\s*[-–—/.年]\s*(\d{1,2})\s*[-–—/.月]\s*(\d{1,2})\s*[日号]?" + _BEHIND
)
_OF_REPUBLIC = re.compile(r"^([01]\d{2})(?=[-/.]\d{1,2}[-/.]\d{1,2}$)")
"""104/05/06: years of three digits count from 1912."""
_SHORT_MONTH = re.compile(r"^'?(\d{2})年(\d{1,2})月" + _BEHIND)
_BEHIND_YEAR = re.compile(r"^(\d{1,2})\s*([-–—/.])\s*(\d{1,2})\s*[-–—/.]\s*(\d{4})(?!\d)" + _BEHIND)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})?(?:\d{4}|\d{6})?(?:\.0+)?" + _BEHIND)
_YEAR = re.compile(
    r"^(\d{4})(?:\.0+)?\s*(?:年?\s*(?:度|初|底|末|前后|成立|以前|之前|左右|前|.{0,2}季度|[上下]半年)?|"
    r"[-/]?q[1-4])$"
)
_SERIAL = re.compile(r"^([1-9]\d{4})(?:\.\d+)?$")
_STAMP = re.compile(r"^(?!-?0)(-?\d{9,10}|-?\d{12,13}|\d{16}|\d{19})(?:\.\d+)?$")
_DAY_FIRST = re.compile(
    r"^(\d{1,2})(?:st|nd|rd|th)?[-\s/,.]*([a-z]{3,9}\.?)[-\s/,.]*(\d{4}|\d{2})\b"
)
_MONTH_FIRST = re.compile(
    r"^(?:[a-z]{3,9},?\s+)?([a-z]{3,9}\.?)[-\s/,.]+(\d{1,2})(?:st|nd|rd|th)?[-\s/,.]+"
    r"(?:\d{1,2}:\d{2}(?::\d{2})?\s+(?:[a-z+\d:]+\s+)?)?(\d{4})\b"
)
_YEAR_FIRST = re.compile(
    r"^(\d{4})[-\s/,.]+([a-z]{3,9}\.?)(?:[-\s/,.]+(\d{1,2})(?:st|nd|rd|th)?\b|$)"
)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]*\s+(?=\d)")
_IN_JSON = re.compile(r"^/date\((-?\d+)(?:[+-]\d{4})?\)/$")
_MONTH_YEAR = re.compile(r"^([a-z]{3,9}\.?)[-\s/,.']*(\d{4}|\d{2})$")
_MONTH_BEFORE = re.compile(r"^(\d{1,2})[-/.](\d{4})$")
_AROUND = " \t\"'“”‘’[]<>《》【】()。；;，,、/."
_POWER = re.compile(r"^\d\.\d+e\+?(?:9|12)$")
_YEAR_IN_NUMERALS = re.compile(r"^[一二][〇零九○][〇零一二三四五六七八九○]{2}$")
_NUMERALS = re.compile(rf"({NUMERAL})(?=\s*[年月日号])")
_EARLIER = re.compile(
    r"^(?:成立于|成立日期|成立时间|始建于|创建于|创立于|注册于|于|约|自|公元|:|established|founded|"
    r"est\.?(?=\s)|since|in(?=\s)|\s)+\s*:?\s*"
)


class PartialDate(NamedTuple):
    """A date and its precision: `year`, `month` or `day`."""

    date: datetime.date
    precision: str = "day"


def read_day(text: str) -> PartialDate | None:
    """Return the date in a text, the first one of a range; None if there is none.

    Without a leading year, 03/01/2019 and 01.03.2019 are the first of March; ambiguous forms such
    as 03-01-2019 give None. Timestamps are converted to days in the workspace's time zone.

    Examples
    --------
    >>> read_day("二〇一九年三月")
    PartialDate(date=datetime.date(2019, 3, 1), precision='month')
    >>> read_day("2019-02-30") is None
    True
    """
    if (day := _written_day(text)) is not None:
        return day
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if _POWER.match(plain):
        plain = f"{float(plain):.0f}"
    found = _STAMP.match(_IN_JSON.sub(r"\1", plain))
    return _stamped(found[1]) if found else None


@lru_cache(_KEPT)
def _written_day(text: str) -> PartialDate | None:
    plain = simplified(unicodedata.normalize("NFKC", text)).strip().lower()
    plain = _EARLIER.sub("", plain.strip(_AROUND))
    plain = re.sub(r"(?<=[一二三四五六七八九])[0o](?=[一二三四五六七八九])", "〇", plain)
    if _YEAR_IN_NUMERALS.match(plain):
        plain = f"{plain}年"
    plain = _NUMERALS.sub(lambda found: str(value(found[1])), plain)
    if republic := re.match(r"^(?:中华)?民国\s*(\d{1,3}|元)\s*年?", plain):
        year = _REPUBLIC + (1 if republic[1] == "元" else int(republic[1]))
        plain = f"{year}年{plain[republic.end() :].strip()}"
    plain = _OF_REPUBLIC.sub(lambda found: str(_REPUBLIC + int(found[1])), plain)
    day = _written(plain) or _english(plain) or _counted(plain)
    placeholder = day is not None and day.precision == "day" and day.date in PLACEHOLDERS
    return None if placeholder else day


def _written(text: str) -> PartialDate | None:
    for pattern in (_SEPARATED, _COMPACT):
        if found := pattern.match(text):
            return _day(found[1], found[2], found[3])
    if found := _YEAR.match(text):
        return _day(found[1])
    if found := _SHORT.match(text):
        if "/" in text[: found.end(3)] and int(found[1]) <= 12 and int(found[3]) > 12:
            return None  # 03/01/19 is ambiguous
        return _day(_full(found[1]), found[2], found[3])
    if found := _SHORT_MONTH.match(text):
        return _day(_full(found[1]), found[2])
    if found := _BEHIND_YEAR.match(text):
        first, second = int(found[1]), int(found[3])
        if first > 12 or (second <= 12 and found[2] == "."):
            return _day(found[4], second, first)
        return _day(found[4], first, second) if second > 12 or found[2] == "/" else None
    found = _MONTH_BEFORE.match(text)
    return _day(found[2], found[1]) if found else None


def _english(text: str) -> PartialDate | None:
    text = _WEEKDAY.sub("", text)
    if (found := _YEAR_FIRST.match(text)) and found[2] in _MONTHS:
        return _day(found[1], _MONTHS[found[2]], found[3])
    if (found := _DAY_FIRST.match(text)) and found[2] in _MONTHS:
        return _day(_full(found[3]), _MONTHS[found[2]], found[1])
    if (found := _MONTH_FIRST.match(text)) and found[1] in _MONTHS:
        return _day(found[3], _MONTHS[found[1]], found[2])
    if (found := _MONTH_YEAR.match(text)) and found[1] in _MONTHS:
        return _day(_full(found[2]), _MONTHS[found[1]])
    return None


def _counted(text: str) -> PartialDate | None:
    """Parse a day number of Excel."""
    found = _SERIAL.match(text)
    return PartialDate(_EXCEL_EPOCH + datetime.timedelta(days=int(found[1]))) if found else None


def _stamped(number: str) -> PartialDate | None:
    """Parse a Unix timestamp in seconds or a smaller unit."""
    digits = len(number.lstrip("-"))
    scale = 1 if digits <= 10 else 10 ** (digits - (10 if digits != 12 else 9))
    seconds = datetime.timedelta(seconds=int(number) / scale)
    day = calendar.day_of(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + seconds)
    return None if day in PLACEHOLDERS else PartialDate(day)


def _full(year: str) -> str:
    """Return a two-digit year with its century: 20xx up to 30, 19xx above."""
    if len(year) == 4:
        return year
    return f"20{year}" if int(year) <= 30 else f"19{year}"


def _day(
    year: str | int, month: str | int | None = None, day: str | int | None = None
) -> PartialDate | None:
    # Databases write 2019-03-00 if the day is unknown.
    month = None if month is not None and not int(month) else month
    day = None if month is None or (day is not None and not int(day)) else day
    precision = "year" if month is None else "month" if day is None else "day"
    try:
        return PartialDate(datetime.date(int(year), int(month or 1), int(day or 1)), precision)
    except ValueError:
        return None
