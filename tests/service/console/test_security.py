"""What the console keeps out: scripts, forged forms, frames, other zones, keys that ended."""

from __future__ import annotations

import io
import re
import time
import zipfile
from html.parser import HTMLParser
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import iter_route_contexts

from service.access.keys import CONSOLE_RIGHTS
from service.api.app import create_app
from service.console.layer import POLICY
from service.console.sessions import COOKIE, Sessions
from service.database import ledger
from service.settings import Settings
from tests.service.console.conftest import HOSTILE, opened
from tests.service.console.pages import ENTERPRISE, NEED, OTHER, ZONE, addresses, sign_in, token
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from service.database.key_store import KeyStore

PAGES = addresses(NEED, ENTERPRISE, OTHER, ZONE)


class Tags(HTMLParser):
    """Collects what a browser would take for tags and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def check_inert(page: str) -> None:
    """Nothing runs: no script but the console's, no handler, no style, no address that runs."""
    for tag, attributes in Tags(page).tags:
        if tag == "script":
            assert re.fullmatch(r"/console/static/console\.js\?v=\w+", attributes["src"] or "")
        assert tag not in {"iframe", "object", "embed", "base", "style"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name != "style"
            if name in {"href", "src", "action", "formaction", "xlink:href"}:
                assert re.match(r"/console|#", value or ""), value


@pytest.mark.parametrize("address", PAGES)
def test_no_text_of_an_import_becomes_a_script(hostile: TestClient, address: str) -> None:
    page = hostile.get(address)
    assert page.status_code == 200, page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    check_inert(page.text)
    assert "<script>alert" not in page.text


def test_the_texts_are_there_all_the_same(hostile: TestClient) -> None:
    page = hostile.get(f"/console/leads?need_id={NEED}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_what_is_asked_for_comes_back_as_text(reading: TestClient) -> None:
    for text in HOSTILE:
        for address in (
            "/console/need",
            "/console/leads",
            "/console/sign-in",
            "/console/enterprise",
        ):
            names = ("text", "need_id", "zone_id", "next", "why", "enterprise_id", "word", "more")
            page = reading.get(address, params=dict.fromkeys(names, text))
            check_inert(page.text)


def test_an_excel_list_has_no_formula(hostile: TestClient) -> None:
    content = hostile.get(f"/console/leads.xlsx?need_id={NEED}").content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
        assert not [name for name in book.namelist() if "rels" in name and "hyperlink" in name]
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=cmd|" in texts


@pytest.mark.parametrize("address", [*PAGES, "/console/nothing", "/console/sign-in?a=1"])
def test_every_answer_forbids_frames_and_foreign_scripts(reading: TestClient, address: str) -> None:
    headers = reading.get(address).headers
    assert headers.get_list("content-security-policy") == [POLICY]
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_static_files_are_kept_by_browsers_under_the_address_of_their_content(
    reading: TestClient,
) -> None:
    page = reading.get("/console/quality").text
    addresses = re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', page)
    assert len(addresses) == 3
    for address in addresses:
        assert "immutable" in reading.get(address).headers["cache-control"]
        for other in (address.partition("?")[0], f"{address}0"):
            found = reading.get(other)
            assert found.headers["cache-control"] == "no-cache"
            again = reading.get(other, headers={"If-None-Match": found.headers["etag"]})
            assert again.status_code == 304


def routes() -> list[tuple[str, str]]:
    """Return method and path of every route of the console."""
    found = [
        (method, route.path_format)
        for route in iter_route_contexts(create_app(Settings.load()).routes)
        if (route.path_format or "").startswith("/console")
        for method in route.methods or ()
    ]
    assert ("POST", "/console/versions/activate") in found
    return found


def test_every_form_wants_the_token_of_its_session(reading: TestClient) -> None:
    for path in [path for method, path in routes() if method == "POST"]:
        for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "é"}):
            given: dict[str, Any] = {"data": fields}
            if path == "/console/data":
                given["files"] = {"file": ("a.csv", b"a,b\n1,2\n")}
            answer = reading.post(path, **given)
            assert answer.status_code == 403, path
            assert "forged-form" in answer.text


