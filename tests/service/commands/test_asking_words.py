import json

import polars as pl
import pytest

from tests.pool import NEED_IDS, SUBJECTS
from tests.service.language_model import language_model, words

NAMES, TEXT = list(SUBJECTS), "植物提取物"


@pytest.fixture
def server(monkeypatch):
    with language_model() as server:
        server.content = words(NAMES[0], "载带")
        monkeypatch.setenv("LIANZHAO_WORDS_URL", server.url)
        monkeypatch.setenv("LIANZHAO_WORDS_MODEL", "qwen")
        monkeypatch.setenv("LIANZHAO_WORDS_KEY", "geheim")
        yield server


def test_a_text_is_understood_by_the_model(run, home, server):
    ended = run("recommend", "--text", TEXT, "-k", 3, "--json")
    assert ended.code == 0
    page = json.loads(ended.out)
    assert "载带" in [word["word"] for word in page["understood"]["words"]]
    assert (server.asked[0]["key"], server.asked[0]["body"]["model"]) == ("Bearer geheim", "qwen")
    assert "geheim" not in ended.out + ended.err


def test_a_model_that_is_away_is_reported(run, home, server):
    server.status = 500
    ended = run("recommend", "--text", TEXT, "-k", 3)
    assert ended.code == 0
    assert "the thesaurus alone is used" in ended.err
    assert "geheim" not in ended.out + ended.err


def test_a_batch_asks_for_what_is_new_and_needs_no_network_later(run, home, server, tmp_path):
    needs = tmp_path / "needs.csv"
    needs.write_text(f"need_id,industry\na,{TEXT}\nb,另一个需求\n", encoding="utf-8")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    assert run("recommend", "--needs", needs, "--out", first, "-k", 5).code == 0
    assert sorted(server.texts) == sorted([TEXT, "另一个需求"])
    server.content = words("别的产品")
    server.shutdown()
    ended = run("recommend", "--needs", needs, "--out", second, "-k", 5)
    assert (ended.code, "thesaurus" in ended.err) == (0, False)
    assert pl.read_csv(first).equals(pl.read_csv(second))


def test_words_of_all_needs_are_asked_for_ahead(run, home, server):
    ended = run("words", "--json")
    assert ended.code == 0
    done = json.loads(ended.out)
    assert done == {"known": 0, "asked": len(set(SUBJECTS)), "without": 0}
    assert json.loads(run("words", "--json").out)["known"] == done["asked"]
    server.content = words("别的产品")
    assert "asked" in run("words", "--again").out
    page = json.loads(run("recommend", "--need", NEED_IDS[0], "--json").out)
    assert "别的产品" in [word["word"] for word in page["understood"]["words"]]


def test_without_a_language_model_nothing_can_be_asked(run, home):
    ended = run("words")
    assert ended.code == 2
    assert "LIANZHAO_WORDS_URL" in ended.said
