import asyncio
import socket
import time

import pytest

from service.serving.words.model import Given, WordModel, word_model
from service.serving.words.store import NAME, WordStore
from service.settings import Settings
from tests.service.language_model import language_model, words
from tests.waiting import SECONDS, until


@pytest.fixture
def server():
    with language_model() as server:
        yield server


@pytest.fixture
def model(server, tmp_path):
    model = asked_at(server.url, tmp_path)
    yield model
    model.close()


def asked_at(url, folder, name="qwen", key=None, timeout=10.0, pause=30):
    return WordModel(url, name, key, timeout, WordStore(folder / NAME), pause)


def test_only_the_need_s_text_is_sent_and_once(model, server):
    assert model.known("LED封装") == Given((), "unasked")
    assert model.ask("LED封装").result() == Given(("led支架", "载带"))
    assert model.ask("ＬＥＤ封裝").result() == Given(("led支架", "载带"))
    assert model.known("led封装").words == ("led支架", "载带")
    assert server.texts == ["led封装"]
    [asked] = server.asked
    assert (asked["path"], asked["key"]) == ("/v1/chat/completions", None)
    assert asked["body"]["model"] == "qwen"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/api/v3/", "/api/v3/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/openai?version=2", "/openai/chat/completions?version=2"),
    ],
)
def test_the_address_may_be_the_server_s_or_that_of_the_call(server, tmp_path, path, expected):
    model = asked_at(server.url.removesuffix("/v1") + path, tmp_path, key="geheim")
    assert model.ask("LED封装").result().words
    assert (server.asked[0]["path"], server.asked[0]["key"]) == (expected, "Bearer geheim")


def test_what_was_given_is_kept_for_other_processes_and_without_a_server(model, server, tmp_path):
    model.ask("LED封装").result()
    server.content = words("别的产品")
    server.shutdown()
    later = asked_at(server.url, tmp_path)
    assert later.known("LED封装").words == ("led支架", "载带")
    assert later.ask("LED封装").result().words == ("led支架", "载带")
    assert asked_at(server.url, tmp_path, name="other").known("LED封装") == Given((), "unasked")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"content": "好的，LED封装的产品有支架。"}, "wrong"),
        ({"content": words(*map(str, range(10, 1010)))}, "wrong"),
        ({"body": b"<html>"}, "wrong"),
        ({"body": b"x" * 1_000_000}, "wrong"),
        ({"body": b""}, "wrong"),
        ({"status": 401}, "away"),
        ({"status": 302}, "away"),
        ({"status": 503}, "away"),
    ],
)
def test_what_is_no_answer_leaves_the_thesaurus_alone(model, server, change, problem):
    for name, value in change.items():
        setattr(server, name, value)
    assert model.ask("LED封装").result() == Given((), problem)
    assert model.store.get("qwen", "led封装") is None


def test_a_wrong_answer_is_not_asked_for_again_at_once(model, server):
    server.content = "支架"
    model.ask("LED封装").result()
    assert model.known("LED封装") == Given((), "wrong")
    server.content = words("LED支架")
    assert model.ask("LED封装").result() == Given((), "wrong")
    model._failed.clock = lambda: time.monotonic() + 61
    assert model.ask("LED封装").result().words == ("led支架",)


@pytest.mark.parametrize("slow", [{"delay": SECONDS}, {"drip": SECONDS / 4}])
def test_an_answer_that_comes_too_late_is_not_waited_for(server, tmp_path, slow):
    for name, value in slow.items():
        setattr(server, name, value)
    model = asked_at(server.url, tmp_path, timeout=0.3)
    started = time.monotonic()
    assert model.ask("LED封装").result() == Given((), "slow")
    assert time.monotonic() - started < SECONDS / 4


def test_a_server_that_is_away_is_left_alone_for_a_while(server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    model = asked_at(f"http://127.0.0.1:{port}/v1", tmp_path, pause=60)
    for text in ("甲醇", "乙醇", "丙醇"):
        assert model.state == "up"
        assert model.ask(text).result() == Given((), "away")
    assert model.state == "down"
    model._server = asked_at(server.url, tmp_path)._server
    assert model.ask("丁醇").result() == Given((), "away")
    assert server.asked == []
    model._breaker._opened -= 61
    assert model.ask("丁醇").result().words == ("led支架", "载带")
    assert model.state == "up"


def test_equal_texts_asked_at_once_are_asked_once(model, server):
    server.delay = 0.2
    flights = [model.ask("LED封装") for _ in range(20)]
    assert {flight.result() for flight in flights} == {Given(("led支架", "载带"))}
    assert len(server.asked) == 1


def test_too_many_texts_at_once_are_not_waited_for(model, server):
    server.delay = SECONDS
    flights = [model.ask(f"产品{number}") for number in range(70)]
    done = [flight.result() for flight in flights if flight.done()]
    assert done.count(Given((), "busy")) == 6


def test_a_request_waits_no_longer_than_set_also_behind_others(server, tmp_path):
    model = asked_at(server.url, tmp_path)
    assert model.ask("产品0").result().words
    model.timeout, server.delay = 1.0, SECONDS

    async def ask():
        return await asyncio.gather(*(model.asked(f"产品{number}") for number in range(20)))

    started = time.monotonic()
    found = asyncio.run(ask())
    assert time.monotonic() - started < SECONDS / 4
    assert {given.problem for given in found} == {"", "slow"}


def test_many_texts_are_asked_for_ahead(model, server):
    told = []
    server.content = lambda text: words("LED支架") if text != "乙醇" else "?"
    model.ask("LED封装").result()
    done = model.warm(["甲醇", "乙醇", "LED封装", "ＬＥＤ封装"], lambda *count: told.append(count))
    assert done == {"known": 1, "asked": 1, "without": 1}
    assert told == [(2, 2)]


def test_an_end_does_not_wait_for_an_answer(server, tmp_path):
    server.delay = SECONDS
    model = asked_at(server.url, tmp_path)
    flight = model.ask("LED封装")
    until(lambda: server.asked)
    started = time.monotonic()
    model.close()
    assert flight.result().problem == "away"
    for thread in model._threads._threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert time.monotonic() - started < SECONDS / 4


def test_there_is_none_by_default(tmp_path):
    assert word_model(Settings(home=tmp_path)) is None
    model = word_model(Settings(home=tmp_path, words_url="http://h/v1", words_model="qwen"))
    assert (model.model, model.timeout, model.store.path) == ("qwen", 8.0, tmp_path / NAME)
