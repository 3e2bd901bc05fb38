"""The console as people use it: at three widths, by keyboard, without script, on paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.opening import Served

WIDTHS = (390, 768, 1440)
NEED = "z0/LED封装"
PAGES = {
    "leads": f"/console/leads?need_id={NEED}",
    "no result": f"/console/leads?need_id={NEED}&province=海南省",
    "enterprise": f"/console/enterprise?enterprise_id=E000&need_id={NEED}",
    "suits": f"/console/enterprise/suits?enterprise_id=E000&need_id={NEED}",
    "compare": f"/console/compare?need_id={NEED}&enterprise_id=E000&enterprise_id=E001",
    "need": "/console/need",
    "need given": "/console/need?text=LED支架、载带配套&zone_id=z0",
    "chain": "/console/chain?place=z0&chain_id=led",
    "map": f"/console/map?need_id={NEED}",
    "print": f"/console/print?need_id={NEED}",
    "brief": f"/console/brief?enterprise_id=E000&need_id={NEED}",
    "trip": f"/console/trip?need_id={NEED}",
    "projects": "/console/projects",
    "meeting": "/console/projects/meeting",
    "city": "/console/city",
    "events": "/console/events",
    "data": "/console/data",
    "versions": "/console/versions",
    "quality": "/console/quality",
    "gone": "/console/enterprise?enterprise_id=gone",
}
SERIOUS = {"serious", "critical"}


def check(page: Page) -> None:
    """Check that a page is not cut off, and accessible (axe-core, at the outer widths)."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} pixels too wide"
    if page.viewport_size and page.viewport_size["width"] == WIDTHS[1]:
        return
    found = Axe().run(page).response["violations"]
    assert not [
        (one["id"], [node["html"][:160] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_for_everybody(page: Page, name: str) -> None:
    page.goto(PAGES[name])
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        check(page)


def test_from_opening_to_a_printed_list_of_ten(page: Page) -> None:
    """The task: a list of ten on paper, in at most six clicks."""
    clicks = 0
    page.goto("/")
    page.get_by_label("开发区").select_option("z1")
    clicks += 2  # opening the list of zones, and choosing one
    page.locator(".chips").get_by_role("link", name="LED显示屏").click()
    clicks += 1
    page.wait_for_url("**/console/leads?need_id=z1*")
    page.get_by_role("link", name="打印", exact=True).click()
    clicks += 1
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="打印").click()
    clicks += 1
    assert page.evaluate("window.printed")
    assert clicks <= 6
    assert page.locator(".paper tbody tr").count() == 10
    page.emulate_media(media="print")
    assert not page.locator(".top").is_visible()
    assert not page.locator(".papertools").is_visible()
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) <= 2


def test_a_brief_is_one_page_of_paper(page: Page) -> None:
    page.goto(PAGES["brief"])
    page.emulate_media(media="print")
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) == 1


def test_while_a_list_is_fetched_the_page_says_so(page: Page) -> None:
    page.goto(PAGES["leads"])
    page.route("**/console/leads?*province=*", lambda route: None)  # never answered
    page.get_by_role("checkbox", name=re.compile("^广东省")).check()
    expect(page.locator("main[aria-busy=true]")).to_be_visible()


def test_a_filter_changes_the_list_in_place_and_back_again(page: Page) -> None:
    page.goto(PAGES["leads"])
    before = page.locator(".listhead b").first.inner_text()
    page.evaluate("window.same = true")
    page.get_by_role("checkbox", name=re.compile("^广东省")).check()
    page.wait_for_url("**province=*")
    expect(page.locator(".listhead b").first).not_to_have_text(before)
    assert page.evaluate("window.same"), "the page was loaded anew"
    assert page.get_by_role("checkbox", name=re.compile("^广东省")).is_checked()
    page.go_back()
    expect(page.locator(".listhead b").first).to_have_text(before)


def open_sums(page: Page) -> None:
    """Open the sums of the first lead, which add up to the score that the list shows."""
    page.get_by_text("全部理由与合计").first.click()
    total = page.locator(".sum tfoot").first
    expect(total).to_be_visible()
    expect(total.locator("b")).to_have_text(re.compile(r"^[01]\.\d{3}$"))
    expect(page.locator(".sum tbody tr").nth(1)).to_be_visible()


