"""Malformed input: an answer or a clear error, in bounded time."""

import json
import time

import pytest

from features.need import NeedQuery
from features.space.need_words import MAX_IGNORED, MAX_STATED
from features.words.understanding import MAX_WORDS
from features.words.wants import MAX_PARTS
from service.serving.filters import Filters
from tests.pool import NEED_IDS, tables

NEED = NEED_IDS[0]
NOTHING = "需求中没有说明任何产品或业务"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def page(run, *asked):
    ended = run("recommend", *asked, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("想引进做的企业项目", "想引进"),
        ("专精特新、新质生产力、总部经济", "新质生产力"),
        ("l", "l"),
    ],
)
def test_a_phrase_without_a_product_has_leads_that_are_all_weak(run, home, text, ignored):
    found = page(run, "--text", text, "-k", 5)
    assert ignored in found["understood"]["ignored"]
    assert found["understood"]["concepts"] == []
    assert {lead["fit"] for lead in found["leads"]} == {"weak"}
    assert NOTHING in found["fit_note"]


def test_a_policy_word_beside_a_product_changes_nothing(run, home):
    plain, political = (page(run, "--text", text) for text in ("LED封装", "新质生产力LED封装"))
    assert political["understood"]["ignored"] == ["新质生产力"]
    assert [one["enterprise"] for one in political["leads"]] == [
        one["enterprise"] for one in plain["leads"]
    ]


@pytest.mark.parametrize("text", ["醋", "焦"])
def test_one_character_is_looked_for(run, home, text):
    found = page(run, "--text", text, "-k", 3)
    assert found["understood"]["parts"] == [text]
    assert found["fit_note"] is None or NOTHING not in found["fit_note"]


def test_of_two_hundred_parts_the_first_are_taken(run, home):
    found = page(run, "--text", "、".join(f"第{at}种零件" for at in range(200)), "-k", 3)
    understood = found["understood"]
    assert len(understood["parts"]) == MAX_PARTS
    assert len(understood["ignored"]) == MAX_IGNORED
    assert len(understood["words"]) <= MAX_WORDS
    assert len(found["fit_note"] or "") < 200


