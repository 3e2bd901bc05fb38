import polars as pl
import pytest

from features.enterprises.duplicates import CODE, FORMER, NAME, same, suspected_pairs

UNIFIED = "91140400MA0K12345X"
NAMED = "长治样例光电有限公司"


def pool(*rows, **more):
    """Return enterprises of (id, name) or (id, name, province, city)."""
    filled = [(*row, None, None)[:4] for row in rows]
    columns = ["enterprise_id", "name", "province", "city"]
    texts = dict.fromkeys([*columns, "status"], pl.String)
    frame = pl.DataFrame(filled, schema=columns, schema_overrides=texts, orient="row")
    frame = frame.with_columns(status=pl.lit(None, pl.String))
    return frame.with_columns(pl.Series(name, values) for name, values in more.items())


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (("140400000012345", NAMED), (UNIFIED, NAMED), NAME),
        ((UNIFIED, NAMED), ("E1", "长治样例 光电有限公司"), NAME),
        ((UNIFIED, "样例（长治）有限公司"), ("E1", "样例(长治)有限公司"), NAME),
        ((UNIFIED, "ＡＢＣ光电"), ("E1", "abc光电"), NAME),
        ((UNIFIED, NAMED), ("E1", f"长治新名有限公司（曾用名：{NAMED}）"), FORMER),
        ((UNIFIED, NAMED), ("E1", f"长治新名有限公司(原{NAMED})"), FORMER),
        ((UNIFIED, NAMED), ("E1", "長治樣例光電有限公司"), NAME),
        ((UNIFIED, NAMED), ("E1", f"长治新名有限公司 曾用名：{NAMED}"), FORMER),
        ((UNIFIED, NAMED), ("E1", f"长治新名有限公司【曾用名：旧名公司、{NAMED}】"), FORMER),
        ((UNIFIED, NAMED), ("E1", "长治新名有限公司（原長治樣例光電有限公司）"), FORMER),
        (("E1", f"甲有限公司（曾用名：{NAMED}）"), ("E2", f"乙有限公司（曾用名:{NAMED}）"), FORMER),
        ((UNIFIED, "甲"), (UNIFIED.lower(), "乙"), CODE),
        ((UNIFIED, "甲"), ("MA0K1234-5", "乙"), CODE),
        ((UNIFIED, "甲"), ("140400MA0K12345", "乙"), CODE),
        # Without codes of both, the seats may be wrong as well as the ids.
        ((UNIFIED, NAMED, "山西省", "长治市"), ("E1", NAMED, "北京市", None), NAME),
        ((UNIFIED, NAMED, "山西省", "长治市"), ("91140400MA0K99999X", NAMED, "山西", None), NAME),
    ],
)
def test_two_rows_that_are_one_enterprise(one, other, why):
    found = suspected_pairs(pool(one, other))
    assert [(pair.one, pair.other, pair.why) for pair in found] == [(0, 1, why)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("E1", "甲光电有限公司"), ("E2", "乙光电有限公司")),
        (("E1", "长治光电有限公司"), ("E2", "长治光电有限公司第二分公司")),
        (
            ("91140400MA0K12345X", "张三小卖部", "山西省", "长治市"),
            ("91110105MA0A12345Y", "张三小卖部", "北京市", "北京市"),
        ),
        # Ids of other kinds that look alike in the middle.
        (("2024ENTERPRISE0001", "甲"), ("2025ENTERPRISE0001", "乙")),
        (("E1", "（）"), ("E2", "()")),
    ],
)
def test_two_rows_that_are_two_enterprises(one, other):
    assert suspected_pairs(pool(one, other)) == []
    assert not same(pool(one, other)).repeated.any()


def test_former_names_of_a_column_count():
    frame = pool((UNIFIED, NAMED), ("E1", "长治新名有限公司"), former_names=[None, [NAMED]])
    assert suspected_pairs(frame)[0].why == FORMER


def test_of_those_that_belong_together_the_best_known_stays():
    rows = [("E1", NAMED), (UNIFIED, NAMED), ("E2", "长治样例 光电有限公司"), ("E3", "别的公司")]
    frame = pool(*rows, revenue=[None, None, 5.0, None])
    assert same(frame).repeated.tolist() == [True, True, False, False]
    assert same(frame.drop("revenue")).repeated.tolist() == [True, False, True, False]
    closed = frame.with_columns(status=pl.Series([None, None, "注销", None], dtype=pl.String))
    assert same(closed).repeated.tolist() == [True, False, True, False]


def test_many_rows_of_one_name_leave_one():
    assert same(pool(*((f"E{at}", NAMED) for at in range(200)))).repeated.sum() == 199
