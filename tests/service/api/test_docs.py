"""Every error that the document names can really come, with the code that it names."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from starlette.testclient import TestClient

from features.errors import UnavailableError
from features.vocabulary import ENDINGS, FLAGS, REGIONS, ROLES, STAGES
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.retrieval.spans import ShardUnavailableError
from service.api import replies
from service.api.app import create_app
from service.api.guards import MAX_BODY, BodyLimit
from service.api.schemas import EventBody, RecommendationBody
from service.database.connection import FILE, Database
from service.database.key_store import KeyStore
from service.settings import Settings
from tests.pool import HashedEncoder
from tests.service.projects.conftest import fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tests.service.fakes import FakeSource

    Start = Callable[..., AbstractContextManager[TestClient]]

LEADS = "/v1/recommendations"
ZONE = "/v1/zones/{zone_id}"
JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"
EVENTS = "/v1/events"
EVENT = {"enterprise_id": "e1", "stage": "lead", "date": "2026-01-01", "need_id": "z/光电LED"}
PLAIN = (
    (400, "bad-json", "POST", LEADS, LEADS, {"content": b"{", "headers": JSON}),
    (400, "bad-body", "POST", LEADS, LEADS, {"content": b'"\xff"', "headers": JSON}),
    (403, "foreign-origin", "POST", LEADS, LEADS, {"headers": {"Origin": "https://evil.example"}}),
    (403, "forwarded", "GET", LEADS, LEADS, {"headers": {"Forwarded": "for=203.0.113.9"}}),
    (404, "not-found", "GET", ZONE, "/v1/zones/nowhere", {}),
    (413, "too-large", "POST", LEADS, LEADS, {"content": b" " * (MAX_BODY + 1), "headers": JSON}),
    (414, "too-long", "GET", LEADS, LEADS + "?need_id=" + "a" * 40_000, {}),
    (421, "wrong-host", "GET", LEADS, LEADS, {"headers": {"Host": "evil.example"}}),
    (422, "bad-input", "GET", LEADS, LEADS + "?limit=0", {}),
    (422, "unknown-reference", "POST", EVENTS, EVENTS, {"json": EVENT | {"need_id": "nothing"}}),
)


class Reached:
    """The codes that were reached, each where the document names it."""

    def __init__(self) -> None:
        self.codes: set[tuple[int, str]] = set()

    def ask(
        self,
        client: TestClient,
        status: int,
        code: str,
        method: str,
        path: str,
        url: str | None = None,
        **more: Any,
    ) -> None:
        answer = client.request(method, url or path, **more)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (status, code) in documented(client)[method, path]
        self.codes.add((status, code))


def documented(client: TestClient) -> dict[tuple[str, str], set[tuple[int, str]]]:
    """Return the errors of each call in the document, by their statuses and codes."""
    paths = client.app.openapi()["paths"]  # type: ignore[attr-defined]
    return {
        (method.upper(), path): {
            (int(status), code)
            for status, response in operation["responses"].items()
            if int(status) >= 400
            for code in response["content"][PROBLEM]["schema"]["properties"]["code"]["enum"]
        }
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def test_every_code_of_the_document_is_reached(
    start: Start,
    source: FakeSource,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    home: Path,
) -> None:
    reached = Reached()
    with start() as client:
        every = set().union(*documented(client).values())
        for status, code, method, path, url, more in PLAIN:
            reached.ask(client, status, code, method, path, url, **more)
        key = {"Idempotency-Key": "k"}
        assert client.post(EVENTS, json=EVENT, headers=key).status_code == 201
        other = {"headers": key, "json": EVENT | {"stage": "lost"}}
        reached.ask(client, 422, "idempotency-key-reused", "POST", EVENTS, **other)
        rollback = "/v1/models/rollback"
        assert client.post(rollback).status_code == 200
        reached.ask(client, 409, "conflict", "POST", rollback)
        with monkeypatch.context() as patch:
            patch.setattr(source.there, "zones", lambda: 1 / 0)
            reached.ask(client, 500, "internal-error", "GET", "/v1/zones")
        page = client.get(f"{LEADS}?need_id=z/光电LED").json()
        other = page["list_id"].replace("~p1~", "~gone~")
        more = f"{LEADS}?need_id=z/光电LED&offset=20&list_id={other}"
        reached.ask(client, 409, "list-gone", "GET", LEADS, more)
        with monkeypatch.context() as patch:
            patch.setattr("service.threads.MOST_WAITING", 0)
            reached.ask(client, 503, "busy", "GET", "/v1/chains")
        source.error = UnavailableError("not now")
        reached.ask(client, 503, "unavailable", "GET", "/v1/needs")
        source.error = ShardUnavailableError("shard 2 of 4 is away")
        reached.ask(client, 503, "shard-unavailable", "GET", "/v1/needs")
        source.error = None
    with start(rate_limit="1/day") as client:
        client.get("/v1/needs")
        reached.ask(client, 429, "too-many-requests", "GET", "/v1/needs")
    reach_slowness(reached, start, monkeypatch)
    reach_keys(reached, start, tmp_path / "keyed")
    reach_projects(reached, start, tmp_path / "projects")
    reach_database(reached, start, tmp_path / "full")
    reach_models(reached, home, tmp_path / "empty", monkeypatch)
    assert reached.codes == every


class Late:
    """ASGI: bodies arrive after a second."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = BodyLimit(app, seconds=0.05)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def late() -> Message:
            await asyncio.sleep(1)
            return await receive()

        await self.app(scope, late, send)


