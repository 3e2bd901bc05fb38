"""The style of the desk: plots, Chinese fonts, tables and notes.

Plots are shown as SVG, rendered by vl-convert without network access: their text remains text, and
the browser uses the first available of `FONTS`. A bitmap needs a font on this machine.
"""

from __future__ import annotations

import os
import warnings
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from training.plots import FONTS, renders_chinese

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import altair as alt
    import polars as pl

Plot = Any
"""An Altair chart, or a `Note` if there is nothing to draw."""

UNKNOWN: Final = "未知"
KNOWN_COLOUR, UNKNOWN_COLOUR = "#3c6e9f", "#d5d9dc"
UP_COLOUR, DOWN_COLOUR, QUIET_COLOUR = "#3c6e9f", "#c8102e", "#5b6770"

FONT_FILES: Final = (
    *("notosanscjk", "notosanssc", "sourcehansans", "wqy-", "msyh", "simhei", "simsun"),
    *("pingfang", "hiragino sans gb", "droidsansfallback"),
)
"""Prefixes of file names of Chinese fonts, in lower case."""


class Note(str):
    """A short text, shown as Markdown in a notebook."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


class Sheet:
    """A table that is shown in full; unknown values are shown as unknown.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequences
        None is unknown; numbers are right-aligned.
    caption : str
    """

    def __init__(
        self, header: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = ""
    ) -> None:
        self.header = list(header)
        self.rows = [list(row) for row in rows]
        self.caption = caption

    @classmethod
    def of(cls, frame: pl.DataFrame, names: Sequence[str]) -> Sheet:
        """Return a frame as a table with column names `names`."""
        return cls(names, frame.iter_rows())

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in self.header)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        return "\n".join(" | ".join(map(_shown, row)) for row in (self.header, *self.rows))


def dress() -> Note:
    """Enable the style of the desk, and show whether bitmaps will be legible."""
    import altair as alt

    @alt.theme.register("lianzhao", enable=True)
    def _style() -> alt.theme.ThemeConfig:
        return {
            "config": {
                "font": FONTS,
                "view": {"stroke": None},
                "title": {
                    "anchor": "start",
                    "fontSize": 15,
                    "subtitleFontSize": 12,
                    "subtitleColor": QUIET_COLOUR,
                    "offset": 14,
                },
                "axis": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 260},
                "legend": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 320},
            }
        }

    alt.renderers.enable("svg")
    # Bars of libraries are texts here; tqdm would ask for ipywidgets.
    warnings.filterwarnings("ignore", "IProgress not found")
    return font_note()


def font_note() -> Note:
    """Find a Chinese font for bitmaps, register it if necessary, and print its name."""
    if renders_chinese():
        return Note("中文字体：本机已有，图与导出的 PNG 均可显示中文。")
    import vl_convert

    for folder in font_folders():
        if holds_chinese_font(folder):
            vl_convert.register_font_directory(str(folder))
            renders_chinese.cache_clear()
            if renders_chinese():
                return Note(f"中文字体：取自 {folder}，导出的 PNG 可显示中文。")
    return Note(
        "**本机没有中文字体**：页面上的图（SVG）由浏览器的字体显示，一般不受影响；"
        "在本机导出 PNG 会缺字。请安装一种中文字体（如 fonts-noto-cjk），"
        "或用环境变量 LIANZHAO_FONTS 指明字体所在文件夹。"
        "*No Chinese font on this machine: install one, or name its folder in LIANZHAO_FONTS.*"
    )


def font_folders() -> tuple[Path, ...]:
    """Return folders of fonts that vl-convert does not search by itself."""
    named, conda = os.environ.get("LIANZHAO_FONTS"), os.environ.get("CONDA_PREFIX")
    return (
        *([Path(named)] if named else []),
        *([Path(conda) / "fonts"] if conda else []),
        Path.home() / "AppData/Local/Microsoft/Windows/Fonts",
        Path("/mnt/c/Windows/Fonts"),
    )


def holds_chinese_font(folder: Path) -> bool:
    """Return whether a folder tree has a file named like a Chinese font."""
    return folder.is_dir() and any(
        path.suffix.lower() in {".ttf", ".ttc", ".otf"} and path.name.lower().startswith(FONT_FILES)
        for path in folder.rglob("*")
    )


def _shown(value: Any) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, (list, tuple)):
        return "、".join(map(_shown, value))
    return str(value)


def _cell(value: Any) -> str:
    side = "right" if isinstance(value, (int, float)) else "left"
    quiet = ";color:#888" if value is None else ""
    return f"<td style='text-align:{side}{quiet}'>{escape(_shown(value))}</td>"


def title(text: str, subtitle: str) -> alt.TitleParams:
    """Return the title and subtitle of a plot."""
    import altair as alt

    return alt.TitleParams(text, subtitle=subtitle)
