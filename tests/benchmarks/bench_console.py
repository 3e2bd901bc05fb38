"""The console on the listed companies: how soon a list is on the screen, and what it weighs.

Debian's Chromium opens lists over the loopback interface: the first one of a visit with nothing
cached, later ones of the same visit; then a list that is kept is asked for again and again, and by
200 visitors who click once in two seconds.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from features.workspace import Workspace
from tests.benchmarks.report import SkippedError, progress, report
from tests.browser.opening import CHROMIUM, Served, browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.benchmarks.listed import Listed

VISITS, LATER = 10, 20
VISITORS, CLICKS, PAUSE = 200, 5, 2.0
_ROW = "td.rank"


def run(listed: Listed) -> None:
    if not Path(CHROMIUM).is_file():
        raise SkippedError(f"no browser at {CHROMIUM} (Debian: apt-get install chromium)")
    ids = Workspace(listed.workspace).read("needs")["need_id"].to_list()
    pages = [f"/console/leads?need_id={quote(need_id, safe='')}" for need_id in ids]
    with Served.on(listed.workspace, encoder="") as served:
        _fetched(HTTPConnection(served.url.partition("//")[2]), pages[-1])
        on_screen(served.url, pages)
        again(served.url, pages[0])
        crowd(served.url, pages[: VISITS + LATER])


def on_screen(url: str, pages: list[str]) -> None:
    """Report the time to the first list of a visit and to later ones, and what they weigh."""
    progress("console: lists on the screen")
    first, later, weights, own = [], [], [], []
    with browser() as chromium:
        for visit in range(VISITS):
            context = chromium.new_context(
                viewport={"width": 1440, "height": 900}, locale="zh-CN", base_url=url
            )
            page = context.new_page()
            first.append(_opened(page, pages[visit]))
            weights.append(_bytes(page))
            for at in range(LATER // VISITS):
                later.append(_opened(page, pages[VISITS + 2 * visit + at]))
                own.append(
                    page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
                )
            context.close()
    report(
        "console.first_list.milliseconds", median(first), "ms", target="<= 1000", most=max(first)
    )
    report("console.later_list.milliseconds", median(later), "ms", target="<= 200", most=max(later))
    report("console.first_list.kilobytes", median(weights) / 1000, "kB", target="<= 300")
    report("console.list.kilobytes", median(own) / 1000, "kB", target="<= 60")


def _opened(page: Page, path: str) -> float:
    """Open a list and return the milliseconds until its first lead is on the screen."""
    begin = time.perf_counter()
    page.goto(path, wait_until="commit")
    page.locator(_ROW).first.wait_for(state="visible")
    return 1000 * (time.perf_counter() - begin)


def _bytes(page: Page) -> float:
    """Return the bytes that came over the wire for all of a page."""
    return float(
        page.evaluate(
            "[...performance.getEntriesByType('navigation'), "
            "...performance.getEntriesByType('resource')]"
            ".reduce((total, one) => total + one.transferSize, 0)"
        )
    )


def again(url: str, page: str) -> None:
    """Report the time of a repeated list, including the client's."""
    connection = HTTPConnection(url.partition("//")[2])
    taken = [_fetched(connection, page) for _ in range(200)]
    report("console.kept_list.milliseconds", median(taken), "ms", target="<= 10")


def crowd(url: str, pages: list[str]) -> None:
    """Report the slowest hundredth where many visitors click at their own pace."""
    progress(f"console: {VISITORS} visitors, a click in {PAUSE:g} s each")
    host, generator = url.partition("//")[2], np.random.default_rng(0)
    connection = HTTPConnection(host)
    for page in pages:
        _fetched(connection, page)

    def visitor(begin: float, clicks: list[int]) -> list[float]:
        own, taken = HTTPConnection(host), []
        time.sleep(begin)
        for at in clicks:
            taken.append(_fetched(own, pages[at]))
            time.sleep(max(PAUSE - taken[-1] / 1000, 0))
        return taken

    starts = generator.uniform(0, PAUSE, VISITORS).tolist()
    clicks = generator.integers(len(pages), size=(VISITORS, CLICKS)).tolist()
    with ThreadPoolExecutor(VISITORS) as visitors:
        taken = [one for own in visitors.map(visitor, starts, clicks) for one in own]
    late = float(np.percentile(taken, 99))
    report("console.crowd.p99", late, "ms", target="<= 300", median=round(median(taken), 1))


def _fetched(connection: HTTPConnection, page: str) -> float:
    """Ask for a page and return the milliseconds until all of it is there."""
    begin = time.perf_counter()
    connection.request("GET", page)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == HTTPStatus.OK, (page, answer.status)
    return 1000 * (time.perf_counter() - begin)
