"""A browser and a served workspace for the tests of the console; skipped where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.opening import CHROMIUM, Served, browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Open a browser for one file of tests: while open it holds the event loop of the thread."""
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium")
    with browser() as found:
        yield found


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, trained_home: Path) -> Iterator[Served]:
    """Serve a copy of the small pool without keys."""
    home = shutil.copytree(trained_home, tmp_path_factory.mktemp("served") / "home")
    with Served.on(home) as found:
        yield found


@pytest.fixture
def page(chromium: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page of 1440 pixels that notes whatever goes wrong, and asks no other host."""
    width = getattr(request, "param", 1440)
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, locale="zh-CN", base_url=served.url
    )
    page = context.new_page()
    wrong: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: hosts.add(asked.url.split("/")[2]))
    yield page
    assert not [text for text in wrong if "status of 4" not in text], wrong
    assert hosts <= {served.url.split("/")[2]}
    context.close()
