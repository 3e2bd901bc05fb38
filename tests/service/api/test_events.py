from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from features.enterprises import joining
from features.errors import NotFoundError
from features.imports.importing import import_table
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.api.app import create_app
from service.database.connection import Database, utc_now
from service.database.event_log import IDEMPOTENT_DAYS, EventLog
from service.database.key_store import KeyStore
from service.database.schema import ANSWERS
from service.settings import Settings
from tests.pool import NEED_IDS, HashedEncoder, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Start = Callable[..., AbstractContextManager[TestClient]]

URL = "/v1/events"
BODY = {"enterprise_id": "e1", "stage": "签约", "date": "2026年3月1日", "need_id": "z/光电LED"}


def workspace_at(home: Path) -> Workspace:
    return Workspace(home, EventLog(Database(home)))


def test_an_event_is_recorded_as_an_import_would_read_it(client: TestClient) -> None:
    answer = client.post(URL, json={**BODY, "amount": "5000万", "note": "=HYPERLINK(1)"})
    assert answer.status_code == 201
    event = answer.json()
    assert event == {
        "event_id": event["event_id"],
        "enterprise_id": "e1",
        "stage": "signed",
        "date": "2026-03-01",
        "need_id": "z/光电LED",
        "zone_id": None,
        "amount": 0.5,
        "note": "=HYPERLINK(1)",
        "source": None,
        "list_id": None,
        "rank": None,
        "model_version": None,
        "retracted": False,
        "retracted_at": None,
    }
    assert client.get(URL).json() == {"total": 1, "limit": 20, "offset": 0, "events": [event]}
    stored = workspace_at(Path("var")).read("events")
    assert stored["event_id"].to_list() == [event["event_id"]]


