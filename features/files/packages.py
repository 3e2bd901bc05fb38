"""Inspection of workbooks that are zip archives, before they are read.

Reading holds the rectangle of a sheet in memory, and a stray cell in the last corner extends it to
17 billion cells. So the parts are first unpacked in pieces, and a workbook that is too large or
spans too many cells is refused. Merged cells are found in the same pass.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

from features.errors import InputError
from features.files import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 20
_OVERLAP = 4096
_CELL = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"[^>/]*>')
"""A cell with content: an empty one with a style ends in />."""
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")

Merge = tuple[int, int, int, int]
"""First row, first column, last row and last column of merged cells, from 0."""


@dataclass(frozen=True)
class Extent:
    """The extent of a sheet: rows and columns up to its last cell, and its merged cells."""

    rows: int = 0
    columns: int = 0
    merged: tuple[Merge, ...] = ()


def check_archive(path: object, archive: zipfile.ZipFile) -> None:
    """Refuse an archive with a suspicious compression ratio.

    Raises
    ------
    InputError
        Naming the part and both sizes.
    """
    total = 0
    for part in archive.infolist():
        total += part.file_size
        packed = max(part.compress_size, 1)
        if total > limits.UNPACKED or (
            part.file_size > limits.SMALL and part.file_size > limits.RATIO * packed
        ):
            raise _bomb(path, part)


def unpacked(path: object, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part in pieces, up to the size that the archive states.

    Raises
    ------
    InputError
        When it is larger, or damaged.
    """
    size = 0
    try:
        with archive.open(part) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"{path} is damaged or locked by a password: {part.filename} cannot be unpacked "
            f"({error})",
            expected="a whole file without a password",
        ) from None


def extents(path: object, content: bytes) -> dict[str, Extent]:
    """Return the extent of each sheet of a workbook by name; empty if it is not an archive.

    Raises
    ------
    InputError
        When the workbook or a cell in it is too large.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, UnicodeDecodeError):
        return {}
    with archive:
        check_archive(path, archive)
        names = archive.NameToInfo
        if "content.xml" in names:
            return _of_ods(path, archive, names["content.xml"])
        found = {}
        for sheet, part in _sheets(path, archive):
            if part.filename.endswith(".bin"):
                found[sheet] = _of_xlsb(b"".join(unpacked(path, archive, part)))
            else:
                found[sheet] = _of_xlsx(path, archive, part)
        for name, part in names.items():
            if name.lower().endswith("sharedstrings.xml"):
                for _ in _pieces(path, archive, part):
                    pass
        return found


def check_extent(path: object, sheet: str, extent: Extent) -> None:
    """Refuse a sheet whose rectangle is too large for memory.

    Raises
    ------
    InputError
        Naming the sheet and its last cell.
    """
    if extent.rows * extent.columns > limits.CELLS:
        raise InputError(
            f"{path}: the sheet {sheet} reaches to row {extent.rows:,} and column "
            f"{extent.columns:,}, which is more than {limits.CELLS:,} cells: delete the stray "
            "cells at its end, or save it as CSV",
            expected=f"a sheet of at most {limits.CELLS:,} cells",
        )
    limits.check_width(path, extent.columns)


def _bomb(path: object, part: zipfile.ZipInfo) -> InputError:
    return InputError(
        f"{path} is not a table: {part.filename} in it would come to "
        f"{part.file_size:,} bytes out of {part.compress_size:,}",
        expected="a file with a table",
    )


def _sheets(path: object, archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield the names of the sheets with their parts."""
    names = {name.lower(): part for name, part in archive.NameToInfo.items()}
    book = next((n for n in ("xl/workbook.xml", "xl/workbook.bin") if n in names), None)
    links = names.get(f"xl/_rels/{book.rpartition('/')[2]}.rels") if book else None
    if book is None or links is None:
        return
    targets = {}
    for found in _RELATION.finditer(b"".join(unpacked(path, archive, links))):
        marks = _attributes(found[0])
        target = marks.get("target", "")
        targets[marks.get("id", "")] = (
            target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        ).lower()
    content = b"".join(unpacked(path, archive, names[book]))
    listed = _listed_binary(content) if book.endswith(".bin") else _listed(content)
    for sheet, link in listed:
        part = names.get(targets.get(link, ""))
        if part is not None:
            yield sheet, part


def _listed(content: bytes) -> Iterator[tuple[str, str]]:
    for found in _SHEET.finditer(content):
        marks = _attributes(found[0])
        yield _plain(marks.get("name", "")), marks.get("r:id", marks.get("id", ""))


def _listed_binary(content: bytes) -> Iterator[tuple[str, str]]:
    for kind, record in _records(content):
        if kind == 156 and len(record) > 12:  # BrtBundleSh
            link, at = _wide_text(record, 8)
            name, _ = _wide_text(record, at)
            yield name, link


