import datetime
import re

import polars as pl
import pytest

from features import calendar
from features.errors import InputError
from features.imports.importing import import_table
from features.imports.record import parse_record
from features.tables.catalogue import EVENTS
from features.values.dates import read_day
from features.workspace import Workspace
from tests.pool import NEED_IDS, tables

DAY = datetime.date(2026, 11, 28)


@pytest.fixture(autouse=True)
def _china():
    yield
    calendar.use(calendar.DEFAULT)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Shanghai", 29), ("UTC", 28), ("America/New_York", 28), ("Asia/Kathmandu", 29)],
)
def test_a_moment_has_the_day_of_the_zone(zone, day):
    calendar.use(zone)
    moment = datetime.datetime(2026, 11, 28, 23, 30, tzinfo=datetime.UTC)
    assert calendar.day_of(moment) == DAY.replace(day=day)
    assert calendar.day_of(moment.replace(tzinfo=None)) == DAY.replace(day=day)
    assert calendar.today(lambda: moment.timestamp()) == DAY.replace(day=day)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-28t23:30z", "2026-11-29"),
        ("2026-11-28t23:30:15.25z", "2026-11-29"),
        ("2026-11-28 23:30:00+00:00", "2026-11-29"),
        ("2026-11-29t01:00:00+0800", "2026-11-29"),
        ("2026-11-29t01:00:00+14:00", "2026-11-28"),
        ("2026-11-28 23:30 utc", "2026-11-29"),
        ("2026-11-28t23:30", "2026-11-28t23:30"),
        ("2026-11-28", "2026-11-28"),
        ("2026-13-28t23:30z", "2026-13-28t23:30z"),
    ],
)
def test_a_stamp_with_an_offset_has_the_day_here(text, day):
    frame = pl.DataFrame({"text": [text]})
    assert frame.select(calendar.with_local_days(pl.col("text"))).item() == day


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Shanghai", 29), ("UTC", 28), ("America/New_York", 28), ("Asia/Kathmandu", 29)],
)
def test_a_stamp_of_seconds_has_the_day_of_the_zone(zone, day):
    calendar.use(zone)
    for stamp in ("1795908600", "1795908600000", "1795908600.5"):
        assert read_day(stamp).date == DAY.replace(day=day)


@pytest.mark.parametrize("name", ["Asia/Nowhere", "", "+8", "../etc/passwd"])
def test_there_is_no_such_zone(name):
    with pytest.raises(ValueError, match=rf"^{re.escape(name)}$"):
        calendar.use(name)


def event(**more):
    return {
        "event_id": "v",
        "enterprise_id": "E000",
        "need_id": NEED_IDS[0],
        "stage": "signed",
        "date": "2026-11-28",
    } | more


@pytest.mark.parametrize(
    ("date", "right"),
    [
        ("2026-11-28", True),
        ("2026-11-29", True),
        ("2026-11-28T23:30Z", True),
        ("2026-11-30", False),
        ("2027-12-01", False),
        ("2026-11-29T20:00Z", False),
    ],
)
def test_a_deal_is_not_signed_after_tomorrow(date, right):
    if right:
        parse_record(EVENTS, event(date=date), DAY)
        return
    with pytest.raises(InputError) as caught:
        parse_record(EVENTS, event(date=date), DAY)
    assert caught.value.field == "date"


def test_an_import_goes_by_the_same_day(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.commit(tables())
    path = tmp_path / "a.csv"
    rows = [f"a,E000,{NEED_IDS[0]},signed,2026-11-29", f"b,E000,{NEED_IDS[0]},signed,2026-11-30"]
    path.write_text("event_id,enterprise_id,need_id,stage,date\n" + "\n".join(rows) + "\n", "utf-8")
    report = import_table(workspace, "events", path, today=DAY)
    assert (report.added, report.rejected) == (1, 1)


def test_an_event_of_tomorrow_counts_from_tomorrow_on(tmp_path, monkeypatch):
    workspace = Workspace(tmp_path)
    workspace.commit(tables())
    imported = workspace.as_of
    rows = workspace.read("events")
    late = rows.head(1).with_columns(
        event_id=pl.lit("late"), date=pl.lit(imported + datetime.timedelta(days=1))
    )
    workspace.commit({"events": pl.concat([rows, late]).sort("event_id")})
    assert workspace.as_of == imported
    for days, expected in ((1, 1), (30, 1)):
        day = imported + datetime.timedelta(days=days)
        monkeypatch.setattr(calendar, "today", lambda day=day: day)
        assert workspace.as_of == imported + datetime.timedelta(days=expected)


def test_days_of_imports_and_of_records_are_of_one_calendar(tmp_path, monkeypatch):
    late = datetime.datetime(2026, 11, 28, 23, 30, tzinfo=datetime.UTC)
    monkeypatch.setattr(calendar, "now", lambda: late.astimezone(calendar.zone_named("UTC")))
    workspace = Workspace(tmp_path)
    workspace.commit(tables())
    assert workspace.pool_date == "2026-11-29"
    monkeypatch.setattr(calendar, "today", lambda: datetime.date(2026, 11, 29))
    assert workspace.as_of == datetime.date(2026, 11, 29)
