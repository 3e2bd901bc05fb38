"""Cached pages equal newly rendered ones, for every caller."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from service.console.sessions import COOKIE, Sessions
from tests.service.console.conftest import opened
from tests.service.console.pages import ENTERPRISE, NEED, ZONE, token

if TYPE_CHECKING:
    from pathlib import Path

    from service.console.kept import KeptPages
    from service.database.key_store import KeyStore

CALLERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "official of z0": ("official", ("z0",)),
    "official of z1": ("official", ("z1",)),
    "official of both": ("official", ("z0", "z1")),
    "administrator": ("administrator", ()),
}
PAGES = (
    "/console/leads",
    f"/console/leads?need_id={NEED}",
    f"/console/leads?need_id={NEED}&province=广东省&offset=1",
    f"/console/need?text=LED支架&zone_id={ZONE}",
    "/console/chain?chain_id=led",
    f"/console/map?need_id={NEED}",
)


def test_what_is_kept_reaches_nobody_who_may_not_see_it(home: Path, keys: KeyStore) -> None:
    """Each page, each caller and both languages, in any order: as if nothing were kept."""
    cookies = {
        name: Sessions(home).signed(keys.add(role, zones)[0])
        for name, (role, zones) in CALLERS.items()
    }
    asked = [(name, page, lang) for name in CALLERS for page in PAGES for lang in ("zh", "en")]
    with opened(home) as client:
        kept: KeptPages = client.app.state.kept  # type: ignore[attr-defined]

        def shown(name: str, page: str, language: str) -> tuple[int, str]:
            headers = {"Cookie": f"{COOKIE}={cookies[name]}", "Accept-Language": language}
            answer = client.get(page, headers=headers)
            text = re.sub(r'name="csrf" value="\w+"', "", answer.text)
            return answer.status_code, text if answer.status_code == 200 else ""

        anew = {}
        for one in asked:
            kept.entries.clear()
            anew[one] = shown(*one)
        assert {status for status, _ in anew.values()} == {200, 403, 404}
        kept.entries.clear()
        order = random.Random(0)
        for one in order.sample(asked, len(asked)) + order.sample(asked, len(asked)):
            assert shown(*one) == anew[one], one
        assert len(PAGES) < len(kept.entries) < len(asked)


def test_a_page_is_kept_once_and_says_nothing_of_a_session(home: Path) -> None:
    with opened(home) as client:
        kept: KeptPages = client.app.state.kept  # type: ignore[attr-defined]
        for _ in range(3):
            assert token(client.get(f"/console/leads?need_id={NEED}").text)
        assert len(kept.entries) == 1
        ((_, weight, text),) = kept.entries._entries.values()
        assert not any("csrf" in part or "<form method" in part for part in text)
        assert weight > sum(map(len, text))
        for at in range(40):
            client.get(f"/console/leads?need_id={NEED}&max_age={at + 1}")
            assert kept.entries.weight <= kept.entries.max_bytes


def test_a_page_follows_what_is_recorded(home: Path) -> None:
    with opened(home) as client:
        pages = [client.get(f"/console/leads?need_id={NEED}").text for _ in range(2)]
        form = {"csrf": token(pages[0]), "enterprise_id": ENTERPRISE, "need_id": NEED}
        client.post("/console/events", data={**form, "stage": "negotiation", "date": "2026-01-05"})
        after = client.get(f"/console/leads?need_id={NEED}").text
    assert "2026-01-05" in after
    assert all("2026-01-05" not in page for page in pages)
