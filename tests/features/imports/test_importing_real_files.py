from datetime import date

import polars as pl

from features.imports.importing import import_table
from tests.features.imports.reports import counts, rejected_rows


def test_the_listed_companies(shared_data, workspace):
    folder = shared_data / "listed"
    report = import_table(workspace, "enterprises", folder / "enterprises.csv")
    assert counts(report) == (4586, 4586, 0, 0, 0)
    assert report.warnings == ["columns left out, unknown for enterprises: 上市日期, 市值规模"]
    enterprises = workspace.read("enterprises")
    assert enterprises["products"].null_count() == 754
    shares = enterprises["products"].explode().struct.field("share").drop_nulls()
    assert shares.is_between(0, 1).all()
    report = import_table(workspace, "needs", folder / "needs.csv")
    assert counts(report) == (154, 150, 0, 0, 4)
    empty = {problem.value for problem in report.problems}
    assert ({problem.column for problem in report.problems}, empty) == ({"industry"}, {None})
    report = import_table(workspace, "judgements", folder / "relevance.csv")
    refused = {row["value"] for row in rejected_rows(workspace)}
    assert counts(report) == (2705, 2607, 0, 0, 98)
    assert refused == {"SW280102", "SW610103", "SW620501", "SW640401"}


def test_the_outbound_deals(shared_data, workspace):
    folder = shared_data / "outbound"
    assert counts(import_table(workspace, "enterprises", folder / "enterprises.csv"))[::4] == (
        495,
        0,
    )
    assert counts(import_table(workspace, "needs", folder / "needs.csv"))[::4] == (562, 0)
    report = import_table(workspace, "events", folder / "events.csv")
    assert counts(report)[::4] == (1528, 0)
    assert report.warnings == [
        "columns left out, unknown for events: amount_usd_m",
        "amount_usd_m looks like amount: --map amount_usd_m=amount takes it as that",
    ]
    dates = workspace.read("events")["date"]
    assert (dates.min(), dates.max().year) == (date(2005, 1, 1), 2017)


def test_the_pilot_city(shared_data, workspace):
    folder = shared_data / "changzhi"
    assert counts(import_table(workspace, "zones", folder / "zones.csv"))[::4] == (13, 0)
    report = import_table(workspace, "needs", folder / "needs.csv")
    assert counts(report)[::4] == (50, 0)
    assert report.warnings == ["columns left out, unknown for needs: role_basis"]
    needs = workspace.read("needs")
    assert "cz-gaoxin/电子信息" in needs["need_id"]
    assert needs.filter(pl.col("role") == "leading").height == 26
