import pytest

from features.values.amounts import read_amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500(万元(人民币))", 500),
        ("500（万元（人民币））", 500),
        ("(人民币)500万元", 500),
        ("500 万元 人民币", 500),
        ("500万人民币元", 500),
        ("2,200(万元人民币)", 2200),
        ("5,000.000000万人民币", 5000),
        ("人民币：500万元", 500),
        ("注册资本:500万元", 500),
        ("注册资本500万元", 500),
        ("1000万元，实缴500万元", 1000),
        ("1000万元（其中：实缴500万元）", 1000),
        ("500 million RMB", 50000),
        ("RMB 1.5 million", 150),
        ("10 million yuan", 1000),
        ("1,200 thousand yuan", 120),
        ("300万元人民币 (其中货币出资100万)", 300),
        ("一亿二千万元", 12000),
        ("两千万", 2000),
        ("500万元人民币(实缴)", 500),
        ("RMB 500万", 500),
        ("CNY 500万", 500),
        ("￥500万", 500),
        ("500w", 500),
        ("10000000元人民币", 1000),
        ("1亿2000万", 12000),
        ("1亿5千万元", 15000),
        ("1.5千万", 1500),
        ("5百万", 500),
        ("壹仟万元整", 1000),
        ("贰仟伍佰万元", 2500),
        ("壹佰万圆整", 100),
        ("五亿元", 50000),
        ("一千五百万", 1500),
        ("十", 10),
        ("500萬元", 500),
        ("１００万元", 100),
        ("万元500", 500),
        ("0（万元）", 0),
        ("1000.00", 1000),
        ("约5000万", 5000),
        ("3000万元（叁仟万元）", 3000),
        ("5000万元 人民币（大写：伍仟万元整）", 5000),
        ("十五万八千元", 15.8),
    ],
)
def test_amounts_in_ten_thousands_of_yuan(text, amount):
    assert read_amount(text, 1e4) == pytest.approx(amount * 1e4)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "500万美元",
            "300(万美元)",
            "100万元美元",
            "0万美元",
            "100 万 美元",
            "USD 100",
            "US$5,000",
        ),
        *("80万港币", "80万港元", "HK$1,000,000", "5万欧元", "€500", "300万日元", "5万英镑"),
        *("100万台币", "100万新加坡元", "5万瑞士法郎", "100万加元", "外币100万"),
        *("多", "万元", "500万元-1000万元", "3千", "1e999", "5000K", "abc", ""),
    ],
)
def test_what_is_no_amount_of_rmb_is_unknown(text):
    assert read_amount(text, 1e4) is None


def test_a_rate_makes_an_amount_known():
    rates = {"USD": 7.0, "HKD": 0.9}
    assert read_amount("500万美元", 1e4, rates) == pytest.approx(35e6)
    assert read_amount("100(万元港币)", 1e4, rates) == pytest.approx(900_000)
    assert read_amount("USD 100", 1e4, rates) == pytest.approx(7_000_000)
    assert read_amount("5万欧元", 1e4, rates) is None


def test_two_amounts_are_not_added_up():
    assert read_amount("3000万元叁仟万元", 1e4) is None
