"""Deadlines as a calendar file (iCalendar, RFC 5545)."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.serving.interfaces import Document

_OCTETS = 75
_BREAK = "\r\n"


def calendar(agenda: Document, stamp: datetime.datetime) -> str:
    """Return an agenda as a calendar: an all-day event with a reminder per deadline.

    Parameters
    ----------
    agenda
        The result of `service.projects.agenda.agenda`.
    stamp
        Time of creation, in UTC.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//lianzhao//projects//ZH"]
    for item in (*agenda["late"], *agenda["due"]):
        lines += _event(item, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}{_BREAK}" for line in lines for folded in _folded(line))


def _event(item: Document, stamp: datetime.datetime) -> list[str]:
    day = datetime.date.fromisoformat(item["due"])
    subject = item["enterprise"] or item["project"] or item["project_id"]
    facts = (item["project"], item["zone"], item["unit"])
    title, about = f"{subject}：{item['what']}", "；".join(fact for fact in facts if fact)
    return [
        "BEGIN:VEVENT",
        f"UID:{item['task_id'] or item['project_id']}-{item['kind']}@lianzhao",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + datetime.timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_text(title)}",
        f"DESCRIPTION:{_text(about)}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(item['what'])}",
        "TRIGGER:-P1D",
        "END:VALARM",
        "END:VEVENT",
    ]


def _text(value: str) -> str:
    """Escape special characters (section 3.3.11), and drop control characters."""
    for sign in ("\\", ";", ","):
        value = value.replace(sign, f"\\{sign}")
    return "".join(c for c in value if c == "\n" or c.isprintable()).replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Fold a line into parts of at most 75 octets, not within a character (section 3.1)."""
    start, size = "", 0
    part = ""
    for character in line:
        octets = len(character.encode())
        if size + octets > _OCTETS:
            yield start + part
            start, part, size = " ", "", 1
        part += character
        size += octets
    yield start + part
