import re

import numpy as np
import pytest

from features.need import NeedQuery
from features.words.kinds import Kinds
from service.serving.explanation.evidence import find_evidence
from service.serving.explanation.precedents import chosen_for
from service.serving.explanation.sentences import FACTORS
from tests.pool import NEED_IDS, UNKNOWN, tables
from tests.service.serving.explanation.explaining import BARE, QUERIES, evidence, explained

METHODS = ("LightFM", "LSA", "TF-IDF", "用字", "主题", "向量", "相似推及", "factor", "topic model")


PLACEHOLDERS = ("{", "}", "None", "nan", "已选企业", "「」", "“”", "()", "（）")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bare", [True, False])
def test_every_factor_has_a_sentence_without_gaps(bound, language, sign, bare):
    given = BARE if bare else evidence(bound, "E000", QUERIES[NEED_IDS[0]])
    found = explained(bound, given, language, sign)
    assert {reason["factor"] for reason in found} == set(FACTORS)
    for reason in found:
        assert "{" not in reason["text"]
        assert "None" not in reason["text"]
        assert None not in reason["evidence"]
        assert all(isinstance(text, str) and text for text in reason["evidence"])
        if reason["factor"] != "constant":
            assert reason["evidence"]


LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def every_sentence(bound, need, language):
    """Yield who it is, and each sentence for and against it, of all the pool."""
    features = bound.ranker.space.need(need)
    kinds = Kinds(bound.ranker.space.thesaurus)
    chosen = chosen_for(bound, features)
    rows = {row["enterprise_id"]: row for row in tables()["enterprises"].to_dicts()}
    for at, id_ in enumerate(bound.pool.ids.tolist()):
        made = {product["name"]: product["share"] for product in rows[id_]["products"] or ()}
        (given,) = find_evidence(bound, kinds, features, np.array([at]), chosen, [made])
        for sign in (1, -1):
            for reason in explained(bound, given, language, sign):
                yield rows[id_], made, reason


NEEDS = [
    QUERIES[NEED_IDS[0]],
    QUERIES[NEED_IDS[9]],
    NeedQuery("LED灯珠、植物照明"),
    NeedQuery("老陈醋"),
    NeedQuery("航天发动机"),
]


@LANGUAGES
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.industry)
def test_a_sentence_names_a_thing_once_and_no_method_and_no_placeholder(bound, need, language):
    quoted = re.compile("「([^」]*)」|“([^”]*)”")
    for _, made, reason in every_sentence(bound, need, language):
        text = reason["text"]
        named = ["".join(pair) for pair in quoted.findall(text)]
        assert len(named) == len(set(named)), text
        assert all(text.count(f"「{own}」") + text.count(f"“{own}”") <= 1 for own in made), text
        assert not [word for word in (*METHODS, *PLACEHOLDERS) if word in text], text


@LANGUAGES
def test_a_product_that_is_named_is_the_enterprise_s_own(bound, language):
    opening = {"zh": "主营产品「", "en": "its product “"}[language]
    closing = {"zh": "」", "en": "”"}[language]
    for need in NEEDS:
        for row, made, reason in every_sentence(bound, need, language):
            _, found, rest = reason["text"].partition(opening)
            if found:
                assert rest.partition(closing)[0] in made, (row["enterprise_id"], reason["text"])


@LANGUAGES
def test_no_business_is_stated_of_an_enterprise_known_by_name_only(bound, language):
    business = {"zh": "主营产品「", "en": "its product “"}[language]
    for need in NEEDS:
        for row, _, reason in every_sentence(bound, need, language):
            if row["enterprise_id"] == UNKNOWN:
                assert business not in reason["text"]
                assert "经营范围中" not in reason["text"]
                assert "in its business scope" not in reason["text"]
