import csv
import os
from importlib.resources import files
from pathlib import Path

import pytest

from features.errors import InputError
from features.industry.industry_codes import (
    ancestors,
    division_name,
    find,
    is_known,
    lost_zeros,
    name_of,
    normalise,
    section_of,
)

REPOSITORY = Path(__file__).parents[3]
SHARED = Path(os.environ.get("LIANZHAO_SHARED", "../shared/data"))
STANDARD = REPOSITORY / SHARED / "reference" / "gbt4754_2017.csv"


def every_spelling() -> list[str]:
    """Return all strings of one letter, and of two to four digits."""
    digits = [f"{number:0{width}}" for width in (2, 3, 4) for number in range(10**width)]
    return [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *digits]


@pytest.fixture(scope="module")
def published() -> list[dict[str, str]]:
    if not STANDARD.exists():
        pytest.skip(f"no {STANDARD}: set LIANZHAO_SHARED to the folder of the shared data")
    with STANDARD.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


class TestAgainstThePublishedStandard:
    def test_the_codes_are_the_same(self, published: list[dict[str, str]]) -> None:
        assert {code for code in every_spelling() if is_known(code)} == {
            row["code"] for row in published
        }

    def test_parents_and_sections_are_the_same(self, published: list[dict[str, str]]) -> None:
        for row in published:
            assert section_of(row["code"]) == row["section"]
            assert ancestors(row["code"])[-2:] == tuple(filter(None, (row["parent"], row["code"])))

    def test_the_names_are_the_same(self, published: list[dict[str, str]]) -> None:
        assert {row["code"]: name_of(row["code"]) for row in published} == {
            row["code"]: row["name"] for row in published
        }

    def test_the_names_of_divisions_are_the_same(self, published: list[dict[str, str]]) -> None:
        divisions = [row for row in published if row["level"] == "2"]
        assert len(divisions) == 97
        assert [division_name(row["code"]) for row in divisions] == [
            row["name"] for row in divisions
        ]


def test_counts_of_each_level() -> None:
    known = [code for code in every_spelling() if is_known(code)]
    assert [sum(len(code) == length for code in known) for length in (1, 2, 3, 4)] == [
        20,
        97,
        473,
        1381,
    ]


def test_no_code_stands_twice_in_the_file() -> None:
    text = (files("features") / "reference" / "gbt4754.csv").read_text(encoding="utf-8")
    codes = [row["code"] for row in csv.DictReader(text.splitlines())]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("C39计算机、通信和其他电子设备制造业", "39"),
        ("C39 计算机通信和其他电子设备制造业", "39"),
        ("3976光电子器件制造", "3976"),
        ("C-3962", "3962"),
        ("C-39-396-3962", "3962"),
        ("第39大类", "39"),
        ("3962.0", "3962"),
        ("光电子器件制造", "3976"),
        ("制造业", "C"),
        ("C 制造业", "C"),
        ("C制造业", "C"),
        ("制造业>计算机、通信和其他电子设备制造业", "39"),
        ("制造业/计算机、通信和其他电子设备制造业/电子器件制造/光电子器件制造", "3976"),
        ("制造业-医药制造业", "27"),
        ("C/39/397/3976", "3976"),
        ("A0111", "0111"),
        ("3900", "39"),
        ("C1440", "144"),
        ("9999", None),
        ("房地产业", "70"),
        ("光电", None),
        ("LED", None),
        ("Z99", None),
        ("", None),
    ],
)
def test_an_industry_is_found_by_code_name_or_path(text: str, code: str | None) -> None:
    assert find(text) == code


def test_of_a_name_at_two_levels_the_level_that_is_known_is_taken() -> None:
    assert [find("制糖业", digits) for digits in (3, 4, None)] == ["134", "1340", "1340"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("C", "C"),
        ("C39", "39"),
        ("C397", "397"),
        ("C3972", "3972"),
        ("39", "39"),
        ("397", "397"),
        ("3972", "3972"),
        ("a0111", "0111"),
        (" c3972 ", "3972"),
        ("\uff23\uff13\uff19\uff17\uff12", "3972"),
    ],
)
def test_every_spelling_of_a_code_is_normalised(code: str, expected: str) -> None:
    assert normalise(code) == expected


@pytest.mark.parametrize(
    "code", ["", " ", "D3972", "U", "CC", "CC39", "3", "3978", "39720", "C-39", "三九"]
)
def test_an_unknown_code_is_none(code: str) -> None:
    assert normalise(code) is None
    assert not is_known(code)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("C3972", ("C", "39", "397", "3972")),
        ("397", ("C", "39", "397")),
        ("39", ("C", "39")),
        ("C", ("C",)),
        ("0610", ("B", "06", "061", "0610")),
    ],
)
def test_ancestors_go_as_far_as_the_code(code: str, expected: tuple[str, ...]) -> None:
    assert ancestors(code) == expected


def test_a_name_is_the_division_s_at_every_level_below() -> None:
    assert division_name("27") == division_name("C2710") == "医药制造业"


def test_an_unknown_code_is_an_error_that_names_it() -> None:
    for call in (ancestors, section_of, division_name):
        with pytest.raises(InputError, match="got '3978'") as caught:
            call("3978")
        assert caught.value.field == "industry_code"


def test_a_section_has_no_one_division() -> None:
    with pytest.raises(InputError, match="must be a division, group or class"):
        division_name("C")


@pytest.mark.parametrize(
    ("text", "code"),
    [("A111", "0111"), ("B610", "0610"), ("A1", "01"), ("B6", "06"), ("B111", "111"),
     ("111 稻谷种植", "0111"), ("111稻谷种植", "0111"), ("111", "111"), ("6", None)],
)  # fmt: skip
def test_a_letter_or_a_name_reveals_a_dropped_zero(text, code):
    assert find(text) == code


@pytest.mark.parametrize(
    ("texts", "lost", "unsure"),
    [
        (["2614", "111"], {"111": "0111"}, {}),
        (["２６１４", "111.0"], {"111.0": "0111"}, {}),
        # 610 is no group: only a class that lost its zero.
        (["610", "111"], {"610": "0610", "111": "0111"}, {}),
        (["26", "1"], {"1": "01"}, {}),
        # Groups stand beside classes here, or nothing but what may be a group.
        (["2614", "111", "261"], {}, {"111": "0111"}),
        (["111"], {}, {"111": "0111"}),
        # A column that has kept its zeros, and divisions.
        (["0111", "111"], {}, {}),
        (["26", "11"], {}, {}),
        (["261", "11"], {}, {}),
        (["C2614", "光电子器件制造"], {}, {}),
    ],
)
def test_a_column_reveals_zeros_that_a_spreadsheet_dropped(texts, lost, unsure):
    assert lost_zeros(texts) == (lost, unsure)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("－", None),
        ("...", None),
        ("（）", None),
        ("610", "0610"),
        ("金屬製品業", "33"),
        ("门类：制造业", "C"),
    ],
)
def test_signs_are_no_industry_and_labels_are_ignored(text: str, code: str | None) -> None:
    assert find(text) == code
