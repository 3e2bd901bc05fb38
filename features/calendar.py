"""The calendar: today and the day of a moment, in the workspace's time zone.

A process serves one workspace, so that it has one time zone, `LIANZHAO_TIME_ZONE`.
"""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT = "Asia/Shanghai"
_STAMP = (
    r"^\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:z|utc|gmt|[+-]\d{2}:?\d{2})$"
)
"""A time stamp with its offset, in lower case."""


def zone_named(name: str) -> datetime.tzinfo:
    """Return the time zone of that name (ValueError for an unknown name)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name == DEFAULT:  # a machine without tzdata; China has had one offset since 1992
            return datetime.timezone(datetime.timedelta(hours=8), name)
        raise ValueError(name) from None


_zone = zone_named(DEFAULT)


def use(name: str) -> None:
    """Set the time zone (ValueError for an unknown name)."""
    global _zone
    _zone = zone_named(name)


def now(clock: Callable[[], float] = time.time) -> datetime.datetime:
    """Return the time in the workspace's zone."""
    return datetime.datetime.fromtimestamp(clock(), _zone)


def today(clock: Callable[[], float] = time.time) -> datetime.date:
    """Return today's date in the workspace's time zone."""
    return now(clock).date()


def day_of(moment: datetime.datetime) -> datetime.date:
    """Return the day of a moment; naive ones, as in databases, are in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return aware.astimezone(_zone).date()


def with_local_days(texts: pl.Expr) -> pl.Expr:
    """Replace time stamps with offset by the local day: 2026-11-28T23:30Z is the 29th in China."""
    return (
        pl.when(texts.str.contains(_STAMP))
        .then(texts.map_elements(_local, return_dtype=pl.String, skip_nulls=True))
        .otherwise(texts)
    )


def _local(text: str) -> str:
    if not text.endswith(("z", "utc", "gmt")) and not text[-6:].startswith(("+", "-")):
        text = f"{text[:-2]}:{text[-2:]}" if text[-5] in "+-" else text
    plain = text.replace("utc", "z").replace("gmt", "z").replace(",", ".").replace(" ", "")
    try:
        moment = datetime.datetime.fromisoformat(f"{plain[:10]}T{plain[10:].lstrip('t')}".upper())
    except ValueError:
        return text
    return day_of(moment).isoformat() if moment.tzinfo else text
