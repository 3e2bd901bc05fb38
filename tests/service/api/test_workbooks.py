from __future__ import annotations

from typing import TYPE_CHECKING

import fastexcel
import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

URL = "/v1/recommendations.xlsx"
KNOWN = {"need_id": "z/光电LED"}


def test_the_leads_for_a_need_as_a_workbook(client: TestClient) -> None:
    answer = client.get(URL, params=KNOWN | {"limit": 3})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leads.xlsx"'
    assert answer.headers["X-Model-Version"] == "m1"
    book = fastexcel.read_excel(answer.content)
    assert book.sheet_names == ["封面", "光电LED", "说明"]
    assert book.load_sheet(1, header_row=1).to_polars().height == 3


def test_many_needs_have_a_sheet_each(client: TestClient) -> None:
    answer = client.post(URL, json={"need_ids": [KNOWN["need_id"]] * 2, "limit": 2})
    assert answer.status_code == 200
    assert fastexcel.read_excel(answer.content).sheet_names == ["封面", "光电LED", "说明"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"need_ids": ["nothing"]}, 404),
        ({"need_ids": []}, 422),
        ({"need_ids": ["a"] * 101}, 422),
        ({"need_ids": ["a"], "limit": 0}, 422),
        ({"need_ids": ["a"], "more": 1}, 422),
    ],
)
def test_what_is_wrong_is_a_problem(
    client: TestClient, body: dict[str, object], status: int
) -> None:
    answer = client.post(URL, json=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_need_is_named_as_for_a_page(client: TestClient) -> None:
    assert client.get(URL).status_code == 422
    assert client.get(URL, params=KNOWN | {"colour": "red"}).status_code == 422
