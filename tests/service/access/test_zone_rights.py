"""No response of any route contains data of a zone that the key may not see."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from models.releases.registry import ModelRegistry
from service.access.zones import ZoneRights
from service.api.app import create_app
from service.database.connection import Database
from service.database.key_store import KeyStore
from service.serving.explanation import reasons
from service.serving.explanation.leads import LeadWriter
from service.settings import Settings
from tests.pool import NEED_IDS, HashedEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.workspace import Workspace

KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "official of z0": ("official", ("z0",)),
    "official of z1": ("official", ("z1",)),
    "official of both": ("official", ("z0", "z1")),
    "front-end of z0": ("front-end", ("z0",)),
    "front-end": ("front-end", ()),
    "analyst": ("analyst", ()),
    "administrator": ("administrator", ()),
}
OPEN = {"/docs", "/openapi.json", "/health/live", "/health/ready", "/metrics"}
"""Routes with the same response for all callers. Zones and needs are reference data for all
roles."""
COUNTED = {
    name: 10**18 + at for at, name in enumerate(("deals", "industry", "zone", "area", "last"))
}
"""Counts of deals, in numbers that stand nowhere else."""


class Service:
    """The API on a trained workspace with a key of every kind."""

    def __init__(self, client: TestClient, tokens: dict[str, str]) -> None:
        self.client = client
        self.tokens = tokens
        self.projects = ["none"]

    def ask(self, name: str, method: str, path: str, **more: Any) -> Any:
        return self.client.request(method, path, headers={"X-API-Key": self.tokens[name]}, **more)

    def rights(self, name: str) -> ZoneRights:
        return ZoneRights(frozenset(KEYS[name][1]) or None)

    def everything(self, name: str, enterprise_id: str) -> Iterator[tuple[str, str]]:
        """Yield every route that can be read, with its answer to a key."""
        filled = {
            "zone_id": "z1",
            "chain_id": "led",
            "enterprise_id": enterprise_id,
            "version": "none",
        }
        for path, operations in self.client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
            if "get" not in operations or path in OPEN:
                continue
            queries: list[dict[str, Any]] = [{"limit": 200}, {}]
            if path == "/v1/recommendations":
                queries = [{"need_id": need_id, "limit": 200} for need_id in NEED_IDS[:2]]
                queries += [
                    {**query, "offset": 0} for query in queries
                ]  # once more, from the cache
            if path == "/v1/events":
                queries += [{"zone_id": "z1"}, {"need_id": NEED_IDS[1]}, {"retracted": "true"}]
            if path == "/v1/agenda":
                queries += [{"days": 366}]
            if path in {"/v1/allocation", "/v1/talks/{enterprise_id}"}:
                queries = [{"city": "长治"}]
            ids = self.projects if "{project_id}" in path else [""]
            for query, project_id in itertools.product(queries, ids):
                url = path.format(**filled, project_id=project_id)
                answer = self.ask(name, "GET", url, params=query)
                yield f"{path} {query}", answer.text
        for zone_id in ("z0", "z1", None):
            body = {"need": {"industry": "LED", "zone_id": zone_id}, "limit": 200}
            answer = self.ask(name, "POST", "/v1/recommendations", json=body)
            yield f"given {zone_id}", answer.text


@pytest.fixture
def service(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    found, ranked = LeadWriter.evidence, reasons.ranked_factors

    def evidence(self: LeadWriter, *args: Any) -> Any:
        return (replace(one, deals=COUNTED) for one in found(self, *args))

    def factors(*args: Any) -> list[tuple[str, float]]:
        return [*ranked(*args), ("track_record", 1e-9), ("place_affinity", 1e-9)]

    monkeypatch.setattr(LeadWriter, "evidence", evidence)
    monkeypatch.setattr(reasons, "ranked_factors", factors)
    database = Database(workspace.home)
    store = KeyStore(database)
    tokens = {name: store.add(role, zones)[1] for name, (role, zones) in KEYS.items()}
    database.close()
    settings = Settings.load(home=workspace.home)
    monkeypatch.setattr("features.encoder.encoder_named", lambda _: HashedEncoder())
    app = create_app(settings, registry=ModelRegistry(workspace))  # type: ignore[arg-type]
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield Service(client, tokens)


def test_no_event_or_count_of_deals_reaches_who_may_not_see_it(
    service: Service, workspace: Workspace
) -> None:
    enterprise_id = workspace.read("enterprises")["enterprise_id"][0]
    noted: dict[str, str] = {}
    for number, (writer, need) in enumerate(itertools.product(KEYS, NEED_IDS[:2])):
        zone_id, mark = need.partition("/")[0], f"机密{number}之"
        body = {"event_id": f"{mark}号", "enterprise_id": enterprise_id, "need_id": need}
        body |= {"stage": "lead", "date": "2026-05-01", "note": f"{mark}言"}
        answer = service.ask(writer, "POST", "/v1/events", json=body)
        seen = service.rights(writer).sees(zone_id)
        assert answer.status_code == (201 if seen else 403), (writer, need)
        if seen:
            noted[mark] = zone_id
        project = {"project": f"{mark}项", "zone_id": zone_id, "unit": f"{mark}局"}
        project |= {"date": "2026-05-01", "due": "2026-05-02", "note": f"{mark}言"}
        begun = service.ask(writer, "POST", "/v1/projects", json=project)
        may = seen and KEYS[writer][0] != "front-end"
        assert begun.status_code == (201 if may else 403), (writer, need)
        if may:
            service.projects.append(begun.json()["project_id"])
    assert set(noted.values()) == {"z0", "z1"}
    for reader, (role, zones) in KEYS.items():
        rights, read = service.rights(reader), ""
        for route, text in service.everything(reader, enterprise_id):
            read += text
            for mark, zone_id in noted.items():
                assert rights.sees(zone_id) or mark not in text, (reader, route)
            if zones:
                for count in COUNTED.values():
                    assert str(count) not in text, (reader, route)
                assert '"deals"' not in text, (reader, route)
        if role != "front-end":  # who may not list events
            assert all(mark in read for mark, zone_id in noted.items() if rights.sees(zone_id))
        assert (str(10**18) in read) is (not zones), reader


def test_rankings_and_stages_are_of_zones_that_may_be_seen(
    service: Service, workspace: Workspace
) -> None:
    enterprise_id = workspace.read("enterprises")["enterprise_id"][0]
    for reader in KEYS:
        rights = service.rights(reader)
        for need in NEED_IDS[:2]:
            answer = service.ask(reader, "GET", "/v1/recommendations", params={"need_id": need})
            seen = rights.sees(need.partition("/")[0])
            assert answer.status_code == (200 if seen else 403), (reader, need)
        suited = service.ask(
            reader, "GET", f"/v1/enterprises/{enterprise_id}/needs", params={"limit": 200}
        ).json()
        zones = [(own["need"]["zone"] or {}).get("zone_id") for own in suited["needs"]]
        assert all(map(rights.sees, zones)), reader
        assert suited["total"] == len(zones)
