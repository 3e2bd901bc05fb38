"""Lists as files: leads as Excel, CSV or Parquet, written atomically."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import polars as pl
import xlsxwriter

from features.errors import UnavailableError, UsageError
from features.storage.spreadsheet import inert
from features.vocabulary import FLAGS
from service.serving.explanation.neighbours import progress_text
from service.serving.explanation.reasons import summary

if TYPE_CHECKING:
    from pathlib import Path

_ENDINGS = (".xlsx", ".csv", ".parquet")
_WIDTHS = {
    "序号": 6,
    "企业编号": 12,
    "企业名称": 36,
    "环节": 20,
    "得分": 7,
    "推荐理由": 64,
    "需求": 24,
    "依据": 18,
    "模型版本": 26,
    "enterprise_id": 22,
    "need_id": 24,
    "reasons": 64,
    "name": 36,
    "node": 20,
    "rank": 6,
    "score": 7,
    "model_version": 26,
    "pool_version": 18,
}
"""Widths of columns in characters; 12 where none is stated."""

_LIST = pl.Schema(
    {
        "序号": pl.Int64,
        "企业编号": pl.String,
        "企业名称": pl.String,
        "简称": pl.String,
        "省份": pl.String,
        "城市": pl.String,
        "环节": pl.String,
        "得分": pl.Float64,
        "信息完整度": pl.Float64,
        "进展": pl.String,
        "提示": pl.String,
        "推荐理由": pl.String,
        "需求": pl.String,
        "依据": pl.String,
        "模型版本": pl.String,
        "数据日期": pl.String,
    }
)
"""The schema of a list of leads; explicit, because a column may be null for hundreds of rows."""

_WRAPPED = {"推荐理由", "reasons"}
_LINES = 3
_PIXELS_A_LINE = 22
_XLSX_ROWS = 1_048_575
_A4 = 9


def check_writable(path: Path) -> None:
    """Check that a path can be written, before any work is done.

    Raises
    ------
    UsageError
        Naming the endings, or the missing folder.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError(
            f"cannot write {path}: its name must end in {', '.join(_ENDINGS)}",
            field="out",
            got=str(path),
            expected=", ".join(_ENDINGS),
        )
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(
            f"cannot write {path}: expected a file in an existing folder",
            field="out",
            got=str(path),
        )


def basis_shown(basis: str | None) -> str | None:
    """Return the basis of a need; an illustrative one is also marked as an example in Chinese."""
    return f"示例 {basis}" if basis == "illustrative" else basis


def leads_frame(page: dict[str, Any]) -> pl.DataFrame:
    """Return a page of leads as a list for an official, one row per lead, Chinese headers."""
    rows = [
        (
            lead["rank"],
            lead["enterprise"]["enterprise_id"],
            lead["enterprise"]["name"],
            lead["enterprise"]["short_name"],
            lead["enterprise"]["province"],
            lead["enterprise"]["city"],
            lead["node"]["name"] if lead["node"] else None,
            lead["score"],
            lead["confidence"],
            progress_text(lead),
            "；".join(FLAGS[flag].gloss for flag in lead["enterprise"]["flags"]) or None,
            summary(lead["reasons"], "；\n", _LINES),
            page["need"]["need_id"] or page["need"]["industry"],
            basis_shown(page["need"]["basis"]),
            page["model_version"],
            page["pool_date"],
        )
        for lead in page["leads"]
    ]
    return pl.DataFrame(rows, schema=_LIST, orient="row")


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the format of the path's suffix; an old file is replaced atomically.

    In a CSV with Chinese headers, which is opened in a spreadsheet, texts are made `inert`; one
    with English headers is read by programs and keeps every id and text unchanged.

    Raises
    ------
    UnavailableError
        When the file cannot be written.
    UsageError
        When there are more rows than an Excel sheet holds.
    """
    ending = path.suffix.lower()
    if ending == ".xlsx" and frame.height > _XLSX_ROWS:
        raise UsageError(
            f"an Excel sheet holds {_XLSX_ROWS} rows, not {frame.height}: write .csv or .parquet",
            field="out",
            got=frame.height,
        )
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        if ending == ".parquet":
            frame.write_parquet(draft)
        elif ending == ".csv":
            # Excel recognises UTF-8 only with a byte order mark, which other programs stumble over.
            for_a_reader = not all(name.isascii() for name in frame.columns)
            (inert(frame) if for_a_reader else frame).write_csv(draft, include_bom=for_a_reader)
        else:
            draft.write_bytes(as_xlsx(frame))
        draft.replace(path)
    except (OSError, pl.exceptions.PolarsError, xlsxwriter.exceptions.FileCreateError) as error:
        raise UnavailableError(f"could not write {path}: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def names_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a batch with its columns ordered for reading: names first, ids and versions last."""
    first = ("name", "short_name", "province", "city", "node", "fit", "reasons", "need_id", "rank")
    return frame.select(*first, pl.exclude(first)).with_columns(pl.col("score").round(3))


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file atomically (UnavailableError)."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        raise UnavailableError(f"could not write {path}: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def as_xlsx(frame: pl.DataFrame) -> bytes:
    """Return a frame as an Excel workbook to be read and printed."""
    # strings_to_formulas would let a cell that starts with "=" run in the reader's Excel.
    safe = {"strings_to_formulas": False, "strings_to_urls": False}
    # Built in memory: a workbook whose disk becomes full while it is written cannot be closed.
    content = io.BytesIO()
    lines = _LINES if _WRAPPED & set(frame.columns) else 1
    with xlsxwriter.Workbook(content, {**safe, "in_memory": True}) as book:
        sheet = book.add_worksheet("线索")
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        frame.write_excel(
            book,
            sheet,
            column_widths={name: 7 * _WIDTHS.get(name, 12) for name in frame.columns},
            column_formats={
                name: {"text_wrap": name in _WRAPPED, "valign": "top"} for name in frame.columns
            },
            dtype_formats={pl.Float64: "0.000"},
            header_format={"bold": True, "bottom": 1},
            row_heights=dict.fromkeys(range(1, frame.height + 1), lines * _PIXELS_A_LINE),
            freeze_panes=(1, 0),
        )
    return content.getvalue()
