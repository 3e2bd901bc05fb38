import dataframely as dy
import polars as pl
import pytest

from features.tables.schema import ROW, ROW_SCHEMAS, SCHEMAS, flag

TEXTS = pl.List(pl.String)
DTYPES = {
    "products": pl.List(pl.Struct({"name": pl.String, "share": pl.Float64})),
    **dict.fromkeys(
        (
            "tags",
            "nodes",
            "keywords",
            "industry_codes",
            "supplies",
            "former_names",
            "origins",
            "words",
            "names",
        ),
        TEXTS,
    ),
    **dict.fromkeys(("founded", "date", "source_date"), pl.Date()),
    **dict.fromkeys(("registered_capital", "revenue", "amount", "lon", "lat"), pl.Float64()),
    "coefficient": pl.Float64(),
    "employees": pl.Int64(),
    "grade": pl.Int8(),
}


@pytest.mark.parametrize("table", SCHEMAS)
def test_data_types(table):
    schema = SCHEMAS[table].create_empty().schema
    assert schema == {name: DTYPES.get(name, pl.String()) for name in schema}


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("enterprises", ["enterprise_id"]),
        ("zones", ["zone_id"]),
        ("needs", ["need_id"]),
        ("judgements", ["need_id", "enterprise_id"]),
        ("events", ["event_id"]),
        ("chains", ["node_id"]),
        ("input_output", ["input_code", "output_code"]),
        ("words", ["concept"]),
    ],
)
def test_keys(table, key):
    assert SCHEMAS[table].primary_key() == key


def test_a_table_refuses_shares_above_one():
    table = SCHEMAS["enterprises"].create_empty()
    products = pl.Series([[{"name": "灯", "share": 1.5}]], dtype=DTYPES["products"])
    row = pl.DataFrame({"enterprise_id": ["a"], "name": ["甲"], "products": products})
    with pytest.raises(dy.exc.ValidationError, match="inner"):
        SCHEMAS["enterprises"].validate(pl.concat([table, row], how="diagonal"))


def test_a_row_fails_by_its_flag_or_by_a_rule():
    good = {"zone_id": "z", "name": "甲", "lon": 113.0, ROW: 2}
    rows = pl.DataFrame([good, good | {"lon": 181.0}, good | {"name": None}, good])
    schema = ROW_SCHEMAS["zones"].create_empty().schema
    missing = {name: pl.lit(None, dtype) for name, dtype in schema.items() if name not in good}
    flags = {name: pl.lit(value=False) for name in schema if name.endswith(" wrong")}
    frame = rows.with_columns(**(missing | flags)).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )
    frame = frame.with_columns(pl.Series(flag("lat"), [False, False, False, True]))
    result, failure = ROW_SCHEMAS["zones"].filter(frame)
    assert result.height == 1
    assert failure.counts() == {"lon|max": 1, "name|nullability": 1, "lat wrong|check": 1}
