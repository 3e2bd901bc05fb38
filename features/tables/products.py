"""Lists of products with their shares, as in 封装:0.6;支架:40%, or of names alone."""

from __future__ import annotations

import polars as pl

_TAIL = r"[:：∶﹕︰]\s*([^:：∶﹕︰]*)$"
_PERCENT = r"^百分之(.+)$"
_NO_SHARE = ["", "-", "--", "NULL", "null", "None"]
_NOT_PLAIN = r"[;:：]|[(（【][^)）】]*、"
_PRODUCT = pl.Struct({"name": pl.String, "share": pl.Float64})
_ROWS = 100_000
"""Number of rows that are parsed at once, because items need more memory than texts."""


def read_products(texts: pl.Series) -> pl.Series:
    """Return lists of {name, share}; null if a name is missing or a share is wrong.

    Each distinct item is parsed once.
    """
    parts = [_read(texts.slice(at, _ROWS)) for at in range(0, len(texts), _ROWS)]
    return pl.concat(parts or [_read(texts)]).alias("value")


def _read(texts: pl.Series) -> pl.Series:
    item = pl.col("item")
    rows = texts.alias("text").to_frame().with_row_index("row")
    split = rows.lazy().select("row", item=_items(pl.col("text"))).explode("item")
    split = split.with_columns(item.str.strip_chars()).filter(item != "")
    flat = split.collect(engine="streaming")
    few = flat["item"].unique()
    if 2 * len(few) > len(flat):
        read = _parsed(flat)
    else:
        read = flat.join(_parsed(few.to_frame()), on="item", how="left", maintain_order="left")
    lists = read.group_by("row", maintain_order=True).agg("product", pl.col("right").all())
    whole = rows.join(lists, on="row", how="left", maintain_order="left")
    nothing = pl.lit([], pl.List(_PRODUCT))
    return whole.select(
        pl.when(pl.col("text").is_not_null() & pl.col("right").fill_null(value=True)).then(
            pl.coalesce("product", nothing)
        )
    ).to_series()


def _items(text: pl.Expr) -> pl.Expr:
    """Split a text into items.

    封装、支架 are two products; in a list with shares, or in brackets, the mark is part of a name.
    """
    text = text.str.replace_all("；", ";", literal=True)
    plain = text.str.contains("、", literal=True) & ~text.str.contains(_NOT_PLAIN)
    parted = pl.when(plain).then(text.str.replace_all("、", ";", literal=True)).otherwise(text)
    return parted.str.split(";")


def _parsed(items: pl.DataFrame) -> pl.DataFrame:
    """Add the columns product and right."""
    item, tail = pl.col("item"), pl.col("tail")
    # The text after the last colon is a share only if it is a number: a name may contain a colon.
    plain = tail.str.normalize("NFKC").str.strip_chars().str.replace(_PERCENT, "${1}%")
    percent = pl.when(plain.str.contains("%$")).then(100).otherwise(1)
    number = plain.str.strip_chars_end("% ").cast(pl.Float64, strict=False)
    stated = number.is_not_null() | plain.is_in(_NO_SHARE)
    head = item.str.strip_suffix(tail).str.strip_chars_end(":：∶﹕︰ \u3000")
    name = pl.when(stated).then(head).otherwise(item)
    share = number.fill_nan(None) / percent
    return (
        items.with_columns(tail=item.str.extract(_TAIL))
        .with_columns(name=name, share=share)
        .select(
            pl.exclude("tail", "name", "share"),
            product=pl.struct("name", "share"),
            right=(pl.col("name") != "") & pl.col("share").is_between(0, 1).fill_null(value=True),
        )
    )
