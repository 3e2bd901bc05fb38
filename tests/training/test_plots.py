import polars as pl
import pytest

from tests.training.documents import comparison
from training import plots

pytest.importorskip("altair")
pytest.importorskip("vl_convert")


@pytest.fixture
def document():
    return comparison()


def rows(chart):
    """Return the distinct rows that a chart draws, in no order."""
    data = chart.to_dict()["datasets"].values()
    return {row["name"]: row for rows in data for row in rows if "name" in row}


def test_the_plot_of_rankers_names_them_in_chinese_and_marks_the_stack(document):
    document["rankers"]["lianzhao"]["gloss"] = "链招"
    found = rows(plots.rankers(document))
    assert set(found) == {"链招", "甲"}
    assert found["链招"]["ours"]
    assert not found["甲"]["ours"]
    assert (found["甲"]["low"], found["甲"]["high"]) == (0.4, 0.6)


def test_the_best_ranker_stands_first(document):
    chart = plots.rankers(document, "en").to_dict()
    assert chart["layer"][0]["encoding"]["y"]["sort"] == ["lianzhao", "bm25"]
    assert chart["title"]["subtitle"] == "Lines are 95 % intervals; 12 needs"


def test_a_factor_is_called_as_officials_know_it(document):
    assert set(rows(plots.ablation(document, {"feedback": "相似推及"}))) == {"相似推及"}
    assert set(rows(plots.ablation(document, {"feedback": "相似推及"}, "en"))) == {"feedback"}


def test_without_a_stack_there_are_no_differences_to_draw(document):
    document["stack_minus_peer"] = document["stack_minus_stack_without"] = {}
    assert plots.differences(document) is None
    assert plots.ablation(document, {}) is None


def test_plots_are_saved_as_vectors_and_bitmaps(document, tmp_path):
    files = plots.save(document, tmp_path, {"feedback": "相似推及"})
    assert sorted(path.name for path in files) == sorted(
        f"cold-need-{kind}.{suffix}"
        for kind in ("rankers", "differences", "ablation")
        for suffix in ("svg", "png")
    )
    vector = (tmp_path / "cold-need-rankers.svg").read_text(encoding="utf-8")
    assert "从未见过的需求" in vector
    assert "Noto Sans CJK SC" in vector
    assert (tmp_path / "cold-need-rankers.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("there", [True, False])
def test_a_bitmap_is_in_chinese_only_where_a_font_is(document, tmp_path, monkeypatch, there):
    seen = []
    monkeypatch.setattr(plots, "renders_chinese", lambda: there)
    charts = plots._charts
    monkeypatch.setattr(plots, "_charts", lambda *own: seen.append(own[-1]) or charts(*own))
    plots.save(document, tmp_path, {})
    assert seen == ["zh", "zh" if there else "en"]


def test_reliability_draws_every_bin_and_names_the_error():
    bins = [{"chance": at / 10, "won": at / 10, "outcomes": 20} for at in range(10)]
    own = {"outcomes": 200, "ece": {"mean": 0.0412}, "bins": bins}
    chart = plots.reliability({"figures": {"warm": own}}).to_dict()
    drawn = max(chart["datasets"].values(), key=len)
    assert [row["chance"] for row in drawn] == [at / 10 for at in range(10)]
    assert "约20条" in chart["title"]["subtitle"]
    assert "0.041" in chart["title"]["subtitle"]
    assert plots.reliability({"figures": None}) is None


def test_a_learning_curve_is_of_the_needs_asked_for_and_says_that_it_is_synthetic():
    curve = pl.DataFrame(
        [
            {"round": at, "need_id": need, "asked": need != "c", "ranker": ranker, "ndcg@10": value}
            for at in (0, 1)
            for need, value in (("a", 0.2), ("b", 0.4), ("c", 1.0))
            for ranker in ("with_feedback", "without")
        ]
    )
    chart = plots.learning_curve(curve).to_dict()
    [rows] = chart["datasets"].values()
    assert [row["mean"] for row in rows] == pytest.approx([0.3] * 4)
    assert {row["ranker"] for row in rows} == {"用反馈重新训练", "不用反馈"}
    assert "合成" in chart["title"]["text"]


def test_every_word_is_there_in_both_languages():
    assert plots.WORDS["zh"].keys() == plots.WORDS["en"].keys()


def test_a_missing_package_of_plots_is_reported(monkeypatch):
    assert plots.why_not() is None
    monkeypatch.setattr(plots, "find_spec", lambda _: None)
    assert plots.why_not() == "not installed: altair, vl_convert (dependency group `peers`)"