WORDS = [f"{at:03}" + "电封装材料光煤化工食品加"[at % 12] * 97 for at in range(1000)]
LONG = {
    "keywords": lambda words: NeedQuery("光电", keywords=words),
    "nodes": lambda words: NeedQuery("光电", nodes=words),
    "industry": lambda words: NeedQuery("".join(words)),
    "parts": lambda words: NeedQuery("、".join(words)),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_longer_need_does_not_take_longer(engine, kind):
    """Times are compared with each other: that of the long need with a multiple of the short."""

    def taken(count):
        engine.rest()  # nothing of a need is remembered
        started = time.process_time()
        need = LONG[kind](tuple(WORDS[:count]))
        found = engine.recommend(need, Filters(), 20, 0, "zh")["understood"]
        assert len(found["words"]) <= MAX_WORDS
        assert len(found["ignored"]) <= MAX_IGNORED
        return time.process_time() - started

    engine.touch()
    taken(MAX_STATED)
    some = min(taken(MAX_STATED) for _ in range(3))
    assert min(taken(1000) for _ in range(3)) < 5 * some + 0.1


def pool(names, products):
    rows = [
        f"E{at:02},{name},{made}"
        for at, (name, made) in enumerate(zip(names, products, strict=True))
    ]
    return "\n".join(["enterprise_id,name,products", *rows]) + "\n"


NAMES = [f"{at}号光电有限公司" for at in "甲乙丙丁戊己庚辛壬癸"]
POOLS = {
    "one": (NAMES[:1], ["LED封装"]),
    "two": (NAMES[:2], ["LED封装", "老陈醋"]),
    "three": (NAMES[:3], ["LED封装", "老陈醋", "煤层气"]),
    "of one text": (NAMES, ["LED封装;LED支架"] * len(NAMES)),
    "of names alone": (NAMES, [""] * len(NAMES)),
}


@pytest.mark.parametrize("kind", POOLS)
def test_a_pool_with_hardly_anything_in_it_is_trained_on_and_ranked(run, tmp_path, kind):
    names, products = POOLS[kind]
    for table, text in {
        "enterprises": pool(names, products),
        "needs": "need_id,industry\nn,LED封装\nm,老陈醋\n",
        "judgements": "need_id,enterprise_id,grade\nn,E00,2\n",
    }.items():
        assert run("import", table, write(tmp_path / f"{table}.csv", text)).code == 0
    ended = run("train")
    assert (ended.code, "Traceback" in ended.err) == (0, False)
    for asked in (["--need", "n"], ["--text", "LED封装"]):
        leads = page(run, *asked)["leads"]
        assert [lead["rank"] for lead in leads] == list(range(1, len(names) + 1))
        assert all(0 <= lead["score"] <= 1 for lead in leads)
        for lead in leads:
            total = sum(reason["contribution"] for reason in lead["reasons"])
            assert total == pytest.approx(lead["raw_score"], abs=1e-6)
    if kind in {"two", "three"}:
        assert leads[0]["enterprise"]["enterprise_id"] == "E00"
    if kind == "of one text":
        assert len({lead["raw_score"] for lead in page(run, "--text", "LED封装")["leads"]}) == 1


def judged(home, run, tmp_path, rows):
    text = "need_id,enterprise_id,grade,source\n" + "".join(f"{row}\n" for row in rows)
    return run("import", "judgements", write(tmp_path / "judged.csv", text))


def test_judgements_that_are_all_no_are_trained_on(run, home, tmp_path):
    rows = tables()["judgements"].select("need_id", "enterprise_id").rows()
    assert judged(home, run, tmp_path, [f"{n},{e},0,甲" for n, e in rows]).code == 0
    ended = run("train", "--force")
    assert (ended.code, "Traceback" in ended.err) == (0, False)
    assert page(run, "--text", "LED封装", "-k", 3)["leads"][0]["fit"] == "strong"


def test_of_two_grades_of_a_pair_the_first_is_kept_and_the_other_text(run, home, tmp_path):
    rows = [f"{NEED},E000,3,甲", f"{NEED},E000,0,乙", f"{NEED},E001,2,甲"]
    ended = judged(home, run, tmp_path, rows)
    assert ended.code == 0
    assert "row 3" in ended.err
    assert "row 2 has it already" in ended.err
    out = tmp_path / "out.csv"
    assert run("export", "judgements", out).code == 0
    assert f"{NEED},E000,3,甲" in out.read_text(encoding="utf-8-sig")


def test_grades_that_contradict_each_other_are_trained_on(run, home, tmp_path):
    """Of equal profiles one is graded 3 and the other 0, for every need."""
    rows = [f"{need},X-twin-a,3,甲" for need in NEED_IDS]
    rows += [f"{need},X-twin-b,0,甲" for need in NEED_IDS]
    rows += [f"{need},E000,{at % 2 * 3},乙" for at, need in enumerate(NEED_IDS)]
    assert judged(home, run, tmp_path, rows).code == 0
    ended = run("train", "--force")
    assert (ended.code, "Traceback" in ended.err) == (0, False)
    leads = page(run, "--text", "LED封装")["leads"]
    assert leads[0]["fit"] == "strong"
    assert all(0 <= lead["score"] <= 1 for lead in leads)


def test_a_word_file_with_a_column_of_its_own_is_read_without_it(run, home, tmp_path):
    text = "concept,words,备注\n碳基纳米摩擦材料,碳陶制动盘,无\n"
    ended = run("import", "words", write(tmp_path / "w.csv", text))
    assert ended.code == 0
    assert "备注" in ended.err


@pytest.mark.parametrize("k", ["12345678901234567890", "-12345678901234567890", "0", "1e3", "٣"])
def test_a_k_that_no_list_has_is_wrong_usage(run, home, k):
    ended = run("recommend", "--text", "LED封装", "-k", k)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
