"""Tables of rules that an office may edit, by default the shipped ones."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import InputError, NotFoundError, UnavailableError
from features.industry.industry_codes import normalise
from features.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, str]
_NOWHERE = Path(os.devnull)


@dataclass(frozen=True)
class RuleTable:
    """A table of rules: its columns, the required ones, and a check of rows."""

    gloss: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    check: Callable[[Row], str | None] = lambda _: None


def _code(row: Row) -> str | None:
    if row["code"] and normalise(row["code"]) is None:
        return f"code: got {row['code']!r}, expected a code of GB/T 4754-2017"
    return None


def _amount(row: Row) -> str | None:
    try:
        right = 0 <= float(row["amount"]) < float("inf")
    except ValueError:
        right = False
    return None if right else f"amount: got {row['amount']!r}, expected a number of 亿元"


def _exclusion(row: Row) -> str | None:
    if not (row["code"] or row["word"]):
        return "code: is empty, expected a code or a word"
    return _code(row)


RULE_TABLES: Mapping[str, RuleTable] = {
    "reasons": RuleTable("谢绝、终止原因", ("reason", "gloss"), ("reason", "gloss")),
    "units": RuleTable("责任单位", ("unit",), ("unit",)),
    "energy": RuleTable("两高行业", ("code", "gloss", "basis"), ("code",), _code),
    "exclusions": RuleTable(
        "开发区禁入", ("zone_id", "code", "word", "gloss"), ("zone_id",), _exclusion
    ),
    "thresholds": RuleTable("分级报备", ("amount", "level", "gloss"), ("amount", "level"), _amount),
    "offers": RuleTable("公平竞争审查用语", ("words", "rule", "gloss"), ("words", "rule")),
}


class Rules:
    """The tables of rules of a workspace, in its folder `rules`.

    Parameters
    ----------
    home
        The workspace; None for the shipped tables only.
    """

    def __init__(self, home: Path | None) -> None:
        self._folder = (home or _NOWHERE) / "rules"
        self._read: dict[str, tuple[object, list[Row]]] = {}

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a table; an empty cell is "".

        Raises
        ------
        NotFoundError
            For an unknown table.
        InputError
            For an invalid row.
        """
        _kind(name)
        path = self._path(name)
        try:
            found = path.stat()
            seen: object = (found.st_mtime_ns, found.st_size)
        except OSError:
            seen = None
        known = self._read.get(name)
        if known is None or known[0] != seen:
            text = self.text(name) if seen else _shipped(name)
            known = self._read[name] = seen, _parsed(name, text, f"rules/{name}.csv")
        return known[1]

    def source(self, name: str) -> str:
        """Return the description of a table, and whether it is the office's own or shipped."""
        own = self._path(name).exists()
        kept = "本单位维护" if own else "随软件提供，待本单位核对"
        return f"{_kind(name).gloss}（{kept}）"

    def text(self, name: str) -> str:
        """Return a table as CSV, to be edited."""
        _kind(name)
        path = self._path(name)
        try:
            return path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return _shipped(name)
        except (OSError, UnicodeDecodeError) as error:
            raise UnavailableError(f"could not read {path}: {error}") from error

    def replace(self, name: str, text: str) -> int:
        """Replace a table; return the number of its rows.

        Raises
        ------
        InputError
            For an invalid row; the previous table is then kept.
        """
        rows = _parsed(name, text, name)
        path = self._path(name)
        draft = path.with_name(f".{name}.{os.getpid()}.draft")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as file:
                file.write(text.removeprefix("\ufeff"))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise UnavailableError(f"could not write {draft.parent}: {error}") from error
        finally:
            draft.unlink(missing_ok=True)
        # The tables are unchanged, but other processes watch the replacement of their pointer.
        Workspace(self._folder.parent).commit({})
        return len(rows)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.csv"

    def reason(self, given: str | None) -> str | None:
        """Return a reason of the list by its name or its Chinese text.

        Raises
        ------
        InputError
            For one that is not in the list.
        """
        if given is None:
            return None
        rows = self.rows("reasons")
        for row in rows:
            if given.strip() in (row["reason"], row["gloss"]):
                return row["reason"]
        expected = "one of " + ", ".join(f"{row['reason']} ({row['gloss']})" for row in rows)
        raise InputError(
            f"reason: got {given!r}, expected {expected}",
            field="reason",
            got=given,
            expected=expected,
        )

    def check_unit(self, unit: str | None) -> None:
        """Raise for a unit that is not in the office's list, if there is one.

        Raises
        ------
        InputError
            Naming similar units.
        """
        known = [row["unit"] for row in self.rows("units")]
        if unit is None or not known or unit in known:
            return
        alike = get_close_matches(unit, known, 3, 0.4) or known[:5]
        expected = f"a unit of the list, such as {', '.join(alike)}"
        raise InputError(
            f"unit: got {unit!r}, expected {expected}", field="unit", got=unit, expected=expected
        )


SHIPPED = Rules(None)
"""The shipped tables."""


def _kind(name: str) -> RuleTable:
    if name not in RULE_TABLES:
        raise NotFoundError(
            f"there is no table of rules {name!r}",
            field="rules",
            got=name,
            expected=f"one of {', '.join(RULE_TABLES)}",
        )
    return RULE_TABLES[name]


def _shipped(name: str) -> str:
    path = files("service.projects") / "reference" / f"{name}.csv"
    return path.read_text(encoding="utf-8")


def _parsed(name: str, text: str, source: str) -> list[Row]:
    kind = _kind(name)
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    missing = [column for column in kind.required if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"{source} lacks the columns {', '.join(missing)}; expected {', '.join(kind.columns)}",
            field=missing[0],
            expected=", ".join(kind.columns),
        )
    rows = []
    for number, record in enumerate(reader, 2):
        row = {column: (record.get(column) or "").strip() for column in kind.columns}
        if not any(row.values()):
            continue
        empty = next((column for column in kind.required if not row[column]), None)
        wrong = f"{empty}: is empty" if empty else kind.check(row)
        if wrong:
            raise InputError(f"{source}, row {number}: {wrong}", field=wrong.partition(":")[0])
        rows.append(row)
    return rows
