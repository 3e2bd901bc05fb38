"""Text files, in the encodings and with the delimiters that are used in officials' lists."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import polars as pl

from features.columns import Table
from features.errors import InputError
from features.files.encodings import decode, recognise
from features.files.grid import Choose, Grid, Part
from features.files.headers import recognised
from features.files.layout import SEARCHED, HeaderPlace, find_headers
from features.files.limits import check_width
from features.files.source import Source

_SAMPLE = 1 << 16
_CHUNK = 50_000
_DELIMITERS = (",", ";", "\t", "|", "，", "；", "｜")
_EXPECTED = "a table as text in UTF-8, UTF-16, GB18030 or Big5"
_LONGEST_LINE = 1 << 22
"""Maximum number of bytes in a line of a table."""
_BEGIN = (b",", b";", b"\t", b"|", b"\n", b"\r")
"""Characters before a field."""
_MAGIC = {
    b"PK\x03\x04": "an Excel or zip file; name it .xlsx if it is from Excel, .zip if it is packed",
    b"\xd0\xcf\x11\xe0": "an old Excel or WPS file; name it .xls or .et",
    b"PAR1": "a Parquet file; name it .parquet",
    b"%PDF": "a PDF file",
    b"\x1f\x8b": "a gzip file; unpack it",
    b"Rar!": "a RAR file; unpack it",
    b"7z\xbc\xaf": "a 7z file; unpack it",
}
_MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml")


def read_delimited(path: Source, table: Table, choose: Choose | None = None) -> Grid:
    """Read a text file: with polars if possible, record by record if rows or quotes are malformed.

    Parameters
    ----------
    choose
        Selects the columns to keep of a file that can be read again; all by default.

    Raises
    ------
    InputError
        When the file is not a table as text, is in another encoding, is empty, or has an unclosed
        quotation mark.
    """
    with path.open() as file:
        head = file.read(_SAMPLE)
    _check_text(path, head)
    _check_lines(path)
    # A sample may end in the middle of a character.
    whole = head[: head.rfind(b"\n") + 1] or head
    warnings: list[str] = []
    text: io.BytesIO | None = None
    if not _is_utf8(whole):
        text = _recoded(path, warnings)
        whole = text.getvalue()[:_SAMPLE]
    shape = _shape(path, table, whole.decode("utf-8-sig", errors="ignore"))
    grid = _fast(path, text, shape, choose)
    if grid is None and text is None and not _is_utf8(path.read()):
        # A file that begins as UTF-8 or ASCII may continue in another encoding.
        text = _recoded(path, warnings)
        grid = _fast(path, text, shape, None)
    if grid is None:
        grid = _by_record(path, text, shape)
    return replace(grid, warnings=(*shape.stated, *warnings))


class _Shape:
    """Where the table begins in a text, and its delimiter.

    Attributes
    ----------
    skipped : int
        Lines before the first row of the table; 0 if polars counts the lines differently.
    """

    def __init__(
        self,
        place: HeaderPlace,
        delimiter: str,
        records: Sequence[tuple[int, list[str]]],
        *,
        lines: bool,
    ) -> None:
        self.headers = place.headers
        self.unit = place.unit
        self.delimiter = delimiter
        self.first_row = place.row + 2
        self.skipped = records[place.row][0] if lines else 0
        self.stated = (
            [f"the headers were found in row {place.row + 1}; the rows above are left out"]
            if any(cell.strip() for _, record in records[: place.row] for cell in record)
            else []
        )

    def grid(
        self,
        frame: pl.DataFrame,
        surplus: Sequence[tuple[int, list[str]]] = (),
        part: Part | None = None,
    ) -> Grid:
        """Return the rows under their headers."""
        return Grid(self.headers, frame, surplus, self.first_row, unit=self.unit, part=part)


def _check_text(path: Source, head: bytes) -> None:
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{path} is empty: expected headers and rows", expected=_EXPECTED)
    content = next((what for magic, what in _MAGIC.items() if head.startswith(magic)), None)
    if content is None and head.lstrip().lower().startswith(_MARKUP):
        content = "a web page or XML; open it in Excel or WPS and save it as .xlsx"
    if content is None and b"\0" in head and not recognise(head).codec.startswith("utf-16"):
        content = "no text"
    if content is not None:
        raise InputError(f"{path} is {content}: expected {_EXPECTED}", expected=_EXPECTED)


def _check_lines(path: Source) -> None:
    """Refuse a line, or a quoted field of many lines, without end before it is in memory."""
    with path.open() as file:
        line = unquoted = at = 0
        before = b""
        chunk = bytearray(1 << 18)  # stays in the processor's cache
        while size := file.readinto(chunk):
            end = max(chunk.rfind(b"\n", 0, size), chunk.rfind(b"\r", 0, size))
            line = size - end - 1 + (line if end < 0 else 0)
            quote = chunk.rfind(b'"', 0, size)
            unquoted = size - quote - 1 + (unquoted if quote < 0 else 0)
            if quote >= 0:
                before = bytes(chunk[quote - 1 : quote]) if quote else b"\n"
            at += size
            if line > _LONGEST_LINE:
                raise _too_long(path, "line")
            # Text follows a quotation mark that begins a field: the field may still be open.
            if unquoted > _LONGEST_LINE and before in _BEGIN:
                if _is_quoted(path, at - unquoted):
                    raise _too_long(path, "field")
                before = b""  # it is closed, up to the next mark


def _is_quoted(path: Source, end: int) -> bool:
    """Whether a quotation is open after a number of bytes."""
    marks = 0
    with path.open() as file:
        while end > 0 and (chunk := file.read(min(end, 1 << 20))):
            marks += chunk.count(b'"')
            end -= len(chunk)
    return marks % 2 == 1


def _too_long(path: Source, what: str) -> InputError:
    return InputError(
        f"{path} has a {what} of over {_LONGEST_LINE:,} bytes: longer than any cell of a table",
        expected=_EXPECTED,
    )


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _recoded(path: Source, warnings: list[str]) -> io.BytesIO:
    """Return the text in UTF-8; invalid bytes become U+FFFD and are reported in a warning."""
    content = path.read()
    encoding = recognise(content)
    if encoding.refused:
        raise InputError(
            f"{path} is more likely {encoding.name} than Chinese text: save it as UTF-8",
            got=encoding.name,
            expected=_EXPECTED,
        )
    text = decode(content, encoding)
    if broken := text.count("\ufffd"):
        warnings.append(
            f"read as {encoding.name}; {broken} place{'s' if broken > 1 else ''} "
            f"{'are' if broken > 1 else 'is'} not valid {encoding.name}: values there are unknown"
        )
    return io.BytesIO(text.encode())


def _shape(path: Source, table: Table, sample: str) -> _Shape:
    """Choose the delimiter by which the headers match most columns of the table."""
    best: tuple[tuple[int, int], _Shape] | None = None
    for delimiter in _DELIMITERS:
        if delimiter not in sample and best is not None:
            continue
        records = _records_of(sample, delimiter)
        place = find_headers(table, [record for _, record in records])
        if place is None:
            continue
        worth = recognised(table, place.headers), len(place.headers)
        if best is None or worth > best[0]:
            best = worth, _Shape(place, delimiter, records, lines="\n" in sample)
    if best is None:
        raise InputError(f"{path} has no headers in its first rows", expected=_EXPECTED)
    check_width(path, len(best[1].headers))
    return best[1]


def _records_of(sample: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the first records, each with the number of lines up to its end."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    records: list[tuple[int, list[str]]] = []
    with suppress(csv.Error):
        records.extend((reader.line_num, record) for record in islice(reader, SEARCHED))
    return records


def _fast(
    path: Source, text: io.BytesIO | None, shape: _Shape, choose: Choose | None
) -> Grid | None:
    """Read with polars; None if polars cannot read the file as it is."""
    if len(shape.delimiter.encode()) > 1 or not shape.skipped:
        return None
    content = text.getvalue() if text is not None else path.content
    schema = {f"column_{at + 1}": pl.String() for at in range(len(shape.headers))}
    whole = pl.scan_csv(
        path.path if content is None else content,
        separator=shape.delimiter,
        has_header=False,
        skip_lines=shape.skipped,
        schema=schema,
    )
    try:
        if content is not None or choose is None:
            frame = whole.collect(engine="streaming")
            _check_fields(path, frame)
            return shape.grid(frame)
        names = list(schema)
        kept = choose(shape.headers, whole)
        frame = whole.select(names[at] for at in kept).collect(engine="streaming")
        _check_fields(path, frame)
        return shape.grid(frame, part=Part(kept, whole))
    except pl.exceptions.PolarsError:
        return None


def _check_fields(path: Source, frame: pl.DataFrame) -> None:
    """Refuse a field of many lines that is longer than a line may be."""
    longest = frame.select(pl.max_horizontal(pl.col(pl.String).str.len_bytes().max())).item()
    if longest is not None and longest > _LONGEST_LINE:
        raise _too_long(path, "field")


def _by_record(path: Source, text: io.BytesIO | None, shape: _Shape) -> Grid:
    width = len(shape.headers)
    surplus: list[tuple[int, list[str]]] = []
    schema = {f"column_{position + 1}": pl.String for position in range(width)}
    chunks = [pl.DataFrame(schema=schema)]
    records = islice(_records(path, text, shape.delimiter), shape.first_row - 1, None)
    rows = (_fitted(row, width, surplus) for row in enumerate(records, start=shape.first_row))
    while chunk := list(islice(rows, _CHUNK)):
        chunks.append(pl.DataFrame(chunk, schema=schema, orient="row"))
    return shape.grid(pl.concat(chunks), surplus)


def _records(path: Source, text: io.BytesIO | None, delimiter: str) -> Iterator[list[str]]:
    line = 1
    if text is not None:
        text.seek(0)
    with io.TextIOWrapper(text or path.open(), encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for record in reader:
                yield record
                line = reader.line_num + 1
        except csv.Error as error:
            if "limit" in str(error):
                raise InputError(
                    f"{path}, line {line}: a field is longer than {csv.field_size_limit():,} "
                    "characters",
                    expected=_EXPECTED,
                ) from None
            raise InputError(
                f'{path}, line {line}: a quotation mark (") is not closed, or is not doubled '
                "within a quoted field",
                expected='fields with " or line breaks in quotation marks, and " doubled within',
            ) from None


def _fitted(
    row: tuple[int, list[str]], width: int, surplus: list[tuple[int, list[str]]]
) -> list[str | None]:
    """Fit a record to the width of the headers; surplus fields go into `surplus`."""
    record = row[1]
    if any(field.strip() for field in record[width:]):
        surplus.append(row)
        record = []
    return [field or None for field in record[:width]] + [None] * (width - len(record))