def test_a_token_of_another_session_is_no_good(home: Path, keys: KeyStore) -> None:
    _, first = keys.add("official", ("z0",))
    _, second = keys.add("official", ("z0",))
    with opened(home) as one, opened(home) as two:
        sign_in(one, first)
        sign_in(two, second)
        stolen = token(one.get("/console/leads").text)
        assert two.post("/console/language", data={"csrf": stolen}).status_code == 403
        assert one.post("/console/language", data={"csrf": stolen}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(console: TestClient, headers: dict[str, str]) -> None:
    fields = {"csrf": token(console.get("/console/leads").text)}
    assert console.post("/console/language", data=fields, headers=headers).status_code == 403
    assert console.post("/console/language", data=fields).status_code == 303


def test_sign_in_leads_nowhere_else(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("administrator")
    with opened(home) as client:
        for target in (
            "https://evil.example",
            "//evil.example",
            "/console//evil.example",
            "/\\evil.example",
            "/console/..//evil.example",
            "/console/\\evil.example",
            "javascript:alert(1)",
            "/console/\nx",
            "/v1/models",
        ):
            answer = sign_in(client, key, next=target)
            assert answer.headers["location"] == "/console/leads", target
            assert target not in client.get("/console/sign-in", params={"next": target}).text


def test_sign_in_leads_back_to_what_was_asked_for(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z0",))
    with opened(home) as client:
        answer = client.get(f"/console/map?need_id={NEED}")
        assert answer.status_code == 303
        page = client.get(answer.headers["location"])
        wanted = re.search(r'name="next" value="([^"]+)"', page.text)
        assert wanted is not None
        back = sign_in(client, key, next=wanted[1])
        assert client.get(back.headers["location"]).status_code == 200


def test_a_session_is_a_new_one_at_every_sign_in(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z0",))
    with opened(home) as client:
        client.cookies.set(COOKIE, "chosen-by-somebody", path="/console")
        first = sign_in(client, key).headers["set-cookie"]
        second = sign_in(client, key).headers["set-cookie"]
    assert first != second
    assert "chosen-by-somebody" not in first
    for part in ("HttpOnly", "SameSite=strict", "Path=/console"):
        assert part.lower() in first.lower()
    assert key not in first


def test_the_cookie_is_for_tls_alone_where_there_is_tls(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z0",))
    with opened(home) as client:
        client.base_url = "https://leads.example"
        assert "secure" in sign_in(client, key).headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "change",
    [lambda c: c[:-9] + ("A" if c[-9] != "A" else "B") + c[-8:], lambda c: "x." + c, lambda c: ""],
)
def test_a_forged_cookie_is_nobody(home: Path, keys: KeyStore, change: Any) -> None:
    key_id, _ = keys.add("administrator")
    cookie = Sessions(home).signed(key_id)
    with opened(home) as client:
        client.cookies.set(COOKIE, cookie)
        assert client.get("/console/leads").status_code == 200
        client.cookies.set(COOKIE, change(cookie))
        assert client.get("/console/leads").status_code == 303


def test_a_cookie_signed_elsewhere_is_nobody(home: Path, keys: KeyStore, tmp_path: Path) -> None:
    key_id, _ = keys.add("administrator")
    with opened(home) as client:
        client.cookies.set(COOKIE, Sessions(tmp_path / "elsewhere").signed(key_id))
        assert client.get("/console/leads").status_code == 303


def test_the_cookie_opens_no_call_of_the_api(home: Path, keys: KeyStore) -> None:
    key_id, _ = keys.add("administrator")
    with opened(home) as client:
        client.cookies.set(COOKIE, Sessions(home).signed(key_id))
        assert client.get("/v1/needs").status_code == 401
        assert client.post("/v1/models/rollback").status_code == 401


def test_a_revoked_key_is_out_with_the_next_check(home: Path, keys: KeyStore) -> None:
    key_id, key = keys.add("official", ("z0",))
    with opened(home) as client:
        sign_in(client, key)
        assert client.get("/console/leads").status_code == 200
        keys.revoke(key_id)
        assert ledger._EVERY < 1
        answers = (client.get("/console/leads") for _ in repeat(None))
        answer = until(lambda: found if (found := next(answers)).status_code != 200 else None)
        assert answer is not None
        assert answer.status_code == 303
        assert "why=revoked-key" in answer.headers["location"]
        assert "已停用" in client.get(answer.headers["location"]).text


def test_an_old_session_ends(home: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, _ = keys.add("official", ("z0",))
    cookie = Sessions(home).signed(key_id)
    with opened(home) as client:
        client.cookies.set(COOKIE, cookie)
        assert client.get("/console/leads").status_code == 200
        now = time.time() + 12 * 3600 + 5
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now)
        assert client.get("/console/leads").status_code == 303


def test_a_wrong_key_is_reported_and_not_signed_in(home: Path, keys: KeyStore) -> None:
    keys.add("administrator")
    with opened(home) as client:
        answer = sign_in(client, "lz_guess")
        assert answer.status_code == 401
        assert "密钥不正确" in answer.text
        assert "lz_guess" not in answer.text
        assert client.get("/console/leads").status_code == 303


def test_an_official_finds_nothing_of_another_zone(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z1",))
    with opened(home) as client:
        sign_in(client, key)
        for address in PAGES:
            page = client.get(address)
            if "z0" in address:
                assert page.status_code in {403, 404}, address
            assert "z0/" not in page.text.replace("z0/LED封装", "") or page.status_code != 200
            if page.status_code == 200:
                assert "长治高新区" not in page.text, address
        assert client.get(f"/console/leads.xlsx?need_id={NEED}").status_code in {403, 404}
        own = client.get(f"/console/enterprise/suits?enterprise_id={ENTERPRISE}").text
        assert "z1/" in own.replace("%2F", "/")
        assert "z0/" not in own.replace("%2F", "/")
        form = {"csrf": token(own), "enterprise_id": ENTERPRISE, "need_id": NEED}
        answer = client.post(
            "/console/events", data={**form, "stage": "contacted", "date": "2026-01-05"}
        )
        assert answer.status_code == 403


def test_pages_are_for_their_roles(home: Path, keys: KeyStore) -> None:
    made = {
        role: keys.add(role, ("z0",) if role == "official" else ())[0]
        for role in ("official", "front-end", "analyst")
    }
    with opened(home) as client:
        for role, address, status in (
            ("official", "/console/data", 403),
            ("official", "/console/versions", 403),
            ("front-end", "/console/events", 403),
            ("front-end", "/console/leads", 200),
            ("analyst", "/console/versions", 200),
            ("analyst", "/console/data", 200),
        ):
            client.cookies.set(COOKIE, Sessions(home).signed(made[role]))
            assert client.get(address).status_code == status, (role, address)
            shown = f'href="{address}"' in client.get("/console/leads").text
            assert shown == (status == 200), (role, address)


def test_every_page_stands_in_the_rights_once() -> None:
    found = [route for route in routes() if "sign-in" not in route[1]]
    assert len(found) > 15
    for method, path in found:
        named = [r for r in CONSOLE_RIGHTS if r[0] == method and re.fullmatch(r[1], path)]
        assert len(named) == 1, f"{method} {path}"


def test_under_a_path_cookie_and_links_follow_it(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("official", ("z0",))
    with opened(home, root_path="/leads") as client:
        page = client.get("/console/sign-in").text
        assert 'action="/leads/console/sign-in"' in page
        form = {"csrf": token(page), "key": key}
        answer = client.post("/console/sign-in", data=form)
        assert answer.headers["location"] == "/leads/console/leads"
        assert "Path=/leads/console" in answer.headers["set-cookie"]


def test_the_token_of_a_form_is_masked_anew_in_each_page(console: TestClient) -> None:
    pages = [console.get("/console/leads").text for _ in range(2)]
    first, second = (token(page) for page in pages)
    assert first != second
    halves = {text[: len(text) // 2] for text in (first, second)}
    assert len(halves) == 2
    for own in (first, second):
        answer = console.post("/console/language", data={"csrf": own, "language": "zh"})
        assert answer.status_code != 403
    for wrong in (first[:-2], first[:-1] + ("0" if first[-1] != "0" else "1"), "x", "", "ab" * 64):
        answer = console.post("/console/language", data={"csrf": wrong, "language": "zh"})
        assert answer.status_code == 403


def test_every_link_of_every_page_has_the_path_before_it(home: Path, keys: KeyStore) -> None:
    _, key = keys.add("administrator")
    with opened(home, root_path="/leads") as client:
        page = client.get("/console/sign-in").text
        signed_in = client.post(
            "/leads/console/sign-in", data={"csrf": token(page), "key": key, "next": "//evil"}
        )
        assert signed_in.headers["location"] == "/leads/console/leads"
        paths = [path for method, path in routes() if method == "GET" and "{" not in path]
        seen = 0
        for path in paths:
            answer = client.get(f"/leads{path}")
            if answer.status_code != 200 or "html" not in answer.headers["content-type"]:
                continue
            seen += 1
            for address in re.findall(r'(?:href|action|src|data-\w+)="(/[^"]*)"', answer.text):
                assert address.startswith("/leads/"), f"{path}: {address}"
        assert seen > 5
        language = client.post(
            "/leads/console/language",
            data={"csrf": token(client.get("/leads/console/leads").text), "language": "en"},
            headers={"Referer": "http://127.0.0.1:8000/leads/console/events"},
        )
        assert language.headers["location"] == "/leads/console/events"
        assert "Path=/leads/console" in language.headers["set-cookie"]
