"""A page has the requested reasons, fields and counts, and the list stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.api.replies import (
    EnterpriseSummary,
    Lead,
    PickedEnterprise,
    PickedLead,
    PickedLeadPage,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

URL = "/v1/recommendations"
KNOWN = {"need_id": "z/光电LED", "limit": 2}


def get(client: TestClient, **params: object):
    answer = client.get(URL, params={**KNOWN, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_so_many_reasons_as_are_asked_for(client: TestClient, source: FakeSource) -> None:
    whole = get(client)
    factors = ("item_words", "gap", "proximity", "constant")
    reasons = [{"factor": f, "contribution": 1.0, "text": f, "evidence": []} for f in factors]
    page = source.there.recommend

    def longer(*args: object, **more: object):
        found = page(*args, **more)
        return {**found, "leads": [{**lead, "reasons": reasons} for lead in found["leads"]]}

    source.there.recommend = longer  # type: ignore[method-assign]
    for asked, number in (("0", 0), ("2", 2), ("3", 3)):
        found = get(client, reasons=asked)
        assert [lead["reasons"] for lead in found["leads"]] == [reasons[:number]] * 2
        assert found["list_id"] == whole["list_id"]
    # `all` is the default: the same answer, kept from before.
    assert get(client, reasons="all") == whole
    body = {"need": {"industry": "光电LED"}, "limit": 1, "reasons": 1}
    assert client.post(URL, json=body).json()["leads"][0]["reasons"] == reasons[:1]
    wrong = client.get(URL, params={**KNOWN, "reasons": "4"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "reasons")


def test_fields_pick_what_a_lead_has(client: TestClient) -> None:
    found = get(client, fields="rank,enterprise.name")
    assert found["leads"] == [
        {"rank": 1, "enterprise": {"name": "第1光电有限公司"}},
        {"rank": 2, "enterprise": {"name": "第2光电有限公司"}},
    ]
    PickedLeadPage.model_validate(found, strict=True)
    repeated = client.get(f"{URL}?need_id=z/光电LED&limit=2&fields=enterprise.name&fields=rank")
    assert repeated.json() == found
    assert repeated.headers["X-Cache"] == "hit"
    whole = get(client, fields="enterprise,enterprise.name")["leads"][0]["enterprise"]
    assert whole["enterprise_id"] == "e1"
    for unknown in ("rnk", "enterprise.rnk", ""):
        wrong = client.get(URL, params={**KNOWN, "fields": unknown})
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["field"].startswith("fields")


def test_the_note_on_probability_stands_once(client: TestClient, source: FakeSource) -> None:
    page = get(client)
    assert page["probability_note"] == page["leads"][0]["probability_note"] == "尚无足够结果"
    assert "probability_note" not in get(client, fields="rank")["leads"][0]
    assert get(client, offset=100)["probability_note"] is None


def test_values_are_counted_over_the_whole_list(client: TestClient) -> None:
    assert get(client)["facets"] is None
    found = get(client, facets="province,tag")["facets"]
    assert found == {
        name: [{"value": "x", "name": "x", "count": 1}] for name in ("province", "tag")
    }
    wrong = client.get(URL, params={**KNOWN, "facets": "size"})
    assert wrong.status_code == 422


@pytest.mark.parametrize("name", ["reasons", "fields", "facets"])
def test_a_workbook_has_no_shape(client: TestClient, name: str) -> None:
    answer = client.get("/v1/recommendations.xlsx", params={**KNOWN, name: "3"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == name


def test_what_can_be_picked_is_all_that_there_is() -> None:
    assert PickedLead.model_fields.keys() == Lead.model_fields.keys()
    assert PickedEnterprise.model_fields.keys() == EnterpriseSummary.model_fields.keys()
