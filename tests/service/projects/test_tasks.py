"""Tasks, meetings, due and late work by an injected clock, calendar and webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from features.errors import InputError, NotFoundError
from service.access.keys import NOBODY, Caller
from service.projects import notices
from service.projects.agenda import agenda
from service.projects.icalendar import calendar
from service.projects.notices import Webhook, deliver, remind
from service.projects.requests import Asked, VersionConflictError
from service.projects.tasks import add_task, change_task, hold_meeting, meetings, tasks_of
from tests.service.projects.conftest import TODAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.projects.projects import Projects

A = Caller("a", "official", frozenset({"za"}))
B = Caller("b", "official", frozenset({"zb"}))
SECRET = "0123456789abcdef"


@pytest.fixture
def id_(projects: Projects) -> str:
    made = projects.begin({"project": "甲项目", "zone_id": "za", "unit": "甲局"})
    return str(made["project_id"])


def due(after: int) -> date:
    return TODAY + timedelta(days=after)


def test_a_task_is_late_by_the_clock_and_not_by_what_is_stored(
    projects: Projects, id_: str
) -> None:
    task = add_task(projects, id_, {"title": "供地", "kind": "土地供应", "due": due(1)})
    assert (task["kind"], task["late"], task["state"]) == ("land", False, "open")
    projects.clock = lambda: due(2)
    assert tasks_of(projects, id_, A)[0]["late"]
    assert [item["what"] for item in agenda(projects, A)["late"]] == ["供地"]
    done = change_task(projects, id_, task["task_id"], {"state": "办结", "version": 1})
    assert (done["late"], done["closed_on"], done["version"]) == (False, "2026-07-02", 2)
    assert agenda(projects, A)["late"] == []
    with pytest.raises(VersionConflictError):
        change_task(projects, id_, task["task_id"], {"state": "open", "version": 1})


def test_the_agenda_says_what_is_due_what_is_late_and_whose(projects: Projects, id_: str) -> None:
    projects.change(id_, {"due": str(due(3))})
    add_task(projects, id_, {"title": "环评", "unit": "乙局", "due": due(7)})
    add_task(projects, id_, {"title": "远", "due": due(8)})
    add_task(projects, id_, {"title": "无期限"})
    other = projects.begin({"project": "乙项目", "zone_id": "zb"})["project_id"]
    add_task(projects, other, {"title": "水电", "due": due(-2)})
    lost = projects.begin({"project": "丙项目", "zone_id": "zb", "due": str(due(0))})["project_id"]
    projects.move(lost, {"stage": "lost", "reason": "other"})
    found = agenda(projects, NOBODY)
    assert [(item["what"], item["days_late"]) for item in found["late"]] == [("水电", 2)]
    assert [(item["what"], item["unit"]) for item in found["due"]] == [
        ("线索阶段办理时限", "甲局"),
        ("环评", "乙局"),
    ]
    assert {unit["unit"]: (unit["late"], unit["due"]) for unit in found["units"]} == {
        None: (1, 0),
        "甲局": (0, 1),
        "乙局": (0, 1),
    }
    assert agenda(projects, A)["late"] == []
    assert [item["what"] for item in agenda(projects, NOBODY, unit="乙局")["due"]] == ["环评"]
    assert len(agenda(projects, NOBODY, zone_id="za", days=8)["due"]) == 3
    with pytest.raises(InputError, match="days"):
        agenda(projects, NOBODY, days=1000)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x", "kind": "mood"}, "kind"),
        ({"title": "x", "start": due(2), "due": due(1)}, "due"),
    ],
)
def test_wrong_tasks_are_refused(
    projects: Projects, id_: str, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError) as refused:
        add_task(projects, id_, body)
    assert refused.value.field == field
    assert tasks_of(projects, id_, A) == []


def test_tasks_of_another_zone_are_not_to_be_guessed(projects: Projects, id_: str) -> None:
    task = add_task(projects, id_, {"title": "x"}, Asked(A, "once"))
    assert add_task(projects, id_, {"title": "x"}, Asked(A, "once")) == task
    with pytest.raises(NotFoundError):
        add_task(projects, id_, {"title": "x"}, Asked(B))
    with pytest.raises(NotFoundError):
        tasks_of(projects, id_, B)
    with pytest.raises(NotFoundError):
        change_task(projects, id_, task["task_id"], {"title": "y"}, Asked(B))
    with pytest.raises(NotFoundError, match="no task"):
        change_task(projects, id_, "nothing", {"title": "y"}, Asked(A))


def test_a_meeting_decides_on_several_projects(projects: Projects, id_: str) -> None:
    other = projects.begin({"project": "乙项目", "zone_id": "zb"})["project_id"]
    body = {
        "date": TODAY,
        "title": "第一次会诊",
        "decisions": [
            {"project_id": id_, "decision": "限期供地", "task": {"title": "供地", "due": due(5)}},
            {"project_id": other, "decision": "继续洽谈"},
        ],
    }
    held = hold_meeting(projects, body)
    assert len(held["decisions"]) == 2
    assert tasks_of(projects, id_, A)[0]["meeting_id"] == held["meeting_id"]
    seen = meetings(projects, A)
    assert [said["decision"] for said in seen["meetings"][0]["decisions"]] == ["限期供地"]
    assert meetings(projects, B)["total"] == 1
    with pytest.raises(NotFoundError):
        hold_meeting(projects, body, Asked(A))
    assert meetings(projects, NOBODY)["total"] == 1
    body["decisions"] = [{"project_id": id_}, {"project_id": id_}]
    with pytest.raises(InputError, match="two decisions"):
        hold_meeting(projects, body)


def test_deadlines_make_a_calendar(projects: Projects, id_: str) -> None:
    long = "办理建设工程规划许可证、施工许可证；并协调电力接入,供水\\排水\n" * 2
    add_task(projects, id_, {"title": long, "due": due(2)})
    text = calendar(agenda(projects, NOBODY), datetime(2026, 6, 30, 8, 0, 0))
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "")
    assert "DTSTART;VALUE=DATE:20260702" in unfolded
    assert "DTEND;VALUE=DATE:20260703" in unfolded
    assert "电力接入\\,供水\\\\排水 办理" in unfolded  # a title is one line
    assert unfolded.count("BEGIN:VEVENT") == 1
    assert "DTSTAMP:20260630T080000Z" in unfolded


class Sink(BaseHTTPRequestHandler):
    """Receives posted requests; the first ones are refused."""

    refuse = 0
    taken: list[tuple[Mapping[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).refuse > 0:
            type(self).refuse -= 1
            self.send_error(500)
            return
        self.taken.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_reminder_is_signed_sent_once_and_tried_again(projects: Projects, id_: str) -> None:
    add_task(projects, id_, {"title": "供地", "due": due(1)})
    Sink.refuse, Sink.taken = 1, []
    server = HTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        webhook = Webhook(f"http://127.0.0.1:{server.server_port}/x", SECRET)
        assert remind(projects) == 1
        assert remind(projects) == 0
        now = datetime(2100, 1, 1)
        assert deliver(projects.database, webhook, now=lambda: now) == 0
        assert deliver(projects.database, webhook, now=lambda: now) == 0
        later = now + timedelta(minutes=1)
        assert deliver(projects.database, webhook, now=lambda: later) == 1
        assert deliver(projects.database, webhook, now=lambda: later + timedelta(days=1)) == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    ((headers, body),) = Sink.taken
    stamp = headers["X-Lianzhao-Timestamp"].encode()
    code = hmac.new(SECRET.encode(), stamp + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Lianzhao-Signature"] == f"sha256={code}"
    assert json.loads(body)["what"] == "供地"
    projects.clock = lambda: due(2)
    assert remind(projects) == 1  # now it is late


def test_a_webhook_that_hangs_is_left_alone(
    projects: Projects, id_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_task(projects, id_, {"title": "供地", "due": due(1)})
    remind(projects)
    monkeypatch.setattr(notices, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        webhook = Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/", SECRET)
        begin = time.monotonic()
        assert deliver(projects.database, webhook) == 0
        assert time.monotonic() - begin < 60
    assert deliver(projects.database, webhook, stopping=lambda: True) == 0


def test_a_reminder_that_never_arrives_is_given_up(projects: Projects, id_: str) -> None:
    add_task(projects, id_, {"title": "供地", "due": due(1)})
    remind(projects)
    tries = 0

    def post(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError

    now = datetime(2100, 1, 1)
    for _ in range(50):
        now += timedelta(hours=3)
        moment = now
        deliver(projects.database, Webhook("x", SECRET), post, lambda moment=moment: moment)
    assert tries == notices._ATTEMPTS


HOSTILE = "供地\x1b[31m\x07\r\nEND:VEVENT\u2028x\u202egnp\x00尾"
PLAIN = "供地[31m END:VEVENT xgnp尾"


def test_control_characters_do_not_come_in(projects: Projects, id_: str) -> None:
    body = {"title": HOSTILE, "unit": HOSTILE, "due": TODAY}
    task = add_task(projects, id_, body)
    assert (task["title"], task["unit"]) == (PLAIN, PLAIN)
    changed = change_task(projects, id_, task["task_id"], {"title": HOSTILE, "unit": HOSTILE})
    assert (changed["title"], changed["unit"]) == (PLAIN, PLAIN)
    decision = {"project_id": id_, "decision": HOSTILE}
    meeting = hold_meeting(
        projects, {"date": TODAY, "title": HOSTILE, "unit": HOSTILE, "decisions": [decision]}
    )
    assert (meeting["title"], meeting["unit"]) == (PLAIN, PLAIN)
    assert meeting["decisions"][0]["decision"] == PLAIN
    named = projects.begin({"project": HOSTILE, "zone_id": "za", "note": HOSTILE})
    assert (named["project"], named["note"]) == (PLAIN, PLAIN)
    with pytest.raises(InputError):
        add_task(projects, id_, {"title": "\x00\u202e \x07"})


def test_a_calendar_has_no_line_that_was_not_meant(projects: Projects) -> None:
    item = {
        "task_id": "t",
        "project_id": "p",
        "kind": "land",
        "due": "2026-07-01",
        "enterprise": HOSTILE,
        "project": None,
        "zone": None,
        "unit": None,
        "what": HOSTILE,
    }
    text = calendar({"late": [], "due": [item]}, datetime(2026, 6, 30))
    assert text.count("\r\nEND:VEVENT\r\n") == 1
    assert "\\nEND:VEVENT" in text
    assert all(line.isprintable() for line in text.split("\r\n"))
