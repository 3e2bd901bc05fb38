import polars as pl
import pytest

from training.desk import theme

vl_convert = pytest.importorskip("vl_convert")


def test_unknown_values_are_marked_in_a_table_and_markup_is_escaped():
    shown = theme.Sheet.of(
        pl.DataFrame(
            {"a": ["<甲>", None], "b": [1, 2], "c": [["x", "y"], None], "d": [True, False]}
        ),
        ["甲", "乙", "丙", "丁"],
    )
    html = shown._repr_html_()
    assert "&lt;甲&gt;" in html
    assert html.count("未知") == 2
    assert "<td style='text-align:right'>2</td>" in html
    assert repr(shown) == "甲 | 乙 | 丙 | 丁\n<甲> | 1 | x、y | 是\n未知 | 2 | 未知 | 否"


def test_a_note_is_shown_as_markdown():
    assert theme.Note("**未知**")._repr_markdown_() == "**未知**"


def test_plots_are_vectors_with_a_stack_of_chinese_fonts():
    import altair as alt

    theme.dress()
    chart = alt.Chart(pl.DataFrame({"x": ["链"]})).mark_point().encode(x="x:N")
    assert alt.renderers.active == "svg"
    assert chart.to_dict()["config"]["font"] == theme.FONTS


def test_a_missing_font_is_reported(monkeypatch):
    monkeypatch.setattr(theme, "font_folders", lambda: ())
    monkeypatch.setattr(theme, "renders_chinese", lambda: False)
    assert "本机没有中文字体" in theme.font_note()


def test_a_font_that_lies_elsewhere_is_registered(monkeypatch, tmp_path):
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "msyh.ttc").write_bytes(b"")
    monkeypatch.setenv("LIANZHAO_FONTS", str(tmp_path))
    registered = []
    monkeypatch.setattr(vl_convert, "register_font_directory", registered.append)

    class Renders:
        def __call__(self):
            return bool(registered)

        def cache_clear(self):
            pass

    monkeypatch.setattr(theme, "renders_chinese", Renders())
    assert theme.font_note() == f"中文字体：取自 {tmp_path}，导出的 PNG 可显示中文。"
    assert registered == [str(tmp_path)]


def test_a_folder_without_a_chinese_font_is_none(tmp_path):
    (tmp_path / "DejaVuSans.ttf").write_bytes(b"")
    assert not theme.holds_chinese_font(tmp_path)
    assert not theme.holds_chinese_font(tmp_path / "missing")
