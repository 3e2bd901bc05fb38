"""A need: from the needs table, a request body, or free text."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from features.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTS = ("nodes", "keywords", "industry_codes")


@dataclass(frozen=True)
class NeedQuery:
    """A need; only `industry` is required, and None or empty means unknown.

    Parameters
    ----------
    industry
        The industry's name, or any text that describes the need.
    chain, sector
        Free text that places the industry.
    nodes
        Names or node_ids of chain-map nodes.
    keywords, industry_codes
        Keywords, and GB/T 4754-2017 codes.
    words
        Pairs of word and weight, which replace the words of the thesaurus.
    zone_id, need_id
        Ids, if the need is in the workspace.
    role
        "leading" or "auxiliary".
    basis
        The source of the need.
    region
        The region of its zone, if the needs table groups zones itself.

    Raises
    ------
    InputError
        When `industry` has no letter, digit or Chinese character in it.

    Examples
    --------
    >>> NeedQuery("光电LED", keywords=("封装",)).industry
    '光电LED'
    """

    industry: str
    chain: str | None = None
    sector: str | None = None
    nodes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    industry_codes: tuple[str, ...] = ()
    words: tuple[tuple[str, float], ...] = ()
    zone_id: str | None = None
    need_id: str | None = None
    role: str | None = None
    basis: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        if not any(character.isalnum() for character in self.industry):
            expected = "the name of an industry, such as 光电LED"
            raise InputError(
                f"industry must be {expected}, got {self.industry!r}",
                field="industry",
                got=self.industry,
                expected=expected,
            )

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build a need from a row of the needs table or a body; other fields are ignored."""
        known = {name: row[name] for name in _FIELDS if row.get(name)}
        known["industry"] = str(row.get("industry") or "")
        if words := known.get("words"):
            known["words"] = tuple((each["word"], float(each["weight"])) for each in words)
        return cls(**known | {name: tuple(known[name]) for name in _LISTS if name in known})


_FIELDS = tuple(field.name for field in fields(NeedQuery))
