"""Lists of products with their shares, as in 封装:0.6;支架:40%, or of names alone."""

from __future__ import annotations

import polars as pl

_TAIL = r"[:：∶﹕︰]\s*([^:：∶﹕︰]*)$"
_PLAIN_SHARE = r":(\d+(?:\.\d+)?)$"
_NOT_NAME = r"[:：∶﹕︰]|\s$"
"""An item that is not a name, or a name and a plain share, alone."""
_PERCENT = r"^百分之(.+)$"
_DIGITS = 8
"""20.5% is 0.205, not 0.20500000000000002."""
_NO_SHARE = ["", "-", "--", "NULL", "null", "None"]
_NOT_PLAIN = r"[;:：]|[(（【][^)）】]*、"
_MARKED = r"[%％]|[，,]|\d[.．、)）]\s*[^\d\s;；]"
"""Texts that may need one of the substitutions below; most need none."""
_SHARE = r"(\d+(?:\.\d+)?)\s*[%％]"
_BARE_SHARE = rf"([^\d\s:：.（(、，,;；])\s*{_SHARE}(?:[、，,；;\s]+|$)"
_SUBSTITUTED = (
    (rf"\s*[(（][^()（）%％\d]{{0,12}}{_SHARE}\s*[)）]", ":${1}%"),  # 电感（占比45%）
    (r"[%％]\s*[、，,;；]\s*", "%;"),
    (r"(^|[;；\s])[(（]?\d{1,2}[.．、)）]\s*([\p{Han}A-Za-z])", "${1};${2}"),  # 1.轴承 2.齿轮
    (r"([\p{Han}A-Za-z)）])\s*[，,]\s*([\p{Han}])", "${1};${2}"),
)
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
    texts = _substituted(texts)
    rows = texts.alias("text").to_frame().with_row_index("row")
    split = rows.lazy().select("row", item=_items(pl.col("text"))).explode("item")
    split = split.with_columns(item.str.strip_chars()).filter(item != "")
    flat = split.collect(engine="streaming")
    few = flat["item"].unique()
    if 2 * len(few) > len(flat):
        read = _parsed(flat)
    else:
        read = flat.join(_parsed(few.to_frame()), on="item", how="left", maintain_order="left")
    lists = (
        read.with_columns(pl.col("row").set_sorted())
        .group_by("row", maintain_order=True)
        .agg("product", pl.col("right").all())
    )
    if lists.height == rows.height and lists["right"].all():
        return lists["product"]
    whole = rows.join(lists, on="row", how="left", maintain_order="left")
    nothing = pl.lit([], pl.List(_PRODUCT))
    return whole.select(
        pl.when(pl.col("text").is_not_null() & pl.col("right").fill_null(value=True)).then(
            pl.coalesce("product", nothing)
        )
    ).to_series()


def _substituted(texts: pl.Series) -> pl.Series:
    """Write shares in brackets and behind names as name:share, and other separators as ;."""
    rows = texts.str.contains(_MARKED).arg_true()
    if rows.is_empty():
        return texts
    text = pl.col("text")
    bare = ~text.str.contains("[:：]") & (text.str.count_matches(_BARE_SHARE) > 1)
    shared = pl.when(bare).then(text.str.replace_all(_BARE_SHARE, "${1}:${2}%;")).otherwise(text)
    few = texts.gather(rows).to_frame("text")
    for pattern, written in _SUBSTITUTED:
        few = few.with_columns(text.str.replace_all(pattern, written))
    return texts.scatter(rows, few.select(shared)["text"])


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
    item, name, share = pl.col("item"), pl.col("name"), pl.col("share")
    plain = items.lazy().select("item", share=item.str.extract(_PLAIN_SHARE))
    suffix = pl.concat_str(pl.lit(":"), share)
    plain = plain.with_columns(
        name=pl.when(share.is_null()).then(item).otherwise(item.str.strip_suffix(suffix)),
        share=share.cast(pl.Float64),
    )
    read = plain.with_columns(odd=name.str.contains(_NOT_NAME)).collect()
    names, shares = read["name"], read["share"]
    odd = read["odd"].arg_true()
    if not odd.is_empty():
        rest = _parsed_odd(read.select(item.gather(odd)))
        names, shares = names.scatter(odd, rest["name"]), shares.scatter(odd, rest["share"])
    return items.with_columns(names.alias("name"), shares.alias("share")).select(
        pl.exclude("name", "share"),
        product=pl.struct("name", "share"),
        right=(name != "") & share.is_between(0, 1).fill_null(value=True),
    )


def _parsed_odd(items: pl.DataFrame) -> pl.DataFrame:
    """Return names and shares of items with other colons, percentages or full-width digits."""
    item, tail = pl.col("item"), pl.col("tail")
    # The text after the last colon is a share only if it is a number: a name may contain a colon.
    plain = tail.str.normalize("NFKC").str.strip_chars().str.replace(_PERCENT, "${1}%")
    percent = pl.when(plain.str.contains("%$")).then(100).otherwise(1)
    number = plain.str.strip_chars_end("% ").cast(pl.Float64, strict=False)
    stated = number.is_not_null() | plain.is_in(_NO_SHARE)
    head = item.str.strip_suffix(tail).str.strip_chars_end(":：∶﹕︰ \u3000")
    return items.with_columns(tail=item.str.extract(_TAIL)).select(
        name=pl.when(stated).then(head).otherwise(item),
        share=(number.fill_nan(None) / percent).round(_DIGITS),
    )
