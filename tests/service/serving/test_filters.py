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
        ({"min_capital": -1.0}, "min_capital"),
        ({"max_age": float("nan")}, "max_age"),
    ],
)
def test_wrong_values_are_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Filters(**given)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert caught.value.expected
