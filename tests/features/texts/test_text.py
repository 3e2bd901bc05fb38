import numpy as np
import pytest
from scipy import sparse

from features.structures.lines import Lines
from features.texts.text import (
    BESIDE_PRODUCTS,
    UNKNOWN_SHARE,
    WeightedTexts,
    clear,
    core_name,
    full_name_texts,
    item_texts,
    name_texts,
    product_texts,
    scope_texts,
)
from tests.pool import frame, products


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("山西焦煤股份有限公司", "山西焦煤"),
        ("长治高科（集团）有限责任公司", "长治高科"),
        ("华阳集团股份有限公司", "华阳"),
        ("控股集团有限公司", "控股集团有限公司"),
        ("BOE", "BOE"),
    ],
)
def test_a_core_name_has_no_legal_form(name, core):
    assert core_name(name) == core


def test_what_stands_beside_keeps_its_rows():
    rows = [{"enterprise_id": "a", "name": "港口银行", "products": products("灯")}]
    rows.append({"enterprise_id": "b", "name": "灯"})
    table = frame("enterprises", rows)
    both = product_texts(table).beside(full_name_texts(table))
    assert both.texts == ["灯", "港口银行", "灯"]
    assert both.weights.toarray().tolist() == [[1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("text", "cleared"),
    [("其他电子Ⅱ", "电子"), ("食品及其他", "食品"), ("其他", "其他"), ("LED", "LED")],
)
def test_what_says_nothing_is_left_out_unless_it_is_all(text, cleared):
    assert clear(text) == cleared


def test_products_are_weighted_by_the_root_of_their_share():
    rows = [
        {"enterprise_id": "a", "name": "a", "products": products("灯", "屏", shares=(0.64, 0.0))},
        {"enterprise_id": "b", "name": "b"},
        {"enterprise_id": "c", "name": "c", "products": products("灯", "屏", shares=(0.49,))},
        {"enterprise_id": "d", "name": "d", "products": []},
    ]
    said = product_texts(frame("enterprises", rows))
    assert said.texts == ["灯", "屏"]
    expected = [[0.8, 0.1], [0, 0], [0.7, UNKNOWN_SHARE**0.5], [0, 0]]
    np.testing.assert_allclose(said.weights.toarray(), expected, rtol=1e-6)


def test_products_without_any_stated_share_have_the_same():
    row = {"enterprise_id": "a", "name": "a", "products": products(*"灯屏箱柜")}
    assert product_texts(frame("enterprises", [row])).weights.toarray().tolist() == [[0.5] * 4]


def test_a_product_given_twice_adds_up():
    row = {"enterprise_id": "a", "name": "a", "products": products("灯", "灯", shares=(0.25, 0.25))}
    said = product_texts(frame("enterprises", [row]))
    assert said.texts == ["灯"]
    assert said.weights.toarray() == [[1.0]]


SCOPES = [
    {"enterprise_id": "a", "name": "a", "business_scope": "焊机制造；切割机, 销售。 "},
    {"enterprise_id": "b", "name": "b"},
    {"enterprise_id": "c", "name": "c", "business_scope": "；，"},
    {
        "enterprise_id": "d",
        "name": "d",
        "business_scope": "焊机销售",
        "products": products("灯", shares=(0.25,)),
    },
]


def test_items_of_a_scope_weigh_the_more_the_earlier_and_the_fewer_they_are():
    said = item_texts(frame("enterprises", SCOPES))
    assert said.texts == ["灯", "焊机", "切割机"]
    first = 1 / 2**0.5
    expected = [
        [0, first, first / 2**0.3],
        [0, 0, 0],
        [0, 0, 0],
        [0.5, BESIDE_PRODUCTS, 0],
    ]
    np.testing.assert_allclose(said.weights.toarray(), expected, rtol=1e-6)


def test_products_alone_leave_scopes_out():
    assert product_texts(frame("enterprises", SCOPES)).texts == ["灯"]


def test_a_product_that_the_scope_names_as_well_adds_up():
    row = {
        "enterprise_id": "a",
        "name": "a",
        "business_scope": "矿灯",
        "products": products("矿灯"),
    }
    said = item_texts(frame("enterprises", [row]))
    assert said.texts == ["矿灯"]
    np.testing.assert_allclose(said.weights.toarray(), [[1 + BESIDE_PRODUCTS]])


def test_a_scope_as_it_is_written_is_one_text():
    said = scope_texts(frame("enterprises", SCOPES))
    assert said.texts == ["焊机制造；切割机, 销售。 ", "；，", "焊机销售"]
    assert said.weights.toarray().tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_name_is_core_and_short_name():
    rows = [
        {"enterprise_id": "a", "name": "山西焦煤股份有限公司", "short_name": "焦煤"},
        {"enterprise_id": "b", "name": "晨星有限公司"},
    ]
    said = name_texts(frame("enterprises", rows))
    assert said.texts == ["山西焦煤 焦煤", "晨星"]
    assert said.weights.toarray().tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("read", [item_texts, product_texts, scope_texts, name_texts])
def test_no_enterprise_says_nothing(read):
    said = read(frame("enterprises", []))
    assert said.texts == []
    assert said.weights.shape == (0, 0)


def test_scaling_multiplies_the_weights_alone():
    said = name_texts(frame("enterprises", [{"enterprise_id": "a", "name": "灯"}]))
    assert said.scaled(1) is said
    assert said.scaled(0.5).weights.toarray() == [[0.5]]
    assert said.scaled(0.5).texts == ["灯"]


def test_a_full_name_is_as_it_is_written():
    rows = [
        {"enterprise_id": "a", "name": "山西焦煤股份有限公司", "short_name": "焦煤"},
        {"enterprise_id": "b", "name": "晨星有限公司"},
        {"enterprise_id": "c", "name": "晨星有限公司"},
    ]
    said = full_name_texts(frame("enterprises", rows))
    assert said.texts == ["山西焦煤股份有限公司", "晨星有限公司"]
    assert said.weights.toarray().tolist() == [[1, 0], [0, 1], [0, 1]]


def test_rows_mention_what_one_of_their_texts_contains():
    weights = sparse.csr_array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]])
    for texts in (["LED灯珠", "电池", "灯具"], Lines.of(["LED灯珠", "电池", "灯具"])):
        items = WeightedTexts(texts, weights)
        found = [items.mentioning(text).tolist() for text in ("灯", "电池", "D", "x")]
        assert found == [[0, 3], [2, 3], [0, 3], []]