def reach_slowness(reached: Reached, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("service.api.app.BodyLimit", Late)
        with start() as client:
            reached.ask(client, 408, "too-slow", "POST", LEADS, json={})


def reach_keys(reached: Reached, start: Start, home: Path) -> None:
    database = Database(home)
    keys = KeyStore(database)
    _, official = keys.add("official", ["other"])
    revoked_id, revoked = keys.add("official")
    keys.revoke(revoked_id)
    _, expired = keys.add("official", days=-1)
    database.close()
    with start(home=home) as client:
        reached.ask(client, 401, "no-key", "GET", "/v1/zones")
        for token, status, code in (
            ("lz_0", 401, "unknown-key"),
            (revoked, 401, "revoked-key"),
            (expired, 401, "expired-key"),
            (official, 403, "forbidden"),
        ):
            headers = {"X-API-Key": token}
            reached.ask(client, status, code, "GET", "/v1/models", headers=headers)
        query = {"params": {"need_id": "z/光电LED"}, "headers": {"X-API-Key": official}}
        reached.ask(client, 403, "foreign-zone", "GET", LEADS, **query)


def reach_projects(reached: Reached, start: Start, home: Path) -> None:
    fill(home)
    url = "/v1/projects"
    with start(home=home) as client:
        begun = {"project": "x", "zone_id": "za"}
        reached.ask(client, 422, "unusual-amount", "POST", url, json=begun | {"amount": 10**5})
        own = f"{url}/{client.post(url, json=begun).json()['project_id']}"
        path = f"{url}/{{project_id}}/moves"
        body = {"stage": "declined", "reason": "other", "version": 2}
        reached.ask(client, 409, "version-conflict", "POST", path, f"{own}/moves", json=body)
        assert client.post(f"{own}/moves", json=body | {"version": 1}).status_code == 201
        reached.ask(client, 409, "project-closed", "POST", path, f"{own}/moves", json=body)
        talk = {"enterprise_id": "e1", "stage": "contacted"}
        assert client.post(url, json=talk | {"zone_id": "za"}).status_code == 201
    database = Database(home)
    _, other = KeyStore(database).add("official", ["zb"])
    database.close()
    with start(home=home) as client:
        key = {"X-API-Key": other}
        body = talk | {"zone_id": "zb"}
        reached.ask(client, 409, "held-elsewhere", "POST", url, json=body, headers=key)


def reach_database(reached: Reached, start: Start, home: Path) -> None:
    with start(home=home) as client:
        database = client.app.state.parts.ledger.database  # type: ignore[attr-defined]
        database.busy = 0.1
        assert client.post(EVENTS, json=EVENT).status_code == 201
        other = sqlite3.connect(home / FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        reached.ask(client, 503, "database-unavailable", "POST", EVENTS, json=EVENT)
        other.execute("ROLLBACK")
        other.close()

        @sa.event.listens_for(database._engine, "begin")
        def small(connection: sa.Connection) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count=1")  # no page more than there are

        long = EVENT | {"note": "x" * 1_000}
        for _ in range(20):  # until the pages that there are hold no more
            client.post(EVENTS, json=long)
        reached.ask(client, 503, "storage-full", "POST", EVENTS, json=long)


def reach_models(
    reached: Reached, home: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(home: Path, code: str) -> None:
        settings = Settings.load(home=home, encoder="tests.pool:HashedEncoder")
        with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
            reached.ask(client, 503, code, "GET", "/health/ready")

    ask(empty, "no-model")
    with monkeypatch.context() as patch:
        patch.setattr(HashedEncoder, "id", "another")
        ask(home, "unfit-model")
    folder = ModelRegistry(Workspace(home)).active_folder()
    assert folder is not None
    (folder / "blend.warm.npy").write_bytes(b"")
    ask(home, "damaged")
    shutil.rmtree(folder)
    ask(home, "model-gone")


def schemas_of(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()["components"]["schemas"]


def test_answers_say_all_that_they_have(client: TestClient) -> None:
    def parts(schema: Any) -> Any:
        yield schema
        for own in schema.values() if isinstance(schema, dict) else schema:
            if isinstance(own, dict | list):
                yield from parts(own)

    document = client.get("/openapi.json").json()
    for part in parts(document):
        assert not isinstance(part, dict) or part.get("additionalProperties") is not True
    for name in ("FilterBody", "NeedBody"):
        body = document["components"]["schemas"][name]
        assert set(body.get("required", ())) <= {"industry"}, name
        # A maker of clients takes a field with a default for one that has to be given.
        assert all("default" not in own for own in body["properties"].values()), name


def test_closed_vocabularies_are_enumerations(client: TestClient) -> None:
    schemas = schemas_of(client)
    assert set(schemas["StageName"]["properties"]["stage"]["enum"]) == {*STAGES, *ENDINGS}
    assert schemas["EnterpriseSummary"]["properties"]["flags"]["items"]["enum"] == list(FLAGS)
    assert schemas["Need"]["properties"]["role"]["anyOf"][0]["enum"] == list(ROLES)
    assert "item_words" in schemas["Reason"]["properties"]["factor"]["enum"]
    assert schemas["FilterBody"]["properties"]["region"]["items"]["enum"] == list(REGIONS)
    assert set(schemas["EventBody"]["properties"]["stage"]["enum"]) == {*STAGES, *ENDINGS}
    score = schemas["Lead"]["properties"]["score"]
    assert (score["minimum"], score["maximum"]) == (0, 1)


def test_every_call_names_its_key_its_headers_and_its_language(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")
    assert document["security"] == [{"key": []}, {}]
    leads = document["paths"][LEADS]["get"]
    assert leads["responses"]["304"]
    assert {"ETag", "X-Cache", "X-Model-Version", "Content-Language"} <= set(
        leads["responses"]["200"]["headers"]
    )
    assert "Retry-After" in leads["responses"]["429"]["headers"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            taken = operation.get("parameters", ())
            named = {own["name"] for own in taken}
            assert "Accept-Language" in named or not path.startswith("/v1/"), path
            for own in taken:
                assert {"type": "null"} not in own["schema"].get("anyOf", ()), path


def test_examples_are_what_they_are_examples_of(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    page = paths[LEADS]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    replies.LeadPage.model_validate(page, strict=True, extra="forbid")
    body = paths[LEADS]["post"]["requestBody"]["content"]["application/json"]["example"]
    RecommendationBody.model_validate(body)
    event = paths[EVENTS]["post"]["requestBody"]["content"]["application/json"]["example"]
    EventBody.model_validate(event)
