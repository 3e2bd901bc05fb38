"""Descriptions of tables and columns; `features.tables.catalogue` has those of the project."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LONGEST_ID = 200
"""Maximum length of an id, which is also that of texts in requests."""


class Kind(StrEnum):
    """The kind of a column's values; `features.tables` parses and checks each kind."""

    ID = "id"
    TEXT = "text"
    TEXTS = "texts"
    PRODUCTS = "products"
    CHOICE = "choice"
    DATE = "date"
    MONEY = "money"
    COUNT = "count"
    NUMBER = "number"


@dataclass(frozen=True)
class Choice:
    """A word of a closed vocabulary: its Chinese gloss, and aliases separated by blanks."""

    gloss: str
    aliases: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name, kind
        The canonical name, and the kind of values.
    headers
        Other accepted headers, separated by blanks; the first is the Chinese gloss. If two columns
        of a file map to this column, the one whose header is earlier here is used.
    required
        Whether the column must be present and filled in every row.
    expected
        The expectation in messages on rejected values.
    choices
        The words of a `Kind.CHOICE` column.
    unit
        Yuan per unit of a `Kind.MONEY` column (the unit of bare numbers).
    low, high
        Inclusive bounds of a number; of a date, the first year (the last day is soon after today).
        Amounts of money end at `features.vocabulary.MOST_YUAN`.
    separators
        Separators of the items of a `Kind.TEXTS` column.
    default
        The value of an empty number; None keeps it unknown.
    made_from
        The column that a required one is derived from if a file lacks it.
    currency
        The column in which a file may say the currency of an amount.
    derived
        Whether it is derived from other columns on import, so that no header maps to it.
    """

    name: str
    kind: Kind
    headers: str
    required: bool = False
    expected: str = ""
    choices: Mapping[str, Choice] | None = None
    unit: float = 1.0
    low: float | None = None
    high: float | None = None
    separators: str = ";；"
    default: int | None = None
    made_from: str = ""
    currency: str = ""
    derived: bool = False

    @property
    def gloss(self) -> str:
        """The Chinese name of the column."""
        return self.headers.split()[0]


@dataclass(frozen=True, eq=False)
class Table:
    """A table: its columns in canonical order, and its key."""

    name: str
    gloss: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    either: tuple[str, ...] = ()
    """Columns of which a row must fill at least one."""
    aids: tuple[Column, ...] = ()
    """Columns of files that are not stored, but used to fill others."""

    @property
    def readable(self) -> tuple[Column, ...]:
        """The columns that a header can map to, including those that are not stored."""
        return (*(column for column in self.columns if not column.derived), *self.aids)

    def column(self, name: str) -> Column:
        """Return the column of that canonical name (KeyError when there is none)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
