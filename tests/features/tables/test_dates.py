from datetime import date

import pytest

from features.tables.dates import read_day

DAY = date(2019, 3, 1)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2019-03-01",
            "2019-03-01Z",
            "2019-3-1-",
            "2019。03。01",
            "二0一九年三月一日",
            "2019-Mar-01",
            "Fri, 01 Mar 2019 00:00:00 GMT",
            "/Date(1551369600000)/",
            "2019.3.1",
            "2019/3/1",
            "2019\\3\\1",
            "2019–03–01",
            "2019、3、1",
            "2019 3 1",
        ),
        *("2019年03月01日", "2019年3月1号", "20190301", "20190301000000", "2019.3.1 "),
        *("201903010000",),
        *(
            "2019-03-01 00:00:00",
            "2019/3/1 0:00",
            "2019-03-01T00:00:00Z",
            "2019-03-01T00:00:00+08:00",
        ),
        *(
            "2019年3月1日 10时30分",
            "03/01/2019",
            "13/02/2019",
            "01.03.2019",
            "19-03-01",
            "19年3月1日",
        ),
        *("Mar 1, 2019", "March 1 2019", "1-Mar-2019", "01 March 2019", "1st Mar 2019"),
        *("Fri Mar 01 00:00:00 CST 2019", "43525", "43525.0", "43525.5"),
        *("1551369600", "1551369600000", "1551369600000000"),
        *("二〇一九年三月一日", "二○一九年三月一日", "二零一九年三月一日", "民国108年3月1日"),
        *(
            "2019-03-01(核准)",
            "2019-03-01至2039-03-01",
            "2019-03-01 - 2039-03-01",
            "2019.3.1~2029.3.1",
        ),
        *("成立于2019年3月1日", "2019年3月1日成立", "2019-03-01至无固定期限"),
    ],
)
def test_days(text):
    expected = date(2019, 2, 13) if text == "13/02/2019" else DAY
    assert read_day(text) == (expected, "day")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2019", (date(2019, 1, 1), "year")),
        ("2019年", (date(2019, 1, 1), "year")),
        ("2019年度", (date(2019, 1, 1), "year")),
        ("2019年第一季度", (date(2019, 1, 1), "year")),
        ("2019Q1", (date(2019, 1, 1), "year")),
        ("一九九八年", (date(1998, 1, 1), "year")),
        ("民国三十八年", (date(1949, 1, 1), "year")),
        ("民国元年", (date(1912, 1, 1), "year")),
        ("1900", (date(1900, 1, 1), "year")),
        ("2019-3", (DAY, "month")),
        ("2019.03", (DAY, "month")),
        ("201903", (DAY, "month")),
        ("2019年3月", (DAY, "month")),
        ("二〇一九年三月", (DAY, "month")),
        ("98年3月", (date(1998, 3, 1), "month")),
        ("08年5月（筹建/成立）", (date(2008, 5, 1), "month")),
        ("05-03-19(变更/注册)", (date(2005, 3, 19), "day")),
        ("Mar 2019", (DAY, "month")),
        ("Mar-19", (DAY, "month")),
        ("03/2019", (DAY, "month")),
        ("2019-03-00", (DAY, "month")),
        ("2019-00-00", (date(2019, 1, 1), "year")),
        ("二零一九", (date(2019, 1, 1), "year")),
        ("Established 2019", (date(2019, 1, 1), "year")),
    ],
)
def test_years_and_months_are_no_more_precise_than_they_are(text, known):
    assert read_day(text) == known


@pytest.mark.parametrize(
    "text",
    [
        *("2019-02-30", "2019-13-01", "0000-00-00", "1900-01-01", "03-01-2019", "2019-", "去年"),
        *("2019-03-01x", "03/01/19", "-5", "20191301", "长期", "待定", "", "12345678901234567890"),
    ],
)
def test_what_is_no_date_is_unknown(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    "text", ["02020", "002020", "00200", "042020.0", "0123456789", "-0123456789", "0012345678901"]
)
def test_a_number_with_a_zero_before_it_counts_no_days_and_no_seconds(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("2019-03-01/2039-03-01", "2019.03.01-长期", "2019-03-01;2020-01-01", "[2019-03-01]"),
        *("“2019-03-01”", "2019-03-01。", "2019/3/1/", "20190301T000000", "1.5513696E12"),
    ],
)
def test_what_stands_around_a_date_makes_no_difference(text):
    assert read_day(text) == (DAY, "day")
