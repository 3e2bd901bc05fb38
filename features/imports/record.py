"""A single record from a program, parsed and checked by the rules of an import."""

import datetime
from collections.abc import Mapping
from typing import Any

import polars as pl

from features.columns import Table
from features.errors import InputError
from features.files.headers import Headers
from features.files.reading import Rows
from features.imports.rejecting import failed_rules
from features.tables.schema import LOADED, ROW, ROW_SCHEMAS
from features.values.parsing import parsed, with_defaults


def parse_record(
    table: Table, given: Mapping[str, str | None], today: datetime.date
) -> dict[str, Any]:
    """Return the columns of a table, parsed from texts for some of them.

    Parameters
    ----------
    given
        Canonical column → text, as in a file.
    today
        Dates after the end of the next year are wrong, those of events after tomorrow.

    Raises
    ------
    InputError
        For the first value that an import would reject.

    Examples
    --------
    >>> from features.tables.catalogue import ZONES
    >>> parse_record(ZONES, {"zone_id": "z", "name": "高新区", "lon": "113.1°"},
    ...              datetime.date(2026, 1, 1))["lon"]
    113.1
    """
    names = list(given)
    headers = Headers(
        {name: at for at, name in enumerate(names)}, dict(zip(names, names, strict=True)), {}, ()
    )
    texts = pl.DataFrame({name: [given[name]] for name in names}, dict.fromkeys(names, pl.String))
    rows = Rows(headers, names, texts.with_row_index(ROW), (), ())
    frame = with_defaults(table, parsed(rows, table, today))
    details = ROW_SCHEMAS[table.name].filter(frame.lazy()).failure.details()
    wrong = failed_rules(table, rows, details)
    if not wrong.is_empty():
        first = wrong.row(0, named=True)
        came = "is empty" if first["value"] is None else f"got {first['value']!r}"
        raise InputError(
            f"{first['column']}: {came}, expected {first['expected']}",
            field=first["column"],
            got=first["value"],
            expected=first["expected"],
        )
    return frame.select(LOADED[table.name].column_names()).row(0, named=True)
