"""What the routes answer has the shapes of the document, with a real engine and real versions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.testclient import TestClient

from features.workspace import Workspace
from service.api import event_replies, lead_replies, operation_replies, reference_replies, replies
from service.api.app import create_app
from service.api.lead_replies import ModePage
from service.database.connection import Database
from service.database.key_store import KeyStore
from service.serving.lifecycle.holder import EngineHolder
from service.serving.lifecycle.loader import EngineLoader
from service.settings import Settings
from tests.pool import NEED_IDS, HashedEncoder, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

ENTERPRISE = tables()["enterprises"]["enterprise_id"][0]
PAGES = (
    ("/v1/zones", reference_replies.Zones),
    ("/v1/zones/z0", reference_replies.ZoneWithNeeds),
    ("/v1/needs", reference_replies.Needs),
    ("/v1/chains", reference_replies.Chains),
    ("/v1/chains/led", reference_replies.Chain),
    ("/v1/enterprises?limit=200", replies.EnterprisePage),
    (f"/v1/enterprises/{ENTERPRISE}", replies.Profile),
    (f"/v1/enterprises/{ENTERPRISE}/needs", replies.SuitedNeeds),
    (f"/v1/enterprises/{ENTERPRISE}/similar", ModePage),
    ("/v1/needs?zone_id=z0", reference_replies.Needs),
    ("/v1/enterprises?province=山西&facets=province,node,listed", replies.EnterprisePage),
    (f"/v1/recommendations?limit=200&need_id={quote(NEED_IDS[0], safe='')}", replies.LeadPage),
    (f"/v1/leads?need_id={quote(NEED_IDS[0], safe='')}", lead_replies.ModePage),
    ("/v1/leads?mode=gap&zone_id=z1&chain_id=led", lead_replies.ModePage),
    (f"/v1/leads?mode=similar&enterprise_id={ENTERPRISE}", lead_replies.ModePage),
    (f"/v1/leads?mode=leader&enterprise_id={ENTERPRISE}", lead_replies.PartnerPage),
    ("/v1/events", event_replies.EventPage),
    ("/v1/models", operation_replies.Models),
    ("/v1/models/{active}", operation_replies.ModelManifest),
    ("/v1/audit", operation_replies.AuditPage),
    ("/health/live", operation_replies.Alive),
    ("/health/ready", operation_replies.Ready),
)


@contextmanager
def served_at(home: Path) -> Iterator[TestClient]:
    settings = Settings.load(home=home, log_level="error")
    app = create_app(settings, EngineHolder(EngineLoader(Workspace(home), HashedEncoder())))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def test_real_answers_have_the_shapes_of_the_document(home: Path) -> None:
    _, token = KeyStore(Database(home)).add("administrator")
    with served_at(home) as client:
        headers = {"X-API-Key": token}
        active = client.get("/v1/models", headers=headers).json()["active"]
        for path, shape in PAGES:
            answer = client.get(path.format(active=active), headers=headers)
            assert answer.status_code == 200, path
            _check(shape, answer.content)


def _check(shape: type[BaseModel], body: bytes) -> None:
    # What the document does not name is more than it says, but in a manifest, which has no end.
    extra = "ignore" if shape is operation_replies.ModelManifest else "forbid"
    shape.model_validate_json(body, strict=True, extra=extra)


def test_every_answer_of_the_document_is_named(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    files = {"/metrics", "/v1/recommendations.xlsx", "/v1/agenda/calendar"}
    for path, operations in paths.items():
        for operation in operations.values():
            for status in {"200", "201"} & operation["responses"].keys():
                content = operation["responses"][status].get("content", {})
                if path not in files:
                    schema = content["application/json"]["schema"]
                    assert all("$ref" in own for own in schema.get("anyOf", [schema])), path
