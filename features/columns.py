"""What a table and a column are; `features.vocabulary` says which there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LONGEST_ID = 200
"""Characters of an id: what is imported can be named in every request, whose texts end there."""


class Kind(StrEnum):
    """What a column holds; `features.tables` reads and checks each kind in one way."""

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
    """A word of a closed vocabulary: its Chinese gloss, and aliases parted by blanks."""

    gloss: str
    aliases: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name, kind
        The canonical name, and what it holds.
    headers
        Other headers accepted, parted by blanks; the first one is the Chinese gloss. Of two columns
        of a file that mean the same, the one whose header stands earlier here is taken.
    required
        Whether the column must be there and filled in every row.
    expected
        What the message says where a value is not accepted.
    choices
        The words of a `Kind.CHOICE` column.
    unit
        Yuan in one unit of a `Kind.MONEY` column (a bare number is in this unit).
    low, high
        Inclusive bounds of a number; of a date, the first year (the last day is soon after today).
        Amounts of money end at `features.vocabulary.MOST_YUAN`.
    separators
        What parts the items of a `Kind.TEXTS` column.
    default
        What an empty number means; None keeps it unknown.
    made_from
        The column that the values of a required one are made from where a file lacks it.
    derived
        Whether it is made from other columns when a file is read, so that no header means it.
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
    derived: bool = False

    @property
    def gloss(self) -> str:
        """The Chinese name of the column."""
        return self.headers.split()[0]


@dataclass(frozen=True, eq=False)
class Table:
    """A table: its columns in their canonical order and the key that a row is known by."""

    name: str
    gloss: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    either: tuple[str, ...] = ()
    """Columns of which a row must have at least one."""
    aids: tuple[Column, ...] = ()
    """Columns that a file may have and that are not stored: others are filled from them."""

    @property
    def readable(self) -> tuple[Column, ...]:
        """The columns that a header can mean, those that are not stored included."""
        return (*(column for column in self.columns if not column.derived), *self.aids)

    def column(self, name: str) -> Column:
        """Return the column of that canonical name (KeyError when there is none)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
