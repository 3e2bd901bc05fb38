import polars as pl
import pytest

from features.values.identity import MADE, SPOILED, made_id, misspelled, normalised_ids, plain_name


@pytest.mark.parametrize(
    "written",
    [
        "91140400MA0000119U",
        "91140400ma0000119u",
        "９１１４０４００ＭＡ００００１１９Ｕ",
        '="91140400MA0000119U"',
        "=91140400MA0000119U",
        "'91140400MA0000119U",
        "‘91140400MA0000119U",
        " 91140400 MA00 0011 9U ",
        "91140400MA0000119U\u3000",
        "统一社会信用代码：91140400MA0000119U",
        "91140400MA0000119U（长治）",
    ],
)
def test_a_credit_code_is_stored_in_one_form(written):
    assert normalised_ids(pl.Series("x", [written])).to_list() == ["91140400MA0000119U"]


def test_other_ids_stay_as_they_are():
    ids = ["cz-gaoxin", "E00a", "企业 甲", "a/b", None, "0001"]
    assert normalised_ids(pl.Series("x", ids)).to_list() == ids


def test_a_code_of_digits_that_was_a_number_is_one_of_digits():
    ids = pl.Series("x", ["140400123456789.0", "600000.0", "a1.0"])
    assert normalised_ids(ids).to_list() == ["140400123456789", "600000.0", "a1.0"]


def test_check_digits():
    # The first is the example of GB 32100-2015, the others are codes of well-known enterprises.
    right = ["91350100M000100Y43", "9144030071526726XG", "914403001922038216"]
    wrong = ["91350100M000100Y44", "91350100M000100Y4I"]
    ids = pl.Series([*right, *wrong, "002069", None, "91350100M000100Y4"])
    assert misspelled(ids).to_list() == [*[False] * 3, *[True] * 2, *[False] * 3]


@pytest.mark.parametrize("text", ["9.13203E+17", "9.1e17", "9E+17", "9.13203e+017"])
def test_what_a_spreadsheet_makes_of_a_code_is_known(text):
    assert pl.Series([text]).str.contains(SPOILED).item()


def test_names_are_compared_without_their_signs():
    forms = [
        "样例（长治）有限公司",
        "样例(长治)有限公司",
        " 樣例 (長治) 有限公司",
        "样例·长治有限公司",
    ]
    assert len({plain_name(form) for form in forms}) == 1
    assert len({made_id(form) for form in forms}) == 1
    assert made_id("样例（太原）有限公司") != made_id(forms[0])
    assert made_id(forms[0]).startswith(MADE)


def test_each_check_digit_but_one_is_wrong():
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    first = "91350100M000100Y4"
    assert misspelled(pl.Series([first + sign for sign in signs])).sum() == len(signs) - 1
    # Characters that no code has are wrong wherever they stand.
    for at in range(18):
        code = "91350100M000100Y43"
        assert misspelled(pl.Series([code[:at] + "I" + code[at + 1 :]])).item(), at
    assert misspelled(pl.Series(["I" * 18])).item()