def _wide_text(record: bytes, at: int) -> tuple[str, int]:
    length = int(struct.unpack_from("<I", record, at)[0])
    end = at + 4 + 2 * length
    return record[at + 4 : end].decode("utf-16-le", errors="replace"), end


def _attributes(tag: bytes) -> dict[str, str]:
    found = re.findall(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']", tag)
    return {key.decode().lower(): value.decode(errors="replace") for key, value in found}


def _plain(text: str) -> str:
    for mark, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'")):
        text = text.replace(mark, sign)
    return text.replace("&amp;", "&")


def _pieces(path: object, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the pieces of an XML part, each with the end of the one before it."""
    kept, plain = b"", 0
    for piece in unpacked(path, archive, part):
        plain = 0 if b"<" in piece else plain + len(piece)
        if plain >= limits.CELL:
            raise InputError(
                f"{path}: a cell in it has over {limits.CELL:,} bytes: too many for a value",
                expected="cells of at most 32,767 characters",
            )
        yield kept + piece
        kept = piece[-_OVERLAP:]


def _of_xlsx(path: object, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Extent:
    rows, columns = 0, 0
    merged: list[Merge] = []
    for piece in _pieces(path, archive, part):
        cells = _CELL.findall(piece)
        if cells:
            letters, numbers = map(set, zip(*cells, strict=True))
            columns = max(columns, *map(_number, letters))
            rows = max(rows, *map(int, numbers))
        merged += [
            (int(top) - 1, _number(left) - 1, int(bottom) - 1, _number(right) - 1)
            for left, top, right, bottom in _MERGED.findall(piece)
        ]
    return Extent(rows, columns, tuple(dict.fromkeys(merged)))


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the records of a binary part ([MS-XLSB] 2.1.4)."""
    at = 0
    while at < len(content):
        kind = content[at]
        at += 1
        if kind & 0x80 and at < len(content):
            kind = (kind & 0x7F) | (content[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while at < len(content) and shift < 28:
            byte = content[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield kind, content[at : at + size]
        at += size


def _of_xlsb(content: bytes) -> Extent:
    rows = columns = row = 0
    merged: list[Merge] = []
    for kind, record in _records(content):
        if kind == 0 and len(record) >= 4:  # BrtRowHdr
            row = int.from_bytes(record[:4], "little") + 1
        elif 2 <= kind <= 11 and len(record) >= 4:  # cells with content
            rows = max(rows, row)
            columns = max(columns, int.from_bytes(record[:4], "little") + 1)
        elif kind == 176 and len(record) >= 16:  # BrtMergeCell
            top, bottom, left, right = struct.unpack_from("<4I", record)
            merged.append((top, left, bottom, right))
    return Extent(rows, columns, tuple(merged))


def _of_ods(path: object, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> dict[str, Extent]:
    reader = _OdsReader()
    try:
        for piece in unpacked(path, archive, part):
            reader.parser.Parse(piece)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError(
            f"{path} is damaged: its content is not XML ({error})", expected="a whole .ods file"
        ) from None
    return reader.found


class _OdsReader:
    """Follows the rows and cells of an OpenDocument spreadsheet, repeated ones counted."""

    def __init__(self) -> None:
        self.found: dict[str, Extent] = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._sheet = ""
        self._row = self._column = self._repeated = self._last = 0

    def _start(self, name: str, marks: dict[str, str]) -> None:
        if name == "table:table":
            self._sheet, self._row = marks.get("table:name", ""), 0
            self.found[self._sheet] = Extent()
        elif name == "table:table-row":
            self._column = self._last = 0
            self._repeated = int(marks.get("table:number-rows-repeated", 1))
        elif name in ("table:table-cell", "table:covered-table-cell"):
            before = self._column
            self._column += int(marks.get("table:number-columns-repeated", 1))
            if "office:value-type" in marks or "table:formula" in marks:
                self._last = self._column
            tall = int(marks.get("table:number-rows-spanned", 1))
            wide = int(marks.get("table:number-columns-spanned", 1))
            if tall * wide > 1:
                merge = (self._row, before, self._row + tall - 1, before + wide - 1)
                old = self.found[self._sheet]
                self.found[self._sheet] = Extent(old.rows, old.columns, (*old.merged, merge))
        elif name == "text:p" and self._sheet:
            self._last = max(self._last, self._column)

    def _end(self, name: str) -> None:
        if name == "table:table-row":
            self._row += self._repeated
            if self._last:
                old = self.found[self._sheet]
                columns = max(old.columns, self._last)
                self.found[self._sheet] = Extent(self._row, columns, old.merged)
        elif name == "table:table":
            self._sheet = ""
