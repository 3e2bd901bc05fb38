import pytest

from features.words.normal import normal


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ＬＥＤ封裝", "led封装"),
        ("LED封装", "led封装"),
        ("５Ｇ", "5g"),
        ("積體電路", "积体电路"),
        ("集成電路", "集成电路"),
        (" 锂电池　", "锂电池"),
        ("Ⅱ", "ii"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_width_case_script_and_outer_space_make_no_difference(text, form):
    assert normal(text) == form
    assert normal(form) == form


def test_a_part_has_the_form_that_it_has_within_the_text():
    text = "乾燥機與後裝發電機組"
    assert normal(text) == "".join(normal(character) for character in text)


def test_it_is_safe_on_characters_that_stand_for_themselves():
    text = "晋·ABC-1，（山西）"
    assert normal(text) == "晋·abc-1,(山西)"
