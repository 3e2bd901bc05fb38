import pytest

from features.tables.people import read_people


@pytest.mark.parametrize(
    ("text", "people"),
    [
        *(("120", 120), ("120人", 120), ("1,200", 1200), ("1,200 人", 1200), ("200.0", 200)),
        *(("１２０", 120), ("约200", 200), ("500人左右", 500), ("120（含分支机构）", 120)),
        *(("人数：120", 120), ("2023年报：120人", 120), ("参保120人", 120)),
        *(("120人(2023年)", 120), ("1.2万人", 12000), ("一百二十人", 120), ("0", 0)),
        *(("50-99人", 74), ("100人-499人", 299), ("1000～4999人", 2999), ("500至999人", 749)),
        *(("小于50人", 25), ("少于50人", 25), ("不足50", 25), ("50人以下", 25), ("<50", 25)),
        *(("10000人以上", 10000), ("200+", 200), ("200余人", 200), ("超过500人", 500), ("≥20", 20)),
    ],
)
def test_numbers_ranges_and_bounds(text, people):
    assert read_people(text) == people


@pytest.mark.parametrize("text", ["小微", "12.5", "99-50", "企业选择不公示", "9" * 30, "", "A级"])
def test_what_is_no_number_of_people_is_unknown(text):
    assert read_people(text) is None
