from importlib.resources import files

import numpy as np
import polars as pl
import pytest

from features.lexicon import Industry, Lexicon, shipped_lexicon

ROWS = (
    Industry("化肥", ("肥料", "氮肥"), ("尿素", "复合肥"), "化工"),
    Industry("氮肥", (), ("合成氨",), "化肥"),
    Industry("电子Ⅱ", ("电子制造业", "消费电子"), ("芯片",), "制造"),
    Industry("LED（照明）", ("灯",), ("灯珠",), "电子"),
    Industry("食品加工制造", (), ("饼干",), "食品"),
    Industry("种业", ("灯",), ("种子",), "农业"),
)
LEXICON = Lexicon(ROWS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("化肥", "化肥"),
        ("肥料", "化肥"),
        (" 化 肥 ", "化肥"),
        ("化肥Ⅲ", "化肥"),
        ("化肥Ⅱ（示例）", "化肥"),
        ("化肥(A)", "化肥"),
        ("化肥制造业", "化肥"),
        ("化肥行业", "化肥"),
        ("化肥产业", "化肥"),
        ("肥料制造", "化肥"),
        ("电子", "电子Ⅱ"),
        ("消费电子业", "电子Ⅱ"),
        ("led", "LED（照明）"),
        ("LED", "LED（照明）"),
        ("食品加工", "食品加工制造"),
        ("种业", "种业"),
    ],
)
def test_a_name_is_found_whatever_is_around_it(text, found):
    assert [LEXICON.industries[at].name for at in LEXICON.find(text)] == [found]


@pytest.mark.parametrize("text", ["磷肥", "化肥设备", "肥", "种", "业", "", "（化肥）", "Ⅱ"])
def test_what_is_no_name_of_an_industry_finds_none(text):
    assert LEXICON.find(text) == ()


def test_a_name_that_several_claim_is_whose_own_it_is_else_it_leads_to_all():
    assert LEXICON.find("氮肥") == (1,)
    assert LEXICON.find("灯") == (3, 5)


def test_a_lexicon_comes_back_from_its_rows():
    rows = LEXICON.rows
    assert rows.dtype.kind == "U"
    assert rows[0].tolist() == ["化肥", "肥料;氮肥", "尿素;复合肥", "化工"]
    assert Lexicon.from_rows(rows).industries == ROWS
    np.testing.assert_array_equal(Lexicon.from_rows(rows).rows, rows)
    empty = Lexicon(())
    assert empty.rows.shape == (0, 4)
    assert Lexicon.from_rows(empty.rows).industries == ()
    assert empty.find("化肥") == ()


def test_the_shipped_lexicon_is_well_formed():
    industries = shipped_lexicon().industries
    assert len(industries) >= 600
    assert len({row.name for row in industries}) == len(industries)
    for row in industries:
        assert len(row.products) >= 8, row.name
        for texts in (row.products, row.aliases):
            assert len(set(texts)) == len(texts), row.name
        for text in (row.name, row.broader, *row.aliases, *row.products):
            assert text, row.name
            assert text == text.strip(), row.name
            assert not {*";；,，"} & {*text}, row.name


def test_a_shipped_industry_is_found_by_its_own_name():
    lexicon = shipped_lexicon()
    found = [lexicon.find(row.name) for row in lexicon.industries]
    assert found == [(at,) for at in range(len(lexicon.industries))]


def test_no_claim_to_a_shipped_alias_is_passed_over_in_silence():
    lexicon = shipped_lexicon()
    names = {row.name.casefold() for row in lexicon.industries}
    claims = {}
    for at, row in enumerate(lexicon.industries):
        for alias in row.aliases:
            claims.setdefault(alias.casefold(), []).append(at)
    shared = {alias: at for alias, at in claims.items() if len(at) > 1 and alias not in names}
    found = {alias: list(lexicon.find(alias)) for alias in shared}
    # An alias that is short for an industry's own name, as 纺织 for 纺织制造, is that one's.
    whole = {alias for alias, at in found.items() if at == shared[alias]}
    assert len(shared) > 100
    for alias in shared.keys() - whole:
        (own,) = found[alias]
        assert lexicon.industries[own].name.startswith(alias), alias


def test_the_shipped_lexicon_names_no_enterprise():
    demo = pl.read_csv(files("service") / "demo" / "enterprises.csv", infer_schema=False)
    enterprises = {*demo["name"], *demo["short_name"].drop_nulls()}
    products = {text for row in shipped_lexicon().industries for text in row.products}
    assert len(enterprises) > 400
    assert not enterprises & products


@pytest.mark.parametrize(
    ("text", "made"),
    [("氮肥Ⅲ", "尿素"), ("光电LED", "LED封装器件"), ("光电产业", "LED芯片"), ("光电", "LED芯片")],
)
def test_the_shipped_lexicon_says_what_a_name_does_not_spell_out(text, made):
    lexicon = shipped_lexicon()
    assert any(made in lexicon.industries[at].products for at in lexicon.find(text))
