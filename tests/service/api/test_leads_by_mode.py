from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.database.connection import Database
from service.database.key_store import KeyStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.testclient import TestClient

URL = "/v1/leads"


@pytest.mark.parametrize(
    ("params", "leads"),
    [
        ({"need_id": "z/光电LED"}, 20),
        ({"mode": "need", "zone_id": "z", "industry": "光电LED"}, 20),
        ({"mode": "gap", "zone_id": "z", "chain_id": "led"}, 20),
        ({"mode": "leader", "enterprise_id": "e1"}, 1),
    ],
    ids=str,
)
def test_each_mode_gives_a_page(client: TestClient, params: dict[str, str], leads: int) -> None:
    answer = client.get(URL, params=params)
    assert answer.status_code == 200
    assert answer.json()["mode"] == params.get("mode", "need")
    assert len(answer.json()["leads"]) == leads
    assert client.get(URL, params=params).headers["X-Cache"] == "hit"


def test_every_page_has_a_list_id_that_asks_for_the_next(client: TestClient) -> None:
    partners = {"mode": "leader", "enterprise_id": "e1"}
    for params in ({"need_id": "z/光电LED"}, partners):
        its = client.get(URL, params={**params, "limit": 1}).json()["list_id"]
        following = client.get(URL, params={**params, "offset": 1, "list_id": its})
        assert (following.status_code, following.json()["list_id"]) == (200, its)
        other = client.get(URL, params={**params, "list_id": its, "region": "长三角"})
        assert other.status_code == 422
    customers = client.get(URL, params={**partners, "side": "customers", "list_id": its})
    assert customers.json()["errors"][0]["field"] == "list_id"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "need_id"),
        ({"mode": "need", "zone_id": "z"}, "need_id"),
        ({"mode": "gap", "chain_id": "led"}, "zone_id"),
        ({"mode": "gap", "zone_id": "z"}, "mode"),
        ({"mode": "leader"}, "enterprise_id"),
        ({"mode": "leader", "enterprise_id": "e1", "chain_id": "led"}, "chain_id"),
        ({"mode": "similar", "enterprise_id": "e1", "side": "both"}, "side"),
        ({"mode": "leader", "enterprise_id": "e1", "side": "left"}, "side"),
        ({"mode": "chance"}, "mode"),
        ({"need_id": "z/光电LED", "gate": "x"}, "gate"),
    ],
    ids=str,
)
def test_what_does_not_belong_to_a_mode_is_refused(
    client: TestClient, params: dict[str, str], field: str
) -> None:
    answer = client.get(URL, params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].endswith(field)


def test_an_official_asks_for_own_zones(
    start: Callable[..., AbstractContextManager[TestClient]], tmp_path: Path
) -> None:
    _, token = KeyStore(Database(tmp_path)).add("official", ["other"])
    with start(home=tmp_path) as client:
        headers = {"X-API-Key": token}
        for params in (
            {"mode": "gap", "zone_id": "z", "chain_id": "led"},
            {"mode": "leader", "enterprise_id": "e1", "zone_id": "z"},
        ):
            assert client.get(URL, params=params, headers=headers).status_code == 403
        own = {"mode": "leader", "enterprise_id": "e1"}
        assert client.get(URL, params=own, headers=headers).status_code == 200
