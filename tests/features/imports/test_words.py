import pytest

from features.errors import InputError
from features.imports.importing import import_table


@pytest.fixture
def load(workspace, tmp_path):
    def load(text):
        path = tmp_path / "words.csv"
        path.write_text(text, encoding="utf-8")
        return import_table(workspace, "words", path)

    return load


def test_an_office_s_own_words(load, workspace):
    report = load(
        "概念,产品词,别名,上位概念\n光电LED,LED芯片；LED封装,LED、发光二极管,光电\n光电,灯,,\n"
    )
    assert (report.read, report.added, report.warnings) == (2, 2, [])
    assert workspace.read("words").rows() == [
        ("光电", ["灯"], None, None),
        ("光电LED", ["LED芯片", "LED封装"], ["LED", "发光二极管"], "光电"),
    ]


def test_words_change_what_answers_are_made_from(load, workspace):
    before = workspace.pool_version
    load("concept,words\n光电,灯\n")
    assert workspace.pool_version != before
    assert workspace.remove("table", "words") == {"words": 1}
    assert workspace.read("words").is_empty()


def test_a_concept_twice_is_a_bad_row(load):
    report = load("concept,words\n光电,灯\n光电,LED\n")
    assert str(report.problems[0]).endswith(
        "row 3, concept: got '光电', expected each concept once; row 2 has it already"
    )


@pytest.mark.parametrize("row", ["光电,\n", "光电,；\n"])
def test_a_concept_without_words_is_a_bad_row(load, row):
    report = load(f"concept,words\n{row}")
    assert report.problems[0].column == "words"
    assert report.problems[0].expected.startswith("words parted by ;")


def test_a_circle_is_refused_whole(load, workspace):
    load("concept,words,broader\n甲,a,乙\n")
    with pytest.raises(InputError, match=r"words\.csv: broader has a cycle: .* → 甲 → "):
        load("concept,words,broader\n乙,b,丙\n丙,c,甲\n")
    assert workspace.read("words")["concept"].to_list() == ["甲"]
    with pytest.raises(InputError, match="broader has a cycle: 丁 → 丁"):
        load("concept,words,broader\n丁,d,丁\n")


def test_a_wrong_column_is_named_with_what_it_may_be(load):
    with pytest.raises(InputError, match=r"needs the columns words \(产品词\); .*product_words"):
        load("concept,product_words\n光电,灯\n")