def test_an_idempotency_key_does_a_thing_once(client: TestClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    first, again = (client.post(URL, json=BODY, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    other = client.post(URL, json={**BODY, "stage": "lost"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert client.get(URL).json()["total"] == 1


def test_an_idempotency_key_is_forgotten_after_its_time_and_the_event_is_not(start: Start) -> None:
    database = Database(Path("var"))

    def age(**since: int) -> None:
        old = sa.update(ANSWERS).values(answered_at=utc_now() - timedelta(**since))
        database.write(lambda connection: connection.execute(old))

    def again() -> int:
        with start() as client:
            body = {**BODY, "stage": "lost"}
            return client.post(URL, json=body, headers={"Idempotency-Key": "k"}).status_code

    with start() as client:
        client.post(URL, json=BODY, headers={"Idempotency-Key": "k"})
    age(days=IDEMPOTENT_DAYS - 1)
    assert again() == 422
    age(days=IDEMPOTENT_DAYS, seconds=1)
    assert again() == 201
    assert EventLog(database).recorded().height == 2
    database.close()


def test_a_given_event_id_is_recorded_once_too(client: TestClient) -> None:
    body = {**BODY, "event_id": "mine"}
    assert [client.post(URL, json=body).status_code for _ in range(2)] == [201, 200]
    other = client.post(URL, json={**body, "stage": "lost"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert other.json()["errors"][0]["field"] == "event_id"
    assert client.get(URL).json()["total"] == 1


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"enterprise_id": "nobody"}, "enterprise_id", "unknown-reference"),
        ({"need_id": "nowhere"}, "need_id", "unknown-reference"),
        ({"need_id": None, "zone_id": "nowhere"}, "zone_id", "unknown-reference"),
        ({"need_id": None}, "need_id", "bad-input"),
        ({"zone_id": "other"}, "zone_id", "bad-input"),
        ({"stage": "maybe"}, "stage", "bad-input"),
        ({"date": "2026-13-01"}, "date", "bad-input"),
        ({"amount": "-1"}, "amount", "bad-input"),
        ({"amount": "much"}, "amount", "bad-input"),
        ({"colour": "red"}, "colour", "bad-input"),
        ({"enterprise_id": "\x00"}, "enterprise_id", "bad-input"),
    ],
)
def test_wrong_events_are_refused_by_field(
    client: TestClient, change: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(URL, json={**BODY, **change})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["expected"]
    assert client.get(URL).json()["total"] == 0


def test_events_of_an_enterprise_are_those_of_who_was_joined_into_it_too(
    client: TestClient,
) -> None:
    stored = {"enterprise_id": ["e1", "e2"], "name": ["甲", "乙"]}
    rows = frame("enterprises", pl.DataFrame(stored).to_dicts())
    workspace = workspace_at(Path("var"))
    workspace.commit({"enterprises": rows})
    for id_ in ("e1", "e2"):
        assert client.post(URL, json={**BODY, "enterprise_id": id_}).status_code == 201
    asked = {"enterprise_id": "e1"}
    assert client.get(URL, params=asked).json()["total"] == 1
    joining.join(workspace, "e1", "e2")
    assert client.get(URL, params=asked).json()["total"] == 2


def test_events_are_filtered_and_paged(client: TestClient) -> None:
    for number in range(1, 6):
        body = {
            **BODY,
            "event_id": f"v{number}",
            "date": f"2026-01-0{number}",
            "enterprise_id": f"e{number % 2}",
            "stage": "lead" if number < 3 else "signed",
        }
        assert client.post(URL, json=body).status_code == 201

    def ids(**query: object) -> list[str]:
        return [e["event_id"] for e in client.get(URL, params=query).json()["events"]]

    assert ids() == ["v5", "v4", "v3", "v2", "v1"]
    assert ids(limit=2, offset=1) == ["v4", "v3"]
    assert ids(stage="lead") == ["v2", "v1"]
    assert ids(enterprise_id="e0") == ["v4", "v2"]
    assert ids(since="2026-01-04") == ["v5", "v4"]
    assert ids(need_id="z/光电LED", stage="signed") == ["v5", "v4", "v3"]
    assert ids(need_id="' OR 1=1 --") == []


def test_a_retracted_event_stays_in_the_history_and_counts_no_more(client: TestClient) -> None:
    client.post(URL, json={**BODY, "event_id": "a/b"})
    first, again = (client.post(f"{URL}/a/b/retract") for _ in range(2))
    assert first.json() == again.json()
    assert first.json()["retracted"] is True
    listed = client.get(URL).json()["events"]
    assert [(e["event_id"], e["retracted"]) for e in listed] == [("a/b", True)]
    assert client.get(f"{URL}?retracted=false").json()["total"] == 0
    assert workspace_at(Path("var")).read("events").is_empty()
    assert client.post(URL, json={**BODY, "event_id": "a/b"}).status_code == 200
    entries = client.get("/v1/audit").json()["entries"]
    assert [(e["route"], e["target"]) for e in entries] == [
        ("/v1/events/{event_id}/retract", "a/b"),
        ("/v1/events", "z/光电LED"),
    ]


@pytest.fixture
def served(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Start the app on a trained workspace with its real engine."""
    monkeypatch.setattr("features.encoder.encoder_named", lambda _: HashedEncoder())
    registry = ModelRegistry(workspace_at(home))
    app = create_app(Settings.load(home=home), registry=registry)  # type: ignore[arg-type]
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def _stage(client: TestClient, need_id: str, enterprise_id: str) -> str | None:
    page = client.get("/v1/recommendations", params={"need_id": need_id, "limit": 200}).json()
    lead = next(x for x in page["leads"] if x["enterprise"]["enterprise_id"] == enterprise_id)
    return lead["stage"] and lead["stage"]["stage"]


def test_answers_change_at_once_and_training_reads_it(served: TestClient, home: Path) -> None:
    need_id = NEED_IDS[0]
    page = served.get("/v1/recommendations", params={"need_id": need_id}).json()
    enterprise_id = page["leads"][0]["enterprise"]["enterprise_id"]
    body = {"enterprise_id": enterprise_id, "stage": "lost", "date": "2026-06-01"}
    event = served.post(URL, json={**body, "need_id": need_id}).json()
    assert _stage(served, need_id, enterprise_id) == "lost"
    read = workspace_at(home).read("events").filter(pl.col("event_id") == event["event_id"])
    assert read["stage"].to_list() == ["lost"]
    after = served.get("/v1/recommendations", params={"need_id": need_id}).json()
    assert after["pool_version"] != page["pool_version"]
    served.post(f"{URL}/{event['event_id']}/retract")
    assert _stage(served, need_id, enterprise_id) != "lost"


def test_imported_and_recorded_events_are_one_history(served: TestClient, home: Path) -> None:
    workspace = workspace_at(home)
    before = workspace.read("events").height
    enterprise_id = workspace.read("enterprises")["enterprise_id"][0]
    body = {
        "event_id": "shared",
        "enterprise_id": enterprise_id,
        "stage": "lead",
        "date": "2026-05-01",
        "need_id": NEED_IDS[0],
    }
    assert served.post(URL, json=body).status_code == 201
    file = home / "events.csv"
    header = "event_id,enterprise_id,stage,date,need_id\n"
    file.write_text(f"{header}shared,{enterprise_id},signed,2026-05-02,{NEED_IDS[0]}\n")
    report = import_table(workspace, "events", file)
    assert (report.added, report.replaced) == (0, 1)
    assert import_table(workspace, "events", file).unchanged == 1
    rows = workspace.read("events").filter(pl.col("event_id") == "shared")
    assert rows["stage"].to_list() == ["signed"]
    assert served.post(f"{URL}/shared/retract").json()["stage"] == "signed"
    assert workspace.read("events").height == before
    again = import_table(workspace, "events", file)
    assert again.warnings == ["event_id: 1 of the rows were retracted and stay retracted"]
    assert workspace.read("events").height == before
    assert workspace.remove("event", "shared") == {"events": 2}
    assert served.get(f"{URL}?limit=200").json()["total"] == before


def test_a_retraction_reaches_no_event_of_another_zone(served: TestClient, home: Path) -> None:
    """An official of z0 retracts an event of their own, whose id an import brings for z1 later."""
    workspace = workspace_at(home)
    token = KeyStore(Database(home)).add("official", ["z0"])[1]
    served.portal.call(served.app.state.parts.ledger._look)  # type: ignore[union-attr,attr-defined]
    own = {"X-API-Key": token}
    enterprise_id = workspace.read("enterprises")["enterprise_id"][0]
    body = {"event_id": "V-1", "enterprise_id": enterprise_id, "need_id": NEED_IDS[0]}
    body |= {"stage": "lead", "date": "2026-05-01"}
    assert served.post(URL, json=body, headers=own).status_code == 201
    assert served.post(f"{URL}/V-1/retract", headers=own).json()["retracted"] is True
    file = home / "events.csv"
    header = "event_id,enterprise_id,stage,date,need_id\n"
    file.write_text(f"{header}V-1,{enterprise_id},signed,2026-06-01,{NEED_IDS[1]}\n")
    assert import_table(workspace, "events", file).warnings == []
    counted = workspace.read("events").filter(pl.col("event_id") == "V-1")
    assert counted.select("need_id", "stage").rows() == [(NEED_IDS[1], "signed")]
    assert served.post(f"{URL}/V-1/retract", headers=own).status_code == 404
    # Taken back for its own zone it is, and each retraction stays.
    admin = {"X-API-Key": KeyStore(Database(home)).add("administrator")[1]}
    served.portal.call(served.app.state.parts.ledger._look)  # type: ignore[union-attr,attr-defined]
    assert served.post(f"{URL}/V-1/retract", headers=admin).json()["retracted"] is True
    assert "V-1" not in workspace.read("events")["event_id"]


@pytest.mark.parametrize("kind", ["enterprise", "need"])
def test_a_removal_killed_halfway_misleads_nobody_and_is_ended_by_the_same_again(
    served: TestClient, home: Path, kind: Literal["enterprise", "need"]
) -> None:
    ask = {"need_id": NEED_IDS[1], "limit": 200}
    leads = served.get("/v1/recommendations", params=ask).json()["leads"]
    body = {"enterprise_id": leads[0]["enterprise"]["enterprise_id"], "need_id": NEED_IDS[0]}
    served.post(URL, json={**body, "event_id": "x", "stage": "lost", "date": "2026-06-01"})
    id_ = body[f"{kind}_id"]
    # The tables are written before the database: without it, this is as far as it came.
    assert Workspace(home).remove(kind, id_)[f"{kind}s"] == 1
    leads = served.get("/v1/recommendations", params=ask).json()["leads"]
    assert leads
    assert id_ not in {lead["enterprise"]["enterprise_id"] for lead in leads}
    workspace = workspace_at(home)
    assert "x" in workspace.read("events")["event_id"]
    assert workspace.remove(kind, id_) == {"events": 1}
    assert "x" not in workspace.read("events")["event_id"]
    with pytest.raises(NotFoundError, match=f"no {kind} has the id"):
        workspace.remove(kind, id_)


def test_an_official_sees_no_event_of_another_zone(served: TestClient, home: Path) -> None:
    """Zones z0 and z1; the needs' ids start with the zone's."""
    keys = KeyStore(Database(home))
    tokens = {
        role: keys.add(role, zones)[1]
        for role, zones in (
            ("official", ["z0"]),
            ("analyst", []),
        )
    }
    served.portal.call(served.app.state.parts.ledger._look)  # type: ignore[union-attr,attr-defined]
    own, other = ({"X-API-Key": tokens[role]} for role in ("official", "analyst"))
    enterprise_id = workspace_at(home).read("enterprises")["enterprise_id"][0]
    for need_id in NEED_IDS[:2]:
        body = {"enterprise_id": enterprise_id, "stage": "lead", "date": "2026-05-01"}
        body |= {"need_id": need_id, "event_id": f"of {need_id}"}
        assert served.post(URL, json=body, headers=other).status_code == 201

    def get(path: str, headers: dict[str, str], **query: Any) -> Any:
        return served.get(path, params=query, headers=headers)

    seen = get(URL, own, limit=200).json()["events"]
    assert {e["need_id"].partition("/")[0] for e in seen} == {"z0"}
    assert get(URL, own, need_id=NEED_IDS[1]).json()["total"] == 0
    assert get(URL, own, zone_id="z1").json()["code"] == "foreign-zone"
    refused = served.post(
        URL,
        json={**BODY, "enterprise_id": enterprise_id, "need_id": NEED_IDS[1]},
        headers=own,
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign-zone")
    assert served.post(f"{URL}/of {NEED_IDS[1]}/retract", headers=own).status_code == 404
    for headers, status in ((other, 200), (own, 403), (other, 200), (own, 403)):
        # Twice, so that the cache and the short way are asked as well.
        answer = get("/v1/recommendations", headers, need_id=NEED_IDS[1])
        assert answer.status_code == status
    assert get("/v1/recommendations", own, need_id=NEED_IDS[0]).status_code == 200
    given = {"need": {"industry": "LED", "zone_id": "z1"}}
    assert served.post("/v1/recommendations", json=given, headers=own).status_code == 403
    suited = get(f"/v1/enterprises/{enterprise_id}/needs", own, limit=200).json()["needs"]
    assert {n["need"]["zone"]["zone_id"] for n in suited} == {"z0"}


def test_an_event_names_the_list_that_it_came_of(client: TestClient) -> None:
    page = client.get("/v1/recommendations", params={"need_id": BODY["need_id"]}).json()
    third = page["leads"][2]
    body = {
        **BODY,
        "enterprise_id": third["enterprise"]["enterprise_id"],
        "event_id": "v1",
        "list_id": page["list_id"],
        "rank": third["rank"],
    }
    of_list = {"list_id": page["list_id"], "rank": 3, "model_version": page["model_version"]}
    answer = client.post(URL, json=body)
    assert answer.status_code == 201
    assert of_list.items() <= answer.json().items()
    assert client.get(URL).json()["events"] == [answer.json()]
    assert client.post(URL, json=body).status_code == 200
    # Another list is another event of this id.
    assert client.post(URL, json={**body, "rank": 4}).status_code == 409
    taken = client.post(f"{URL}/v1/retract").json()
    assert of_list.items() <= taken.items()
    assert of_list.items() <= client.get(URL).json()["events"][0].items()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"rank": 1}, "list_id"),
        ({"list_id": "m~p"}, "list_id"),
        ({"list_id": "m~~x"}, "list_id"),
        ({"list_id": "m~p~x", "rank": 0}, "rank"),
        ({"list_id": "m~p~x", "rank": True}, "rank"),
    ],
)
def test_a_list_that_is_none_is_refused(
    client: TestClient, more: dict[str, object], field: str
) -> None:
    answer = client.post(URL, json={**BODY, **more})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert client.get(URL).json()["total"] == 0
