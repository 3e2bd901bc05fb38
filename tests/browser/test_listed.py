"""The console on the listed companies: long lists, long names, and needs without zones."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from playwright.sync_api import expect

from features.imports.importing import import_table
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from tests.browser.opening import Served
from tests.browser.test_console import WIDTHS, check
from tests.pool import HashedEncoder
from training.publishing import train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SHARED = Path(__file__).parents[2] / os.environ.get("LIANZHAO_SHARED", "../shared/data")
FILES = {"enterprises": "enterprises", "needs": "needs", "judgements": "relevance"}
NEED = "果蔬加工"
PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine."""
PAGES = {
    "leads": "/console/leads?need_id={need_id}",
    "a province": "/console/leads?need_id={need_id}&province=江苏省",
    "need given": "/console/need?text=LED支架、载带配套",
    "chain": "/console/chain",
    "map": "/console/map?need_id={need_id}",
    "print": "/console/print?need_id={need_id}",
    "trip": "/console/trip?need_id={need_id}",
    "versions": "/console/versions",
    "quality": "/console/quality",
}


@pytest.fixture(scope="session")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a third of the listed companies, trained once without the encoder of sentences.

    Their lists are long all the same, and training takes a third of the time.
    """
    folder = SHARED / "listed"
    if not (folder / "enterprises.csv").is_file():
        pytest.skip(f"no {folder}: set LIANZHAO_SHARED to the folder of the shared data")
    home = tmp_path_factory.mktemp("listed")
    workspace = Workspace(home / "home")
    rows = {
        table: pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        for table, name in FILES.items()
    }
    rows["enterprises"] = rows["enterprises"].gather_every(3)
    rows["judgements"] = rows["judgements"].join(
        rows["enterprises"], left_on="enterprise_id", right_on="企业编号", how="semi"
    )
    for table, own in rows.items():
        own.write_csv(home / f"{table}.csv")
        import_table(workspace, table, home / f"{table}.csv")
    train(workspace, ModelRegistry(workspace), HashedEncoder())
    with Served.on(workspace.home) as found:
        yield found


@pytest.fixture
def page(chromium: Browser, listed: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page on the listed companies."""
    context = chromium.new_context(
        viewport={"width": getattr(request, "param", 1440), "height": 900},
        locale="zh-CN",
        base_url=listed.url,
    )
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def need_id(listed: Served) -> str:
    """Return the id of a need with many candidates."""
    needs = Workspace(listed.home).read("needs")
    return str(needs.filter(needs["industry"] == NEED)["need_id"].first())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_for_everybody(page: Page, need_id: str, name: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(PAGES[name].format(need_id=need_id))
        check(page)


def test_a_list_opens_an_enterprise_and_is_printed(page: Page, need_id: str) -> None:
    page.goto(PAGES["leads"].format(need_id=need_id))
    expect(page.locator("td.rank")).to_have_count(20, timeout=PATIENCE)
    name = page.locator("td.name a").first.inner_text()
    page.locator("td.name a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name, timeout=PATIENCE)
    page.go_back()
    page.get_by_role("link", name="打印").click()
    expect(page.locator("table.list tbody tr")).to_have_count(10, timeout=PATIENCE)
    expect(page.locator("table.list tbody tr").first).to_contain_text(name, timeout=PATIENCE)


def test_a_filtered_list_names_what_is_unknown_in_chinese(page: Page, need_id: str) -> None:
    page.goto(PAGES["a province"].format(need_id=need_id))
    expect(page.locator(".listhead")).to_contain_text("家因「省份」未知未列入", timeout=PATIENCE)
    checked = page.get_by_role("checkbox", name=re.compile("^江苏省"))
    expect(checked).to_be_checked(timeout=PATIENCE)
    page.get_by_role("checkbox", name=re.compile("^长三角")).check()
    page.wait_for_url(re.compile("region="))
    expect(page.locator("td.rank").first).to_have_text("1", timeout=PATIENCE)


def test_later_pages_fetch_no_static_file_again(page: Page, need_id: str) -> None:
    page.goto(PAGES["leads"].format(need_id=need_id))
    page.goto(PAGES["leads"].format(need_id=need_id) + "&offset=20")
    expect(page.locator("td.rank").first).to_have_text("21", timeout=PATIENCE)
    fetched = page.evaluate(
        "performance.getEntriesByType('resource').filter(one => one.transferSize > 0)"
        ".map(one => one.name)"
    )
    assert fetched == []
