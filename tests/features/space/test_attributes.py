from datetime import date

import pytest

from features.industry.chains import Node
from features.need import NeedQuery
from features.space.attributes import TokenColumns, bucket, code_tokens, need_tokens, profile_tokens
from tests.pool import frame

NOTHING = frame("enterprises", [{"enterprise_id": "a", "name": "a"}]).row(0, named=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (0, "-20"), (19, "-20"), (20, "20-100"), (99.9, "20-100"), (100, "100-")],
)
def test_buckets_hold_their_lower_bound(value, expected):
    assert bucket(value, (20, 100)) == expected


def test_what_is_unknown_has_no_token():
    assert profile_tokens(NOTHING, date(2026, 1, 1)) == []


def test_every_known_field_has_its_token():
    row = NOTHING | {
        "province": "广东省",
        "city": "深圳市",
        "founded": date(2019, 1, 1),
        "registered_capital": 0.0,
        "revenue": 40_000.0,
        "employees": 120,
        "tags": ["专精特新", "上市"],
        "industry_code": "C3975",
    }
    assert profile_tokens(row, date(2026, 1, 1)) == [
        "province=广东省",
        "city=深圳市",
        "age=5-10",
        "capital=-1000",
        "revenue=40000-200000",
        "employees=100-300",
        "region=粤港澳大湾区",
        "tag=专精特新",
        "tag=上市",
        "code=C",
        "code=39",
        "code=397",
        "code=3975",
    ]


def test_codes_count_at_every_level_once_and_unknown_ones_not():
    assert code_tokens(["3975", "3974", "9999"]) == [
        "code=C",
        "code=39",
        "code=397",
        "code=3975",
        "code=3974",
    ]


def test_a_need_s_tokens_are_what_it_is_after_and_where():
    need = NeedQuery("LED", chain="光电", sector="电子", zone_id="z", role="leading")
    nodes = [Node(f"led/{n}", n, None, "led", None, (), (), ()) for n in "ab"]
    zone = {"zone_id": "z", "city": "长治市", "province": None, "level": "省级"}
    assert need_tokens(need, nodes, zone) == [
        "zone=z",
        "zone_city=长治市",
        "zone_level=省级",
        "industry=LED",
        "sector=电子",
        "chain=光电",
        "role=leading",
        "chain_id=led",
    ]


@pytest.mark.parametrize(
    ("stated", "province", "regions"),
    [("西亚", "江苏省", ["西亚"]), (None, "江苏省", ["长三角"]), (None, "山西省", [])],
)
def test_a_need_s_region_is_the_one_it_states_else_that_of_its_zone(stated, province, regions):
    tokens = need_tokens(NeedQuery("LED", zone_id="z", region=stated), [], {"province": province})
    assert [token for token in tokens if token.startswith("region")] == [
        *(f"region={region}" for region in regions),
        *(f"region_industry={region}/LED" for region in regions),
    ]


def test_rows_of_columns_sum_to_one_and_unseen_tokens_have_no_column():
    columns = TokenColumns().fit([["b", "a"], ["a", "a", "b"], ["c", "c"]])
    assert columns.tokens_.tolist() == ["a", "b"]
    rows = [["a", "b"], ["a", "c"], [], ["b", "b"]]
    found = columns.transform(rows).toarray().tolist()
    assert found == [[0.5, 0.5], [1, 0], [0, 0], [0, 1]]
    restored = TokenColumns().restore(columns.arrays())
    assert restored.transform(rows).toarray().tolist() == found


def test_no_rows_have_no_columns():
    assert TokenColumns().fit([]).transform([["a"], []]).shape == (2, 0)
