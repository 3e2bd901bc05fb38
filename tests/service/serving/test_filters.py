import pytest

from features.errors import InputError
from service.serving.filters import Filters


def test_equal_filters_are_equal_however_they_are_written() -> None:
    first = Filters(province=(" 山西 ", "北京", "山西"), region=("Greater Bay Area",))
    assert first == Filters(province=("北京", "山西"), region=("大湾区",))
    assert first.canonical() == {"province": ("北京", "山西"), "region": ("粤港澳大湾区",)}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tag": (" ",)}, "tag"),
        ({"region": ("东北",)}, "region"),
        ({"seat": ("home",)}, "seat"),
        ({"stage": ("begun",)}, "stage"),
        ({"flag": ("odd",)}, "flag"),
        ({"standing": ("alive",)}, "standing"),
        ({"industry_code": ("D39",)}, "industry_code"),
        ({"max_revenue": -1.0}, "max_revenue"),
        ({"min_capital": -1.0}, "min_capital"),
        ({"max_age": float("nan")}, "max_age"),
    ],
)
def test_wrong_values_are_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Filters(**given)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert caught.value.expected


def test_closed_vocabularies_are_read_in_both_languages() -> None:
    found = Filters(
        stage=("签约", "none"),
        seat=("本市",),
        flag=("信用不良",),
        standing=("Active",),
        industry_code=("c3975",),
        listed=False,
    )
    assert found.canonical() == {
        "stage": ("none", "signed"),
        "seat": ("city",),
        "flag": ("bad-credit",),
        "standing": ("active",),
        "industry_code": ("3975",),
        "listed": False,
    }
