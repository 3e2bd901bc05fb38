"""Workbooks of the kinds that no library here writes, as few bytes as a reader needs.

.xls ([MS-XLS] BIFF8 in a compound file), .xlsb ([MS-XLSB]) and .ods (OpenDocument): texts and
numbers in one or more sheets.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Mapping

Cells = "Sequence[Sequence[str | float | None]]"

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def xls(sheets: Mapping[str, Cells]) -> bytes:
    """Return an .xls workbook."""
    bodies = [_biff_sheet(rows) for rows in sheets.values()]
    bound = [len(_bound(name, 0)) for name in sheets]
    start = len(_biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))) + sum(bound) + 4
    book = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    for name, body in zip(sheets, bodies, strict=True):
        book += _bound(name, start)
        start += len(body)
    return _compound(b"Workbook", book + _biff(0x0A, b"") + b"".join(bodies))


def xlsb(sheets: Mapping[str, Cells], far: tuple[int, int] | None = None) -> bytes:
    """Return an .xlsb workbook; `far` is the row and column of one stray cell, from 0."""
    names = list(sheets)
    links = "".join(
        f'<Relationship Id="rId{at}" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships/worksheet" Target="worksheets/sheet{at}.bin"/>'
        for at in range(1, len(names) + 1)
    )
    book = _record(131, b"") + _record(143, b"")
    for at, name in enumerate(names, start=1):
        book += _record(156, struct.pack("<II", 0, at) + _wide(f"rId{at}") + _wide(name))
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b"<Relationships/>",
        "xl/_rels/workbook.bin.rels": f"<Relationships>{links}</Relationships>".encode(),
        "xl/workbook.bin": book + _record(144, b"") + _record(132, b""),
    }
    for at, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{at}.bin"] = _xlsb_sheet(rows, far)
    return _zipped(parts)


def ods(sheets: Mapping[str, Cells], tail: str = "") -> bytes:
    """Return an .ods workbook; `tail` is put below the rows of each sheet."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + "".join(
            f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
        )
        + f"{tail}</table:table>"
        for name, rows in sheets.items()
    )
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return _zipped(
        {"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content.encode()}
    )


def _ods_cell(cell: str | float | None) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str):
        text = f"<text:p>{escape(cell)}</text:p>"
        return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def _xlsb_sheet(rows: Cells, far: tuple[int, int] | None) -> bytes:
    width = max((len(row) for row in rows), default=1)
    body = _record(129, b"") + _record(148, struct.pack("<IIII", 0, len(rows), 0, width))
    body += _record(145, b"")
    for y, row in enumerate(rows):
        body += _record(0, struct.pack("<II", y, 0) + bytes(9))
        for x, cell in enumerate(row):
            body += _xlsb_cell(x, cell)
    if far is not None:
        body += _record(0, struct.pack("<II", far[0], 0) + bytes(9)) + _xlsb_cell(far[1], "x")
    return body + _record(146, b"") + _record(130, b"")


def _xlsb_cell(x: int, cell: str | float | None) -> bytes:
    if cell is None:
        return b""
    if isinstance(cell, str):
        return _record(6, struct.pack("<II", x, 0) + _wide(cell))
    return _record(5, struct.pack("<IId", x, 0, cell))


def _record(kind: int, content: bytes) -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(content)
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _biff(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _bound(name: str, start: int) -> bytes:
    text = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    return _biff(0x85, struct.pack("<IBB", start, 0, 0) + text)


def _biff_sheet(rows: Cells) -> bytes:
    width = max((len(row) for row in rows), default=0)
    body = _biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    body += _biff(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, str):
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                body += _biff(0x204, struct.pack("<HHH", y, x, 0) + text)
            elif cell is not None:
                body += _biff(0x203, struct.pack("<HHHd", y, x, 0, cell))
    return body + _biff(0x0A, b"")


def _compound(name: bytes, stream: bytes) -> bytes:
    """Return a compound file of one stream: header, allocation table, directory, stream."""
    # Below 4096 bytes a stream would have to stand in the one for small ones.
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")
    sectors = len(stream) // _SECTOR
    fats = -(-(sectors + 2) // 128)
    while fats * 128 < sectors + fats + 1:
        fats += 1
    first = fats + 1
    table = [_FAT] * fats + [_END]
    table += [*range(first + 1, first + sectors), _END]
    table += [_FREE] * (fats * 128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, fats, 0, 4096, _END, 0, _END, 0
    )
    header += struct.pack("<109I", *range(fats), *[_FREE] * (109 - fats))
    directory = _entry(b"Root Entry", 5, _END, 0, child=1) + _entry(name, 2, first, len(stream))
    return (
        header + struct.pack(f"<{len(table)}I", *table) + directory.ljust(_SECTOR, b"\0") + stream
    )


def _entry(name: bytes, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    wide = (name + b"\0").decode().encode("utf-16-le")
    return (
        wide.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(wide), kind, 1, _FREE, _FREE, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
