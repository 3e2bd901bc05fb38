"""Every page of the console, and how a browser signs in and sends forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ZONE, NEED, ENTERPRISE, OTHER = "z0", "z0/LED封装", "E000", "E001"


def addresses(need: str, enterprise: str, other: str, zone: str) -> list[str]:
    """Return an address of each page that is about a need, an enterprise or a zone."""
    return [
        f"/console/leads?need_id={need}",
        f"/console/leads?need_id={need}&region=长三角&min_capital=1&max_age=50",
        f"/console/enterprise?enterprise_id={enterprise}&need_id={need}",
        f"/console/enterprise/suits?enterprise_id={enterprise}&need_id={need}",
        f"/console/compare?need_id={need}&enterprise_id={enterprise}&enterprise_id={other}",
        f"/console/need?text=LED支架、载带配套&zone_id={zone}",
        f"/console/chain?place={zone}&chain_id=led",
        f"/console/map?need_id={need}",
        f"/console/print?need_id={need}&limit=20",
        f"/console/brief?enterprise_id={enterprise}&need_id={need}",
        f"/console/trip?need_id={need}",
        "/console/projects",
        "/console/projects/meeting",
        "/console/city",
        "/console/events",
        "/console/data",
        "/console/versions",
        "/console/quality",
    ]


def token(page: str) -> str:
    """Return the token of a page's forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def sign_in(client: TestClient, key: str, **more: str) -> object:
    """Sign in as a browser does, through the page."""
    page = client.get("/console/sign-in")
    return client.post("/console/sign-in", data={"csrf": token(page.text), "key": key, **more})