def test_the_sums_of_a_lead_are_there_once_it_is_opened(page: Page) -> None:
    page.goto(PAGES["leads"])
    assert page.locator(".sum").count() == 0
    open_sums(page)
    check(page)
    page.get_by_role("checkbox", name=re.compile("^广东省")).check()
    page.wait_for_url("**province=*")
    open_sums(page)


def test_needs_it_would_suit_follow_on_the_page_of_an_enterprise(page: Page) -> None:
    page.goto(PAGES["enterprise"])
    expect(page.locator("#suits tbody tr").first).to_be_visible()


def test_two_leads_are_compared(page: Page) -> None:
    page.goto(PAGES["leads"])
    button = page.get_by_role("button", name=re.compile("并排比较"))
    assert button.is_disabled()
    for box in page.locator(".pickone input").all()[:2]:
        box.check()
    button.click()
    assert page.locator(".compare thead a").count() == 2


def test_feedback_is_recorded_and_taken_back(page: Page) -> None:
    page.goto(f"/console/enterprise?enterprise_id=E003&need_id={NEED}")
    page.get_by_label("进展").select_option("declined")
    page.get_by_label(re.compile("^说明")).fill("已在别处布局")
    page.get_by_role("button", name="记录", exact=True).click()
    assert page.get_by_text("已在别处布局").is_visible()
    page.get_by_role("button", name="撤回").click()
    assert page.get_by_text("已撤回").is_visible()


def test_a_file_is_looked_at_and_taken(page: Page) -> None:
    page.goto(PAGES["data"])
    file = {"name": "企业.csv", "mimeType": "text/csv"}
    page.get_by_label("文件").set_input_files(
        [{**file, "buffer": "企业编号,企业名称,备注\nN9,新来企业,x\n".encode()}]
    )
    page.get_by_role("button", name="查看").click()
    check(page)
    assert page.get_by_role("row", name=re.compile("备注")).get_by_text("不采用").is_visible()
    page.get_by_role("button", name="确认导入").click()
    assert page.get_by_text(re.compile("新增 1")).is_visible()


def test_a_click_on_the_map_lists_one_city(page: Page) -> None:
    page.goto(PAGES["map"])
    page.locator("svg.map a").first.click()
    assert "city=" in page.url
    assert page.locator(".leads tbody tr").count() > 0


def test_a_click_on_a_node_lists_its_candidates(page: Page) -> None:
    page.goto(PAGES["chain"])
    page.get_by_role("link", name=re.compile("^封装，")).click()
    assert page.locator(".leads tbody tr").count() > 0


def test_by_keyboard(page: Page) -> None:
    page.goto(PAGES["leads"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main :is(a, select):focus")).to_be_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_without_script(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(java_script_enabled=False, base_url=served.url, locale="zh-CN")
    page = context.new_page()
    page.goto("/")
    page.get_by_label("开发区").select_option("z1")
    page.get_by_role("button", name="打开").click()
    assert "襄垣开发区" in page.locator("h1").inner_text()
    page.get_by_role("checkbox", name=re.compile("^广东省")).check()
    page.get_by_role("button", name="筛选", exact=True).click()
    assert "province=" in page.url
    open_sums(page)
    page.locator(".leads .name a").first.click()
    page.get_by_role("button", name="记录", exact=True).click()
    page.get_by_role("button", name="撤回").first.click()
    context.close()


def test_weight_of_what_is_loaded(chromium: Browser, served: Served) -> None:
    """At most 300 kB compressed at first and 60 kB for a list."""
    context = chromium.new_context(base_url=served.url, locale="zh-CN")
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    loaded: list[float] = []
    protocol.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(PAGES["leads"], wait_until="networkidle")
    assert 5_000 < sum(loaded) < 300_000
    loaded.clear()
    page.goto(PAGES["leads"] + "&offset=20", wait_until="networkidle")
    assert max(loaded) < 60_000
    context.close()
