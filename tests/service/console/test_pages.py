"""Contents of the pages, and their states: empty, no model, gone, refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from features.workspace import Workspace
from service.console import trips
from service.console.frame import is_own_path
from tests.service.console.conftest import opened
from tests.service.console.pages import ENTERPRISE, NEED, OTHER, ZONE, addresses, token

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from service.access.keys import Access

PAGES = addresses(NEED, ENTERPRISE, OTHER, ZONE)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_there_in_both_languages(
    reading: TestClient, address: str, language: str
) -> None:
    page = reading.get(address, headers={"Accept-Language": language})
    assert page.status_code == 200, page.text
    assert f'<html lang="{language}">' in page.text
    assert page.text.count("<h1") == 1


def test_the_root_leads_to_the_first_list(reading: TestClient) -> None:
    for address in ("/", "/console", "/console/"):
        answer = reading.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/leads")
    page = reading.get("/console/leads").text
    assert 'class="leads"' in page
    assert "主导产业" in page


def test_a_list_names_places_products_and_reasons_that_add_up(reading: TestClient) -> None:
    page = reading.get("/console/leads", params={"need_id": NEED}).text
    answer = reading.get("/v1/recommendations", params={"need_id": NEED}).json()
    for lead in answer["leads"]:
        assert lead["enterprise"]["name"] in page
    sums = [
        float(x.replace("−", "-")) for x in re.findall(r"合计</th><td class=\"num\">([^<]+)", page)
    ]
    assert sums == [round(lead["raw_score"], 2) for lead in answer["leads"]]
    first = page.split('class="sum"')[1].split("<tfoot>")[0]
    parts = re.findall(r'<td class="num">([^<]+)</td>', first)
    assert len(parts) == len(answer["leads"][0]["reasons"])
    added = sum(float(part.replace("−", "-")) for part in parts)
    assert added == pytest.approx(answer["leads"][0]["raw_score"], abs=0.01 * len(parts))


def test_counts_beside_filters_are_of_the_first_leads(reading: TestClient) -> None:
    page = reading.get("/console/leads", params={"need_id": NEED}).text
    count = re.search(r'value="广东省"><span>广东省</span><b>(\d+)</b>', page)
    assert count is not None
    filtered = reading.get("/console/leads", params={"need_id": NEED, "province": "广东省"}).text
    assert f"<b>{count[1]}</b> 家候选" in filtered


def test_counts_beside_a_filter_are_those_under_the_other_filters(reading: TestClient) -> None:
    def counts(**filters: str) -> dict[str, dict[str, int]]:
        page = reading.get("/console/leads", params={"need_id": NEED, **filters}).text
        ticks = r'name="(\w+)" value="([^"]+)"[^>]*><span>[^<]*</span><b>(\d+)</b>'
        found: dict[str, dict[str, int]] = {}
        for name, value, count in re.findall(ticks, page):
            found.setdefault(name, {})[value] = int(count)
        return found

    every, filtered = counts(), counts(province="广东省")
    assert filtered["province"] == every["province"]
    within = every["province"]["广东省"]
    assert sum(filtered["stage"].values()) == within < sum(every["stage"].values())
    for node, count in filtered["node"].items():
        page = reading.get(
            "/console/leads", params={"need_id": NEED, "province": "广东省", "node": node}
        ).text
        assert f"<b>{count}</b> 家候选" in page


def test_an_empty_result_of_a_filter_has_a_link_to_clear_it(reading: TestClient) -> None:
    page = reading.get("/console/leads", params={"need_id": NEED, "province": "海南省"})
    assert page.status_code == 200
    assert "没有符合条件的企业" in page.text
    assert "清除筛选" in page.text


def test_a_wrong_filter_is_reported(reading: TestClient) -> None:
    for query in ({"min_capital": "-3"}, {"max_age": "viele"}, {"region": "火星"}):
        page = reading.get("/console/leads", params={"need_id": NEED, **query})
        assert page.status_code == 422
        assert next(iter(query)) in page.text


def test_blank_fields_of_a_form_are_no_filters(reading: TestClient) -> None:
    query = {"need_id": NEED, "min_capital": "", "max_age": ""}
    assert reading.get("/console/leads", params=query).status_code == 200


def test_a_removed_lead_is_reported_as_gone(reading: TestClient) -> None:
    page = reading.get("/console/enterprise", params={"enterprise_id": "gone", "need_id": NEED})
    assert page.status_code == 404
    assert "没有找到" in page.text
    assert "回到线索" in page.text


def test_without_a_model_it_says_so(tmp_path: Path) -> None:
    with opened(tmp_path / "empty") as client:
        page = client.get("/console/leads")
        assert page.status_code == 503
        assert "还没有模型" in page.text
        assert client.get("/console/data").status_code == 200
        assert "没有在用的模型" in client.get("/console/quality").text


def test_without_needs_it_leads_to_a_need_of_one_s_own(home: Path) -> None:
    workspace = Workspace(home)
    with workspace.writing():
        workspace.commit({"needs": workspace.read("needs").clear()})
    with opened(home) as client:
        page = client.get("/console/leads")
        assert page.status_code == 200
        assert "还没有开发区的需求" in page.text


def test_while_keys_are_not_known_it_is_not_available(
    console: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    access: Access = console.app.state.parts.ledger.access  # type: ignore[attr-defined]
    monkeypatch.setattr(access, "_keys", None)
    page = console.get("/console/leads")
    assert page.status_code == 503
    assert "服务暂不可用" in page.text
    assert page.headers["retry-after"] == "1"


def test_an_event_is_recorded_once_shown_and_taken_back(console: TestClient) -> None:
    address = "/console/enterprise"
    about = {"enterprise_id": OTHER, "need_id": NEED}
    page = console.get(address, params=about).text
    once = re.search(r'name="once" value="(\w+)"', page)
    assert once is not None
    form = {**about, "csrf": token(page), "once": once[1], "stage": "declined"}
    form |= {"date": "2026-01-05", "note": "<b>已有布局</b>"}
    for _ in range(2):
        answer = console.post("/console/events", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/enterprise?")
    assert console.get("/v1/events", params={"enterprise_id": OTHER}).json()["total"] == 1
    page = console.get(address, params=about).text
    assert "&lt;b&gt;已有布局" in page
    event = re.search(r'name="event_id" value="([^"]+)"', page)
    assert event is not None
    back = {"csrf": token(page), "event_id": event[1], "back": "https://evil.example"}
    answer = console.post("/console/events/retract", data=back)
    assert answer.headers["location"] == "/console/events"
    assert "已撤回" in console.get("/console/events").text


def test_a_file_is_looked_at_before_anything_is_stored(console: TestClient, home: Path) -> None:
    fields = {"csrf": token(console.get("/console/data").text), "table": "enterprises"}
    content = "企业编号,企业名称,注册资本(万元),联系人\nN1,新光电,5000,张三\nN2,,1,李四\n".encode()
    page = console.post(
        "/console/data", data=fields, files={"file": ("企业.csv", content, "text/csv")}
    )
    assert page.status_code == 200, page.text
    for header, taken in (
        ("企业编号", "(企业编号|统一社会信用代码)"),
        ("注册资本(万元)", "注册资本"),
        ("联系人", "涉及个人"),
    ):
        assert re.search(rf"{re.escape(header)}</th><td>(<[^>]+>)?{taken}", page.text), header
    workspace = Workspace(home)
    assert "N1" not in workspace.read("enterprises")["enterprise_id"].to_list()
    kept = re.search(r'name="name" value="([^"]+)"', page.text)
    assert kept is not None
    done = console.post("/console/data/take", data={**fields, "name": kept[1]})
    assert done.status_code == 200
    assert "新增 1" in done.text
    assert "退回 1" in done.text
    assert "N1" in workspace.read("enterprises")["enterprise_id"].to_list()
    assert "N2" in console.get("/console/data/rejected.csv").text
    again = console.post("/console/data/take", data={**fields, "name": kept[1]})
    assert again.status_code == 404
    assert not list((home / "uploads").iterdir())


@pytest.mark.parametrize(
    ("called", "content"),
    [("a.exe", b"MZ"), ("a.csv", b""), ("noending", b"x"), ("a.csv", b"x,y\n1,2\n")],
)
def test_a_file_that_cannot_be_read_is_reported_and_not_kept(
    console: TestClient, home: Path, called: str, content: bytes
) -> None:
    fields = {"csrf": token(console.get("/console/data").text), "table": "enterprises"}
    page = console.post("/console/data", data=fields, files={"file": (called, content)})
    assert page.status_code == 422
    assert not (home / "uploads").exists() or not list((home / "uploads").iterdir())


@pytest.mark.parametrize("name", ["../active.json", "a" * 22 + ".csv", "", "/etc/passwd"])
def test_no_other_file_is_imported(console: TestClient, name: str) -> None:
    fields = {"csrf": token(console.get("/console/data").text), "table": "enterprises"}
    answer = console.post("/console/data/take", data={**fields, "name": name})
    assert answer.status_code == 404


def test_a_file_may_be_larger_than_other_bodies(console: TestClient) -> None:
    fields = {"csrf": token(console.get("/console/data").text), "table": "enterprises"}
    content = b"enterprise_id,name\n" + b"".join(b"X%d,%s\n" % (i, b"n" * 200) for i in range(9000))
    assert len(content) > 2**20
    page = console.post("/console/data", data=fields, files={"file": ("a.csv", content)})
    assert page.status_code == 200
    assert "9,000" in page.text


def test_a_need_of_one_s_own_is_changed_by_its_words(reading: TestClient) -> None:
    page = reading.get("/console/need", params={"text": "LED封装"}).text
    assert "系统这样理解" in page
    assert 'class="leads given"' in page
    words = re.findall(r'name="word" value="([^"]+)"', page)
    assert words
    asked = {"text": "LED封装", "word": words[:1], "more": "COB光源、背光LED"}
    page = reading.get("/console/need", params=asked).text
    found = [word.split("|")[0] for word in re.findall(r'name="word" value="([^"]+)"', page)]
    assert set(found) == {words[0].split("|")[0], "cob光源", "背光led"}
    assert "已按您的修改查找" in page


def test_words_without_any_profile_are_reported(reading: TestClient) -> None:
    page = reading.get("/console/need", params={"text": "ㄅㄆ"})
    assert page.status_code == 422
    assert "没有找到任何相关企业" in page.text
    assert 'id="text"' in page.text


def test_an_empty_need_of_one_s_own_asks_for_words(reading: TestClient) -> None:
    page = reading.get("/console/need").text
    assert "想找什么样的企业" in page
    assert 'id="results"' not in page


def test_the_excel_list_is_a_workbook(reading: TestClient) -> None:
    answer = reading.get("/console/leads.xlsx", params={"need_id": NEED})
    assert answer.content[:2] == b"PK"
    assert "attachment" in answer.headers["content-disposition"]


def test_the_chain_says_unknown_where_nothing_is_known(reading: TestClient) -> None:
    page = reading.get("/console/chain", params={"place": ZONE, "chain_id": "low-altitude"}).text
    assert "未知不等于缺失" in page
    assert "○ 缺失" not in page


def test_a_language_is_kept(console: TestClient) -> None:
    fields = {"csrf": token(console.get("/console/leads").text), "language": "en"}
    console.post("/console/language", data=fields)
    assert '<html lang="en">' in console.get("/console/leads").text


def test_journeys_take_in_what_lies_near() -> None:
    def one(rank: int, city: str | None, lon: float | None, lat: float | None) -> dict[str, object]:
        return {"rank": rank, "province": city and "省", "city": city, "lon": lon, "lat": lat}

    found = trips.journeys(
        [
            one(1, "北京市", 116.4, 39.9),
            one(2, "深圳市", 114.1, 22.5),
            one(3, "东莞市", 113.7, 23.0),
            one(4, "深圳市", 114.1, 22.5),
            one(5, None, None, None),
            one(6, "无名市", None, None),
        ]
    )
    assert [[c["city"] for c in journey["cities"]] for journey in found] == [
        ["深圳市", "东莞市"],
        ["北京市"],
        ["无名市"],
        [""],
    ]
    assert [journey["known"] for journey in found] == [True, True, True, False]


def test_own_paths() -> None:
    assert is_own_path("/console/leads?next=//x")
    assert not is_own_path("/consolex")


def test_a_project_begins_out_of_a_lead_and_moves_on(console: TestClient) -> None:
    page = console.get("/console/enterprise", params={"enterprise_id": OTHER, "need_id": NEED})
    form = {"csrf": token(page.text), "enterprise_id": OTHER, "need_id": NEED, "source": "list"}
    begun = console.post("/console/projects", data=form)
    assert begun.status_code == 303, begun.text
    again = console.post("/console/projects", data=form)
    assert again.headers["location"] == begun.headers["location"]
    page = console.get(begun.headers["location"]).text
    project = re.search(r'name="project_id" value="([^"]+)"', page)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert project is not None
    assert version is not None
    about = {"csrf": token(page), "project_id": project[1]}
    task = {**about, "title": "<b>厂房</b>", "kind": "land", "blocks": "on", "due": "2020-01-01"}
    assert console.post("/console/projects/task", data=task).status_code == 303
    move = {**about, "stage": "negotiation", "version": version[1]}
    assert console.post("/console/projects/move", data=move).status_code == 303
    assert console.post("/console/projects/move", data=move).status_code == 409
    board = console.get("/console/projects").text
    assert "+" in board
    assert "&lt;b&gt;厂房" in board
    assert "&lt;b&gt;厂房" in console.get("/console/projects/meeting").text
    lost = {**about, "stage": "lost"}
    assert console.post("/console/projects/move", data=lost).status_code == 422


def test_the_city_shares_leads_out_when_asked(reading: TestClient) -> None:
    page = reading.get("/console/city", params={"allocate": "长治市"})
    assert page.status_code == 200
    assert "名额" in page.text
