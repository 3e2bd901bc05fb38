import polars as pl
import pytest

from features.tables import products
from features.tables.products import read_products


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
