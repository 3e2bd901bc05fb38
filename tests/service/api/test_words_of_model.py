"""The words of a language model in answers over HTTP, with a server that comes and goes."""

import threading
import time
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from service.api.app import create_app
from service.settings import Settings
from tests.pool import NEED_IDS, SUBJECTS
from tests.service.language_model import language_model, words
from tests.waiting import SECONDS, until

NAMES, TEXT = list(SUBJECTS), "植物提取物"
PATH = "/v1/recommendations"


@pytest.fixture
def server():
    with language_model() as server:
        server.content = words(NAMES[0], "载带")
        yield server


@pytest.fixture
def start(home):
    @contextmanager
    def started(**settings):
        app = create_app(Settings.load(home=home, encoder="tests.pool:HashedEncoder", **settings))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            yield client

    return started


def asked(client, text=TEXT, **need):
    return client.post(PATH, json={"need": {"industry": text, **need}, "limit": 5})


def of_model(page):
    given = page["understood"]["words"]
    return [word["word"] for word in given if word.get("from") == "language model"]


def sources(page):
    return {concept["from"] for concept in page["understood"]["concepts"]}


def test_words_of_the_model_lead_the_list_and_say_where_they_are_from(start, server):
    with start(words_url=server.url) as client:
        first = asked(client)
        page = first.json()
        assert first.status_code == 200
        assert of_model(page) == [NAMES[0].lower(), "载带"]
        assert "language model" in sources(page)
        assert page["understood"]["note"] is None
        again = asked(client)
        assert (again.headers["x-cache"], again.content) == ("hit", first.content)
    assert server.texts == [TEXT]
    with start() as client:
        plain = asked(client).json()
    assert of_model(plain) == []
    assert plain["understood"]["note"] is None
    assert plain["leads"] != page["leads"]


def test_pages_with_and_without_words_of_the_model_are_never_of_one_list(start, server):
    def page(client, offset=0, of=None):
        body = {"need": {"industry": TEXT}, "limit": 5, "offset": offset, "list_id": of}
        return client.post(PATH, json={name: own for name, own in body.items() if own is not None})

    with start(words_url=server.url) as client:
        server.status = 500
        without = page(client).json()["list_id"]
        assert page(client, 5, without).json()["list_id"] == without
    server.status = 200
    with start(words_url=server.url) as client:
        with_words = page(client).json()["list_id"]
        assert with_words != without
        gone = page(client, 5, without)
        assert (gone.status_code, gone.json()["code"]) == (409, "list-gone")
        for _ in range(2):  # the second time from the cache
            assert page(client, 5, with_words).json()["list_id"] == with_words
            assert page(client, 5, without).status_code == 409
    with start() as client:
        assert page(client, 5, without).json()["list_id"] == without
        assert page(client, 5, with_words).status_code == 409


def test_lists_stay_the_same_after_a_restart_and_without_the_server(start, server):
    with start(words_url=server.url) as client:
        first = asked(client)
    server.content = words("别的产品")
    server.shutdown()
    with start(words_url=server.url) as client:
        assert asked(client).json()["leads"] == first.json()["leads"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": 500}, "语言模型未应答，仅按产业与产品词表理解"),
        ({"delay": 2.0}, "语言模型未在规定时间内应答，仅按产业与产品词表理解"),
        ({"content": "<b>支架</b>"}, "语言模型的回答不可用，仅按产业与产品词表理解"),
    ],
)
def test_without_an_answer_the_thesaurus_stands_alone_and_the_page_says_so(
    start, server, change, said
):
    with start() as client:
        expected = asked(client).json()
    for name, value in change.items():
        setattr(server, name, value)
    with start(words_url=server.url, words_timeout=0.5 if "delay" in change else 60.0) as client:
        page = asked(client).json()
        assert page["understood"]["note"] == said
        assert sources(page) <= {"thesaurus", "chain map"}
        assert page["leads"] == expected["leads"]
        english = client.post(
            PATH, json={"need": {"industry": TEXT}}, headers={"Accept-Language": "en"}
        ).json()
        assert english["understood"]["note"].endswith(": the thesaurus alone was used")


def test_words_are_there_once_the_server_is_back(start, server):
    server.status = 503
    with start(words_url=server.url) as client:
        assert of_model(asked(client).json()) == []
        server.status = 200
        page = asked(client)
        assert of_model(page.json())
        assert page.headers["x-cache"] == "miss"


def test_an_unreachable_server_is_reported_by_readiness(start, server):
    with start() as client:
        assert client.get("/health/ready").json()["language_model"] == "none"
    server.status = 503
    with start(words_url=server.url) as client:
        assert client.get("/health/ready").json()["language_model"] == "up"
        for text in ("甲醇", "乙醇", "丙醇", "丁醇"):
            asked(client, text)
        told = client.get("/health/ready").json()
        assert (told["language_model"], told["degraded"]) == ("down", ["language_model"])
    assert len(server.asked) == 3


def test_other_requests_do_not_wait(start, server):
    with start(words_url=server.url, words_timeout=60.0) as client:
        known = client.get(PATH, params={"need_id": NEED_IDS[0]})
        server.delay = SECONDS
        waiting = [
            threading.Thread(target=asked, args=(client, f"需求{number}")) for number in range(30)
        ]
        for thread in waiting:
            thread.start()
        until(lambda: server.asked)
        started = time.monotonic()
        assert client.get(PATH, params={"need_id": NEED_IDS[0]}).content == known.content
        assert client.get(PATH, params={"need_id": NEED_IDS[0], "limit": 3}).status_code == 200
        assert client.get("/v1/zones").status_code == 200
        assert time.monotonic() - started < 30
        server.release()
        for thread in waiting:
            thread.join()


def test_words_that_are_sent_back_are_taken_without_asking(start, server):
    with start(words_url=server.url) as client:
        page = asked(client).json()
        edited = [word for word in page["understood"]["words"] if word["word"] != "载带"]
        answer = asked(client, words=edited)
        assert answer.status_code == 200
        assert [word["word"] for word in answer.json()["understood"]["words"]] == [
            word["word"] for word in edited
        ]
    assert len(server.asked) == 1


def test_nothing_of_profiles_is_sent(start, server):
    with start(words_url=server.url) as client:
        for need_id in NEED_IDS:
            client.get(PATH, params={"need_id": need_id})
    assert sorted(set(server.texts)) == sorted({need.lower() for need in SUBJECTS})
    for asked_for in server.asked:
        assert set(asked_for["body"]) == {
            *("model", "messages", "temperature", "max_tokens", "response_format"),
        }
