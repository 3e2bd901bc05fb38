import polars as pl
import pytest

from features.values import products
from features.values.products import read_products


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_products_are_read_the_same_in_parts_of_any_size(monkeypatch, rows):
    monkeypatch.setattr(products, "_ROWS", rows)
    texts = pl.Series(["灯:0.5;罩", None, "灯:2", ";;", ":0.5", "灯:0.5;罩"])
    lamp = [{"name": "灯", "share": 0.5}, {"name": "罩", "share": None}]
    assert read_products(texts).to_list() == [lamp, None, None, [], None, lamp]


def test_no_rows_have_no_products():
    assert read_products(pl.Series([], dtype=pl.String)).to_list() == []


@pytest.mark.parametrize(
    ("text", "name", "share"),
    [
        *(
            ("灯:0.5", "灯", 0.5),
            ("灯 :0.5", "灯", 0.5),
            ("灯:1", "灯", 1.0),
            ("灯::0.5", "灯", 0.5),
        ),
        *(("A:B:0.5", "A:B", 0.5), ("灯:红", "灯:红", None), ("灯:50%", "灯", 0.5)),
        *(("5:1", "5", 1.0), ("灯0.5", "灯0.5", None), ("灯:-", "灯", None)),
    ],
)
def test_a_share_is_what_follows_the_last_colon(text, name, share):
    assert read_products(pl.Series([text])).to_list() == [[{"name": name, "share": share}]]


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("电感(45%)、变压器（30%）", {"电感": 0.45, "变压器": 0.3}),
        ("轴承（占比50%），齿轮（占营收比例20.5%）", {"轴承": 0.5, "齿轮": 0.205}),
        ("轴承60%，齿轮40%", {"轴承": 0.6, "齿轮": 0.4}),
        ("轴承 60% 齿轮 40%", {"轴承": 0.6, "齿轮": 0.4}),
        ("外延片：60%、芯片：40%", {"外延片": 0.6, "芯片": 0.4}),
        ("1.轴承 2.齿轮", {"轴承": None, "齿轮": None}),
        ("1、轴承；2、齿轮", {"轴承": None, "齿轮": None}),
        ("钢管,钢板，钢锭", {"钢管": None, "钢板": None, "钢锭": None}),
        ("1,2-二氯乙烷", {"1,2-二氯乙烷": None}),
        ("酒精75%", {"酒精75%": None}),
        ("5G模组", {"5G模组": None}),
    ],
)
def test_shares_in_brackets_and_other_separators(text, products):
    (read,) = read_products(pl.Series([text])).to_list()
    assert {product["name"]: product["share"] for product in read} == products
