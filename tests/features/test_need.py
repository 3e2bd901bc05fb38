import pytest

from features.errors import InputError
from features.need import NeedQuery


def test_a_row_becomes_a_need_and_what_is_empty_is_unknown() -> None:
    row = {
        "need_id": "z/光电LED",
        "industry": "光电LED",
        "chain": "",
        "keywords": ["封装"],
        "nodes": None,
        "note": "left out",
    }
    assert NeedQuery.from_row(row) == NeedQuery("光电LED", need_id="z/光电LED", keywords=("封装",))


@pytest.mark.parametrize("industry", ["", "  ", "——", None])
def test_a_need_has_some_text(industry: str | None) -> None:
    with pytest.raises(InputError, match="industry must be"):
        NeedQuery.from_row({"industry": industry, "keywords": ["封装"]})
