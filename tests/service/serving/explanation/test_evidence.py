from features.need import NeedQuery
from features.words.relation import Relation
from service.serving.explanation.evidence import Mention
from tests.pool import NEED_IDS, UNKNOWN, tables
from tests.service.serving.explanation.explaining import QUERIES, evidence, row_of


def test_evidence_points_at_product_node_and_one_already_chosen(bound):
    found = evidence(bound, "E000", QUERIES[NEED_IDS[0]])
    assert found.best.text == "LED封装"
    assert found.node.node_id == "led/packaging"
    assert found.fits
    assert found.at_node.text == "LED封装"
    assert found.of_node is Relation.SAME
    assert "LED封装" in dict(found.mention.made)
    assert found.answer.word == "LED封装"
    assert found.answer.wanted
    names = tables()["enterprises"].filter(enterprise_id="E000")["name"].to_list()
    assert found.akin.name not in names
    assert found.akin.ours.text == "LED封装"


def test_the_product_that_comes_nearest_is_named(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).best.text == "老陈醋"
    assert evidence(bound, "E090", NeedQuery("酿造食醋")).best.text == "酿造食醋"


def test_a_need_without_chosen_enterprises_has_no_precedent(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).akin is None


def test_unknown_evidence_is_not_invented(bound):
    found = evidence(bound, UNKNOWN, QUERIES[NEED_IDS[0]])
    assert (found.best, found.node, found.fits, found.mention) == (None, None, False, Mention())


def test_what_is_of_a_kind_that_is_wanted_is_found_by_the_thesaurus(bound):
    found = evidence(bound, "E090", NeedQuery("调味品")).answer
    assert found is not None
    assert found.relation >= Relation.KIND


def test_each_part_of_a_phrase_has_its_matching_product(bound):
    need = NeedQuery("植物照明、老陈醋")
    assert evidence(bound, "E090", need).answer.word == "老陈醋"
    lamps = next(
        id_
        for id_ in bound.pool.ids
        if id_.startswith("E02")
        and "植物照明"
        in [
            bound.pool.products.texts[at]
            for at in bound.pool.products.weights[[row_of(bound, id_)]].indices
        ]
    )
    assert evidence(bound, lamps, need).answer.word == "植物照明"


def test_an_enterprise_without_a_match_has_no_answer(bound):
    assert evidence(bound, "E100", NeedQuery("航天发动机")).answer is None
