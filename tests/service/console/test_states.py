"""Exceptional states of pages: each describes the state and what to do."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from features.errors import UnavailableError
from service.console.wording import chief, signed
from service.serving.engine import Engine
from service.serving.survey import Survey
from tests.service.console.conftest import HOSTILE, opened
from tests.service.console.pages import ENTERPRISE, NEED, OTHER, sign_in, token
from tests.service.console.test_security import check_inert
from tests.service.fakes import FakeRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.testclient import TestClient

    from service.database.key_store import KeyStore

    Start = Callable[..., AbstractContextManager[TestClient]]


def test_without_its_database_the_service_still_lists_leads(
    reading: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("the database does not answer")

    database = reading.app.state.parts.ledger.projects.database  # type: ignore[attr-defined]
    monkeypatch.setattr(type(database), "read", away)
    for address in ("/console/projects", "/console/city", "/console/events"):
        page = reading.get(address)
        assert page.status_code == 503, address
        assert "服务暂不可用" in page.text
        assert "已提交的记录不会丢失" in page.text
    assert reading.get(f"/console/leads?need_id={NEED}").status_code == 200


def test_a_key_whose_time_is_over_says_so(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z0",), days=1)
    with opened(home) as client:
        access = client.app.state.parts.ledger.access  # type: ignore[attr-defined]
        assert sign_in(client, key).status_code == 303
        assert client.get("/console/leads").status_code == 200
        tomorrow = time.time() + 25 * 3600
        access.clock = lambda: tomorrow
        answer = client.get("/console/leads")
        assert "why=expired-key" in answer.headers["location"]
        assert "已到期" in client.get(answer.headers["location"]).text
        assert sign_in(client, key).status_code == 401


def test_signing_out_ends_the_session_in_the_browser(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z0",))
    with opened(home) as client:
        sign_in(client, key)
        page = client.get("/console/leads").text
        answer = client.post("/console/sign-out", data={"csrf": token(page)})
        assert answer.headers["location"] == "/console/sign-in"
        assert client.get("/console/leads").status_code == 303
        assert client.post("/console/sign-out", data={"csrf": token(page)}).status_code in {
            303,
            403,
        }


@pytest.mark.parametrize(
    "address",
    [
        f"/console/brief?enterprise_id=gone&need_id={NEED}",
        f"/console/compare?need_id={NEED}&enterprise_id=gone&enterprise_id={OTHER}",
        f"/console/enterprise?enterprise_id={ENTERPRISE}&need_id=z0/gone",
        "/console/project?project_id=gone",
        "/console/chain?chain_id=gone",
    ],
)
def test_a_removed_page_is_reported_with_a_link_back(reading: TestClient, address: str) -> None:
    page = reading.get(address)
    assert page.status_code == 404
    assert "没有找到" in page.text
    assert "数据更新后" in page.text
    assert 'href="/console/leads"' in page.text


def test_ten_thousand_results_are_paged_through(
    reading: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend = Engine.recommend

    def many(
        engine: Engine, need: Any, filters: Any, limit: int, offset: int, *rest: Any, **more: Any
    ) -> Any:
        page = recommend(engine, need, filters, limit, 0, *rest, **more)
        leads = [{**lead, "rank": lead["rank"] + offset} for lead in page["leads"]]
        return {**page, "total": 10_000, "offset": offset, "leads": leads}

    monkeypatch.setattr(Engine, "recommend", many)
    asked = f"/console/leads?need_id={NEED}&min_capital=0.5"
    for offset, shown in ((0, "1–20"), (40, "41–60"), (9980, "9981–10000")):
        page = reading.get(f"{asked}&offset={offset}").text
        assert "<b>10,000</b> 家候选" in page
        assert f"第 {shown} 名" in page
        assert ('rel="prev"' in page) == (offset > 0)
        assert ('rel="next"' in page) == (offset < 9980)
        assert len(page) < 300_000


def test_an_empty_board_and_one_that_a_filter_empties(reading: TestClient) -> None:
    assert "还没有项目" in reading.get("/console/projects").text
    page = reading.get("/console/projects?q=nobody").text
    assert "没有符合条件的项目" in page
    assert "清除筛选" in page


def test_chain_leaders_are_marked_and_lead_to_their_suppliers(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Survey, "_is_leader", lambda _, id_: bool(id_))
    with opened(home) as client:
        page = client.get("/console/chain?place=z0&chain_id=led").text
        drawn = re.findall(r'class="leader"[^>]*>★ ([^<]+)<', page)
        assert drawn
        leads = re.search(r'href="(/console/need\?text=[^"]+)">全部配套线索', page)
        assert leads is not None
        found = client.get(leads[1].replace("&amp;", "&")).text
        assert 'class="leads given"' in found
        assert 'name="node"' in found


def test_an_end_needs_a_reason(console: TestClient) -> None:
    about = {"enterprise_id": OTHER, "need_id": NEED}
    page = console.get("/console/enterprise", params=about).text
    form = {**about, "csrf": token(page), "stage": "declined", "date": "2026-01-05"}
    refused = console.post("/console/events", data={**form, "note": " "})
    assert refused.status_code == 422
    assert "写明原因" in refused.text
    assert console.post("/console/events", data={**form, "note": "布局已定"}).status_code == 303


def test_a_project_s_texts_run_nowhere(hostile: TestClient) -> None:
    about = {"enterprise_id": ENTERPRISE, "need_id": NEED}
    page = hostile.get("/console/enterprise", params=about).text
    form = {**about, "csrf": token(page), "source": "list", "project": HOSTILE[1]}
    begun = hostile.post("/console/projects", data=form)
    address = begun.headers["location"]
    page = hostile.get(address).text
    project = {"csrf": token(page), "project_id": address.partition("project_id=")[2]}
    task = {**project, "title": HOSTILE[4], "unit": HOSTILE[0], "kind": "other", "blocks": "on"}
    assert hostile.post("/console/projects/task", data=task).status_code == 303
    change = {**project, "unit": HOSTILE[3], "handler": HOSTILE[2], "due": "2020-01-01"}
    hostile.post("/console/projects/change", data=change)
    for path in (address, "/console/projects", "/console/projects/meeting", "/console/city"):
        page = hostile.get(path)
        assert page.status_code == 200
        check_inert(page.text)
    assert "&lt;svg onload=alert(1)&gt;" in hostile.get("/console/projects/meeting").text


def test_versions_are_compared_activated_and_rolled_back(start: Start) -> None:
    with start() as client:
        page = client.get("/console/versions").text
        assert page.count("<code>m") == 3
        both = client.get("/console/versions?version=m0&version=m1").text
        assert "并排比较" in both
        form = {"csrf": token(page)}
        done = client.post(
            "/console/versions/activate", data={**form, "version": "m2"}, follow_redirects=False
        )
        assert done.status_code == 303
        assert client.app.state.parts.models.active() == "m2"
        client.post("/console/versions/rollback", data=form)
        assert client.app.state.parts.models.active() == "m1"
        assert (
            client.post("/console/versions/activate", data={**form, "version": "m9"}).status_code
            == 404
        )


def test_the_evaluation_is_described_in_plain_words(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figure = {"mean": 0.62, "low": 0.55, "high": 0.7, "needs": 30}
    metrics = {"warm": {"blend": {"precision@10": figure, "ndcg@10": figure}}}
    metrics["warm"]["character_tfidf"] = {"ndcg@10": {**figure, "mean": 0.41}}
    show = FakeRegistry.show
    monkeypatch.setattr(FakeRegistry, "show", lambda self, v: show(self, v) | {"metrics": metrics})
    with start() as client:
        page = client.get("/console/quality").text
    for text in (
        "前 10 名里有多少是认可的企业",
        "62%",
        "0.55 – 0.70",
        "0.41",
        "它不能说明什么",
        "得分不是概率",
    ):
        assert text in page, text


def test_reasons_that_say_the_same_are_one() -> None:
    reasons = [
        {"factor": name, "contribution": added, "text": text}
        for name, added, text in (
            ("item_words", 0.5, "a"),
            ("meaning", 0.4, "b"),
            ("topic_words", 0.3, "b"),
            ("gap", -1.0, "c"),
            ("constant", 2.0, "d"),
        )
    ]
    found = chief(reasons, 2)
    assert [one["text"] for one in found] == ["b", "a"]
    assert found[0]["contribution"] == pytest.approx(0.7)
    assert [signed(x) for x in (0.004, -0.004, -1.5, 2)] == ["0.00", "0.00", "−1.50", "+2.00"]
