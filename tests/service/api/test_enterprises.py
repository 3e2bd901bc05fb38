"""Enterprises over HTTP with a real engine: filters as leads have them, counts, and likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from service.database.connection import Database
from service.database.key_store import KeyStore
from tests.pool import FLAGGED, STRUCK, UNKNOWN, enterprise_rows
from tests.service.api.test_replies import served_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

URL = "/v1/enterprises"
EVERYBODY = len(enterprise_rows())


@pytest.fixture(scope="module")
def served(trained_home: Path) -> Iterator[TestClient]:
    with served_at(trained_home) as client:
        yield client


def found(served: TestClient, query: str) -> set[str]:
    answer = served.get(f"{URL}?limit=200&{query}")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] == len(page["enterprises"])
    return {row["enterprise_id"] for row in page["enterprises"]}


def test_every_filter_of_leads_is_one_of_enterprises(served: TestClient) -> None:
    assert len(found(served, "")) == EVERYBODY
    shanxi = found(served, "province=山西&city=太原")
    assert shanxi == {f"E{number:02}{at}" for number in (4, 9) for at in range(5)}
    assert found(served, "standing=inactive") == {STRUCK}
    assert found(served, "flag=bad-credit") == {FLAGGED}
    assert UNKNOWN not in found(served, "province=广东省&province=浙江省")
    assert found(served, "industry_code=2730&min_capital=3000") == {"E062", "E063", "E064"}
    assert found(served, "stage=signed&zone_id=z0") == {"E000"}
    local = found(served, "seat=city&zone_id=z0")
    assert local == {f"E{number:02}{at}" for number in (3, 11) for at in range(5)}
    assert found(served, "q=太原&province=山西") == shanxi
    assert found(served, "q=E000&province=山西") == set()


def test_unknown_values_and_counts_come_with_the_page(served: TestClient) -> None:
    page = served.get(f"{URL}?city=火星&city=太原&facets=province,standing&limit=1").json()
    assert page["unknown_values"] == {"city": ["火星"]}
    assert page["unknown"]["city"] > 0
    assert page["facets"]["province"] == [{"value": "山西省", "name": "山西省", "count": 10}]
    # Only those of the name are counted.
    page = served.get(f"{URL}?city=太原&q=太原甲方").json()
    assert page["unknown"] == {}
    assert page["total"] == 2


def test_stage_and_seat_want_their_zone(served: TestClient) -> None:
    for name, value in (("stage", "signed"), ("seat", "city")):
        answer = served.get(f"{URL}?{name}={value}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "zone_id"
    assert served.get(f"{URL}?stage=signed&zone_id=nowhere").status_code == 404
    assert served.get(f"{URL}?node=led/nothing").status_code == 404


def test_an_official_sees_stages_of_own_zones_alone(home: Path) -> None:
    _, token = KeyStore(Database(home)).add("official", ["z1"])
    with served_at(home) as client:
        headers = {"X-API-Key": token}
        foreign = client.get(f"{URL}?stage=signed&zone_id=z0", headers=headers)
        assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign-zone")
        own = client.get(f"{URL}?stage=signed&zone_id=z1", headers=headers)
        assert (own.status_code, own.json()["total"]) == (200, 0)
        like = client.get(f"{URL}/E000/similar?zone_id=z0", headers=headers)
        assert like.status_code == 403


def test_similar_enterprises_make_what_one_makes(served: TestClient) -> None:
    page = served.get(f"{URL}/E060/similar?limit=4").json()
    assert page["mode"] == "similar"
    ids = [lead["enterprise"]["enterprise_id"] for lead in page["leads"]]
    assert set(ids) == {"E061", "E062", "E063", "E064"}
    assert served.get(f"{URL}/E060/similar?province=山西省&limit=1").json()["total"] < page["total"]
    more = f"{URL}/E060/similar?limit=4&offset=4&list_id={quote(page['list_id'])}"
    assert served.get(more).json()["leads"][0]["rank"] == 5
    assert served.get(f"{URL}/nobody/similar").status_code == 404
    assert served.get(f"{URL}/{UNKNOWN}/similar").status_code == 422


def test_needs_of_a_zone(served: TestClient) -> None:
    every = served.get("/v1/needs").json()["needs"]
    for zone in ("z0", "长治高新区"):
        own = served.get("/v1/needs", params={"zone_id": zone}).json()["needs"]
        assert own == [need for need in every if need["zone"]["zone_id"] == "z0"]
        assert 0 < len(own) < len(every)
    missing = served.get("/v1/needs?zone_id=火星")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (404, "zone_id")
