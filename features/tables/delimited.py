"""CSV files, in any of the encodings and with any of the delimiters that officials' lists have."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import dropwhile, islice
from pathlib import Path

import polars as pl

from features.columns import Table
from features.errors import InputError
from features.tables.grid import Grid
from features.tables.headers import recognised

_SAMPLE = 1 << 16
_CHUNK = 50_000
_DELIMITERS = (",", ";", "\t")
_UTF8, _GB18030 = "utf-8-sig", "gb18030"
_EXPECTED = "a CSV file in UTF-8 or GB18030"
_MAGIC = {
    b"PK\x03\x04": "an Excel or zip file; name it .xlsx if it is from Excel",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save it as .xlsx",
    b"PAR1": "a Parquet file; name it .parquet",
    b"%PDF": "a PDF file",
    b"\xff\xfe": "UTF-16 text; save it as CSV UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as CSV UTF-8",
}


def read_delimited(path: Path, table: Table) -> Grid:
    """Read a CSV file: polars where it can, record by record where rows or quotes are amiss.

    Raises
    ------
    InputError
        When the file is not text in UTF-8 or GB18030, is empty, or leaves a quotation open.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    _check_text(path, head)
    first_line = head.lstrip(b"\r\n").partition(b"\n")[0]
    begins_utf8 = _is_utf8(first_line)
    sample = head.decode(_UTF8 if begins_utf8 else _GB18030, errors="replace")
    headers, delimiter = _headers(path, table, sample)
    # Lines left empty above the headers are counted as rows by a spreadsheet.
    first_row = 2 + len(sample[: -len(sample.lstrip("\r\n"))].splitlines())
    frame = _fast(path, delimiter, len(headers)) if begins_utf8 else None
    encoding = _UTF8
    if frame is None and (line := _undecodable_line(path, _UTF8)) is not None:
        if begins_utf8 and not first_line.isascii():
            raise _not_text(path, line, "UTF-8")
        if (line := _undecodable_line(path, _GB18030)) is not None:
            raise _not_text(path, line, "UTF-8 or GB18030")
        encoding = _GB18030
        text = path.read_bytes().decode(encoding).encode()
        frame = _fast(io.BytesIO(text), delimiter, len(headers))
    if frame is None:
        return _by_record(path, encoding, headers, delimiter, first_row)
    return Grid(headers, frame, first_row=first_row)


def _check_text(path: Path, head: bytes) -> None:
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{path} is empty: expected headers and rows", expected=_EXPECTED)
    content = next((what for magic, what in _MAGIC.items() if head.startswith(magic)), None)
    if content is None and b"\0" in head.partition(b"\n")[0]:
        content = "no text"
    if content is not None:
        raise InputError(f"{path} is {content}: expected {_EXPECTED}", expected=_EXPECTED)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _headers(path: Path, table: Table, text: str) -> tuple[list[str], str]:
    """Take the delimiter under which the first record holds most of the table's columns."""
    candidates = [(_first_record(text, delimiter), delimiter) for delimiter in _DELIMITERS]
    headers, delimiter = max(
        candidates, key=lambda candidate: (recognised(table, candidate[0]), len(candidate[0]))
    )
    if not headers:
        raise InputError(f"{path} has no headers in its first row", expected=_EXPECTED)
    return headers, delimiter


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        return next(
            (r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if r), []
        )
    except csv.Error:
        return []


def _fast(source: Path | io.BytesIO, delimiter: str, width: int) -> pl.DataFrame | None:
    """Read with polars; None where polars does not take the file as it is."""
    try:
        frame = pl.read_csv(source, separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.width == width else None


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Find the first line that is not in an encoding; None when all are."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return None


def _not_text(path: Path, line: int, encoding: str) -> InputError:
    return InputError(
        f"{path}, line {line}: the bytes are no {encoding} text; save the file as CSV UTF-8",
        expected=_EXPECTED,
    )


def _by_record(
    path: Path, encoding: str, headers: Sequence[str], delimiter: str, first_row: int
) -> Grid:
    surplus: list[tuple[int, list[str]]] = []
    schema = {f"column_{position}": pl.String for position in range(len(headers))}
    chunks = [pl.DataFrame(schema=schema)]
    records = dropwhile(lambda record: not record, _records(path, encoding, delimiter))
    next(records)
    rows = (_fitted(row, len(headers), surplus) for row in enumerate(records, start=first_row))
    while chunk := list(islice(rows, _CHUNK)):
        chunks.append(pl.DataFrame(chunk, schema=schema, orient="row"))
    return Grid(headers, pl.concat(chunks), surplus, first_row)


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    line = 1
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for record in reader:
                yield record
                line = reader.line_num + 1
        except csv.Error:
            raise InputError(
                f'{path}, line {line}: a quotation mark (") is not closed, or stands undoubled '
                "within a quoted field",
                expected='fields with " or line breaks in quotation marks, and " doubled within',
            ) from None


def _fitted(
    row: tuple[int, list[str]], width: int, surplus: list[tuple[int, list[str]]]
) -> list[str | None]:
    """Bring a record to the width of the headers; what does not fit goes into `surplus`."""
    record = row[1]
    if any(field.strip() for field in record[width:]):
        surplus.append(row)
        record = []
    return [field or None for field in record[:width]] + [None] * (width - len(record))
