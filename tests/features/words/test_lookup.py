import pytest

from features.words.lookup import alike

ZONES = {
    "cz-gaoxin": ["长治高新技术产业开发区"],
    "cz-jingkai": ["长治经济技术开发区"],
    "cz-shangdang": ["上党经济技术开发区"],
    "x": [None],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cz-gaoxin", ["cz-gaoxin"]),
        ("CZ-Gaoxin", ["cz-gaoxin"]),
        ("长治高新技术产业开发区", ["cz-gaoxin"]),
        ("长治高新区", ["cz-gaoxin"]),
        ("長治高新區", ["cz-gaoxin"]),
        ("高新", ["cz-gaoxin"]),
        ("长治经开区", ["cz-jingkai"]),
        ("上党", ["cz-shangdang"]),
        ("经开区", ["cz-jingkai", "cz-shangdang"]),
        ("长治", ["cz-gaoxin", "cz-jingkai"]),
        ("x", ["x"]),
        ("晋城", []),
        ("", []),
        ("（）", []),
    ],
)
def test_what_a_text_means(text, found):
    assert alike(text, ZONES) == found


def test_a_whole_name_is_meant_before_a_longer_one():
    assert alike("食品", {"a": ["食品机械"], "b": ["食品"], "c": ["绿色食品"]}) == ["b"]
