"""Projects over HTTP: rights by zone, 409 with both states, done once, seen by lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from features import calendar
from features.imports.importing import import_table
from features.tables.project_list import YEARS_AHEAD
from features.workspace import Workspace
from service.database.connection import Database
from service.database.key_store import KeyStore
from tests.service.projects.conftest import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

URL = "/v1/projects"
LEAD = {"enterprise_id": "e1", "need_id": "za/光电LED", "list_id": "list-1", "source": "list"}


@pytest.fixture
def client(start: Callable[..., AbstractContextManager[TestClient]]) -> Iterator[TestClient]:
    fill(Path("var"))
    with start() as client:
        yield client


def test_a_project_is_begun_moved_and_shown(client: TestClient) -> None:
    begun = client.post(URL, json=LEAD)
    assert begun.status_code == 201
    url = f"{URL}/{begun.json()['project_id']}"
    moved = client.post(f"{url}/moves", json={"stage": "洽谈", "version": 1, "note": "=1+1"})
    assert (moved.status_code, moved.json()["stage"]) == (201, "negotiation")
    assert client.get(url).json() == client.get(f"{url}/moves").json() == moved.json()
    changed = client.post(url, json={"unit": "甲局", "due": "2035-01-01", "version": 2})
    assert (changed.json()["unit"], changed.json()["version"]) == ("甲局", 3)
    assert client.post(url, json={"unit": None}).json()["unit"] is None
    listed = client.get(URL, params={"unit": "甲局"}).json()
    assert listed["total"] == 0
    board = client.get("/v1/board", params={"zone_id": "za"}).json()
    assert [p["list"][0]["list_id"] for p in board["pools"] if p["list"]] == ["list-1"]
    # Its moves are events, which can be taken back as such.
    events = client.get("/v1/events").json()["events"]
    assert {(e["stage"], e["need_id"]) for e in events} == {
        ("negotiation", "za/光电LED"),
        ("lead", "za/光电LED"),
    }
    move_id = moved.json()["moves"][-1]["move_id"]
    assert client.post(f"/v1/events/{move_id}/retract").status_code == 200
    assert client.get(url).json()["stage"] == "lead"
    assert client.post(f"{url}/moves/{move_id}/retract").status_code == 404


def test_what_is_planned_is_the_deadline_of_a_project_and_no_event(
    client: TestClient, tmp_path: Path
) -> None:
    planned = f"{calendar.today().year + 1}-12-01"
    named = "what is planned for later is the due (办理时限) of a project"
    zh = {"Accept-Language": "zh"}
    event = {"enterprise_id": "e1", "need_id": "za/光电LED", "stage": "签约", "date": planned}
    refused, in_chinese = (client.post("/v1/events", json=event, headers=h) for h in ({}, zh))
    assert refused.status_code == in_chinese.status_code == 422
    fault = refused.json()["errors"][0]
    assert (fault["field"], fault["got"]) == ("date", planned)
    assert fault["expected"].startswith("a date from 1949 to tomorrow, such as 2019-03-01")
    assert fault["expected"].endswith(named)
    assert "1949 年至明天的日期" in in_chinese.json()["detail"]
    assert "以后才办的事，记为项目的 due（办理时限）" in in_chinese.json()["detail"]
    path = tmp_path / "events.csv"
    path.write_text(f"event_id,{','.join(event)}\nv,{','.join(event.values())}\n", "utf-8")
    report = import_table(Workspace(Path("var")), "events", path)
    assert (report.added, report.rejected) == (0, 1)
    assert report.problems[0].expected == fault["expected"]
    url = f"{URL}/{client.post(URL, json=LEAD).json()['project_id']}"
    move = {"stage": "签约", "date": planned}
    refused, in_chinese = (client.post(f"{url}/moves", json=move, headers=h) for h in ({}, zh))
    assert refused.json()["errors"][0]["expected"].endswith(named)
    assert "以后才办的事，记为项目的 due（办理时限）" in in_chinese.json()["detail"]
    assert client.get("/v1/events").json()["total"] == 1  # the lead that the project began with
    assert client.post(url, json={"due": planned}).json()["due"] == planned
    ahead = calendar.today().year + YEARS_AHEAD
    assert client.post(url, json={"due": f"{ahead}-12-31"}).json()["due"] == f"{ahead}-12-31"
    late = client.post(url, json={"due": f"{ahead + 1}-01-01"}, headers=zh)
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "due")
    assert "至多 20 年以后的日期" in late.json()["detail"]


def test_a_conflict_shows_both_states(client: TestClient) -> None:
    url = f"{URL}/{client.post(URL, json=LEAD).json()['project_id']}"
    client.post(url, json={"unit": "甲局", "version": 1})
    refused = client.post(url, json={"unit": "乙局", "version": 1})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "version-conflict")
    assert problem["current"]["unit"] == "甲局"
    assert problem["wanted"] == {"unit": "乙局", "version": 1}


def test_a_key_does_a_thing_once(client: TestClient) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = (client.post(URL, json=LEAD, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    other = client.post(URL, json={**LEAD, "unit": "x"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert client.post(URL, json=LEAD, headers={"Idempotency-Key": " "}).status_code == 422
    assert client.post(URL, json=LEAD).status_code == 409
    assert client.get(URL).json()["total"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"enterprise_id": "nobody"}, "unknown-reference"),
        ({"stage": "signed", "date": "2999-01-01"}, "bad-input"),
        ({"stage": "lost"}, "bad-input"),
        ({"due": "2000-01-01"}, "bad-input"),
        ({"amount": 100000}, "unusual-amount"),
        ({"colour": "red"}, "bad-input"),
        ({"enterprise_id": None, "project": None}, "bad-input"),
    ],
)
def test_wrong_projects_are_refused(client: TestClient, body: dict[str, Any], code: str) -> None:
    answer = client.post(URL, json={**LEAD, **body})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get(URL).json()["total"] == 0


def test_roles_and_zones_are_kept_apart(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    fill(Path("var"))
    keys = KeyStore(Database(Path("var")))
    tokens = {
        name: {"X-API-Key": keys.add(role, zones)[1]}
        for name, role, zones in (
            ("own", "official", ["za"]),
            ("other", "official", ["zb"]),
            ("city", "analyst", []),
            ("front", "front-end", []),
        )
    }
    with start() as client:
        url = f"{URL}/{client.post(URL, json=LEAD, headers=tokens['own']).json()['project_id']}"
        status = {name: client.get(url, headers=key).status_code for name, key in tokens.items()}
        assert status == {"own": 200, "other": 404, "city": 200, "front": 403}
        assert client.get(f"{URL}/0000", headers=tokens["other"]).status_code == 404
        totals = {
            name: client.get(URL, headers=tokens[name]).json()["total"]
            for name in ("own", "other", "city")
        }
        assert totals == {"own": 1, "other": 0, "city": 1}
        body = {"stage": "signed"}
        assert client.post(f"{url}/moves", json=body, headers=tokens["other"]).status_code == 404
        assert client.post(URL, json=LEAD, headers=tokens["other"]).status_code == 403
        audit = client.get("/v1/audit").status_code
        assert audit == 401
    entries = keys.database.read(
        lambda connection: connection.exec_driver_sql("SELECT route, status FROM audit").all(), []
    )
    assert ("/v1/projects", 200) in [tuple(row) for row in entries]


def test_notes_are_in_no_log(client: TestClient, capfd: pytest.CaptureFixture[str]) -> None:
    client.post(URL, json={**LEAD, "note": "秘密的说明"})
    assert "秘密" not in client.get("/v1/audit").text
    captured = capfd.readouterr()
    assert "秘密" not in captured.out + captured.err


def test_figures_are_shown(client: TestClient) -> None:
    client.post(URL, json={**LEAD, "stage": "signed", "amount": "5000万"})
    found = client.get("/v1/figures", params={"by": "unit"}).json()
    assert found.get("signed") == {"projects": 1, "amount": 0.5, "amount_unknown": 0}, found
    assert found["start_rate"] == 0
    assert [(group["key"], group["name"]) for group in found["groups"]] == [(None, "（不详）")]
    for query in ({"by": "x"}, {"since": "2026"}, {"until": "2999-01-01"}):
        assert client.get("/v1/figures", params=query).status_code == 422


def test_talks_are_shown_and_given(client: TestClient) -> None:
    client.post(URL, json={**LEAD, "stage": "contacted"})
    url = "/v1/talks/e1"
    assert client.get(url, params={"city": "长治"}).json()["zone_id"] == "za"
    given = client.post(url, json={"city": "长治", "zone_id": "zb"})
    assert given.json()["zone_id"] == "zb"
    assert client.post(url, json={"city": "长治", "zone_id": "x"}).status_code == 422
    assert (
        client.post("/v1/talks/nobody", json={"city": "长治", "zone_id": "zb"}).status_code == 404
    )


def test_the_ledger_of_a_project(client: TestClient) -> None:
    url = f"{URL}/{client.post(URL, json=LEAD).json()['project_id']}"
    added = client.post(f"{url}/tasks", json={"title": "供地", "kind": "land", "due": "2020-01-31"})
    assert added.status_code == 201
    assert client.get(f"{url}/tasks").json() == {"tasks": [added.json()]}
    late = client.get("/v1/agenda").json()["late"]
    assert [item["what"] for item in late] == ["供地"]
    calendar = client.get("/v1/agenda/calendar", params={"zone_id": "za"})
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in calendar.text
    done = client.post(f"{url}/tasks/{added.json()['task_id']}", json={"state": "done"})
    assert done.json()["state_name"] == "已办结"
    meeting = {
        "date": "2026-01-31",
        "title": "会诊",
        "decisions": [{"project_id": url.rpartition("/")[2], "task": {"title": "x"}}],
    }
    held = client.post("/v1/meetings", json=meeting)
    assert held.status_code == 201
    assert client.get("/v1/meetings").json()["meetings"] == [held.json()]
    assert len(client.get(f"{url}/tasks").json()["tasks"]) == 2


def test_gates_and_offers(client: TestClient) -> None:
    gates = client.get("/v1/gates", params={"enterprise_id": "e3", "zone_id": "za"}).json()["gates"]
    assert {gate["gate"]: gate["state"] for gate in gates}["energy"] == "fail"
    url = f"{URL}/{client.post(URL, json={**LEAD, 'amount': 20}).json()['project_id']}"
    assert client.get(f"{url}/gates").json()["gates"][-1]["state"] == "fail"
    offer = client.post("/v1/offers/check", json={"text": "税收返还"}).json()
    assert (offer["clear"], offer["findings"][0]["word"]) == (False, "税收返还")
    assert client.get("/v1/gates").status_code == 422


def test_errors_of_a_project_are_in_chinese(client: TestClient) -> None:
    zh = {"Accept-Language": "zh"}
    own = client.post(URL, json=LEAD).json()["project_id"]
    ended = client.post(URL, json={"project": "x", "zone_id": "za", "stage": "签约"}).json()
    url = f"{URL}/{ended['project_id']}"
    client.post(f"{url}/moves", json={"stage": "lost", "reason": "cost"})
    for call, path, body in (
        ("GET", f"{URL}/nothing", None),
        ("POST", URL, LEAD),
        ("POST", URL, {"zone_id": "za"}),
        ("POST", URL, {**LEAD, "enterprise_id": "e3", "zone_id": "zb"}),
        ("POST", f"{url}/moves", {"stage": "signed"}),
        ("POST", f"{URL}/{own}/moves", {"stage": "lost"}),
        ("POST", f"{URL}/{own}/moves/nothing/retract", {}),
        ("POST", f"{URL}/{own}/tasks/nothing", {"state": "done"}),
        ("POST", "/v1/talks/e1", {"city": "长治", "zone_id": "zc"}),
        ("GET", f"{URL}?gate=virtue", None),
        ("GET", "/v1/figures?until=2099-01-01", None),
    ):
        problem = client.request(call, path, json=body, headers=zh).json()
        words = problem["errors"][0]["expected"]
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words), (path, words)
        assert not any(word in words.split() for word in ("a", "the", "an", "of")), (path, words)
