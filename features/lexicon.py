"""The lexicon of industries (产业词表): what enterprises of an industry typically make or do.

A need often gives no more than a name, such as 氮肥; the lexicon says that this is 尿素, 合成氨 and
碳酸氢铵. It covers the whole economy, one row an industry, and names no enterprise.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_BRACKETS = re.compile(r"\s|[（(].*?[)）]|[ⅠⅡⅢ]$|(?<=.)Ⅱ|(?<=.)Ⅲ")
_ENDINGS = re.compile(r"(?<=..)(?:制造业|产业|行业|制造|业)$")
_COLUMNS = ("industry", "aliases", "products", "broader")


class Industry(NamedTuple):
    """One row of the lexicon.

    Attributes
    ----------
    name : str
    aliases : tuple of str
        Other names of the same.
    products : tuple of str
        Typical products and services, the most typical first.
    broader : str
        The industry that it belongs to.
    """

    name: str
    aliases: tuple[str, ...]
    products: tuple[str, ...]
    broader: str


class Lexicon:
    """Industries by their names.

    Parameters
    ----------
    industries : iterable of Industry
        A name that several of them claim belongs to the one whose own name it is, else to all that
        have it as an alias: 机床 is 机床工具 and 工业母机 alike.
    """

    def __init__(self, industries: Iterable[Industry]) -> None:
        self.industries = tuple(industries)
        self._columns: dict[str, tuple[int, ...]] = {}
        for names in (lambda row: (row.name,), lambda row: row.aliases):
            for form in (_plain, _short):
                claims: dict[str, dict[int, None]] = {}
                for column, industry in enumerate(self.industries):
                    for name in names(industry):
                        claims.setdefault(form(name), {})[column] = None
                for claimed, columns in claims.items():
                    self._columns.setdefault(claimed, tuple(columns))

    def find(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the industries that a text names, none where it names none.

        Case, white space, brackets, Ⅱ, Ⅲ and an ending such as 行业 or 制造业 make no difference;
        anything else does: a sibling's products would mislead more than they help.
        """
        return self._columns.get(_plain(text)) or self._columns.get(_short(text), ())

    @property
    def rows(self) -> NDArray[np.str_]:
        """The lexicon as an array of shape (industries, 4), to be saved with a model."""
        rows = [
            (row.name, ";".join(row.aliases), ";".join(row.products), row.broader)
            for row in self.industries
        ]
        return np.array(rows, dtype=np.str_).reshape(-1, len(_COLUMNS))

    @classmethod
    def from_rows(cls, rows: NDArray[np.str_]) -> Lexicon:
        """Build it from `rows`."""
        return cls(_industry(*row) for row in rows.tolist())


@cache
def shipped_lexicon() -> Lexicon:
    """Return the lexicon that the project ships, `features/reference/industries.csv`."""
    source = files("features") / "reference" / "industries.csv"
    table = pl.read_csv(source.read_bytes(), infer_schema=False).fill_null("")
    return Lexicon(_industry(*row) for row in table.select(_COLUMNS).iter_rows())


def _industry(name: str, aliases: str, products: str, broader: str) -> Industry:
    return Industry(name, _split(aliases), _split(products), broader)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _plain(name: str) -> str:
    return _BRACKETS.sub("", name).casefold() or name


def _short(name: str) -> str:
    return _ENDINGS.sub("", _plain(name))
