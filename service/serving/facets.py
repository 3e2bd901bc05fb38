"""Facets: how many enterprises of a list have each value of a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.industry import industry_codes
from features.places import regions_of
from features.vocabulary import NONE
from service.serving.filters import CHOICES, Facet
from service.serving.masks import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from features.industry.chains import ChainMap
    from features.industry.nodes import NamedNodes
    from service.serving.interfaces import Document, Language
    from service.serving.masks import Distinct, Masks

_MOST = 200
"""How many values a facet shows, the most frequent first."""


class FacetCounter:
    """Counts values among some rows of a pool.

    Parameters
    ----------
    masks : Masks
        Of the pool.
    columns : DataFrame
        The columns that filters read.
    named : NamedNodes
    chain_map : ChainMap
    """

    def __init__(
        self, masks: Masks, columns: pl.DataFrame, named: NamedNodes, chain_map: ChainMap
    ) -> None:
        self._masks, self._columns = masks, columns
        self._named, self._chain_map = named, chain_map

    def of(
        self,
        wanted: Sequence[Facet],
        rows: NDArray[np.intp],
        language: Language,
        of_zone: Mapping[str, tuple[Sequence[str], NDArray[np.int8]]],
    ) -> dict[str, list[Document]]:
        """Return the values of each facet, most frequent first; unknown ones are not counted.

        Parameters
        ----------
        wanted : sequence of str
            Each a `Facet`.
        rows : ndarray of int
            The rows whose values are counted.
        language : {"zh", "en"}
            The language of node names.
        of_zone : mapping
            For stage and seat: their names, and for every row of the pool an index into them, or
            -1.
        """
        return {
            name: _shown(self._counts(name, rows, of_zone), self._names(name, language))
            for name in wanted
        }

    def _counts(
        self,
        name: Facet,
        rows: NDArray[np.intp],
        of_zone: Mapping[str, tuple[Sequence[str], NDArray[np.int8]]],
    ) -> Iterable[tuple[str, int]]:
        masks = self._masks
        match name:
            case "stage" | "seat":
                if name not in of_zone:
                    return ()
                names, own = of_zone[name]
                counts = np.bincount(own[rows] + 1, minlength=len(names) + 1)[1:]
                return zip(names, counts.tolist(), strict=True)
            case "node":
                return [
                    (node_id, int(np.count_nonzero(self._named.at((node_id,))[rows])))
                    for node_id in self._named.node_ids
                ]
            case "standing":
                return self._each(name, rows, "unknown")
            case "listed":
                return self._each(name, rows)
            case "province" | "city":
                return _spread(masks.places, lambda row: (row[name],), rows)
            case "region":
                places = masks.places
                return _spread(places, lambda row: regions_of(row["province"], row["city"]), rows)
            case "tag":
                return _spread(masks.tags, lambda row: (row["tags"] or "").split(BETWEEN), rows)
            case "flag":
                return _spread(masks.flags, lambda row: (row["flags"] or NONE).split(BETWEEN), rows)
            case "industry_code":
                return _spread(masks.industries, lambda row: _division(row["industry_code"]), rows)

    def _each(
        self, column: str, rows: NDArray[np.intp], unknown: str | None = None
    ) -> Iterable[tuple[str, int]]:
        own = self._columns[column].gather(rows).cast(pl.String).fill_null(unknown or "")
        return [(value, count) for value, count in own.value_counts().iter_rows() if value]

    def _names(self, name: Facet, language: Language) -> Callable[[str], str]:
        if name == "node":
            return lambda id_: self._node_name(id_, language)
        if language != "zh":
            return str
        if name == "industry_code":
            return industry_codes.name_of
        if name == "listed":
            return {"true": "上市", "false": "未上市"}.__getitem__
        if name != "region" and name in CHOICES:
            return lambda value: CHOICES[name][value].gloss
        return str

    def _node_name(self, node_id: str, language: Language) -> str:
        node = self._chain_map.node(node_id)
        return node.name if language == "zh" else node.name_en or node.name


def _spread(
    distinct: Distinct,
    values: Callable[[dict[str, str | None]], Iterable[str | None]],
    rows: NDArray[np.intp],
) -> Iterable[tuple[str, int]]:
    found: dict[str, int] = {}
    counts = np.bincount(distinct.numbers[rows], minlength=distinct.frame.height).tolist()
    for row, count in zip(distinct.frame.iter_rows(named=True), counts, strict=True):
        for value in values(row) if count else ():
            if value:
                found[value] = found.get(value, 0) + count
    return found.items()


def _division(code: str | None) -> tuple[str, ...]:
    """Return the division of a code: sections are too coarse for a filter, classes too fine."""
    return (code[:2],) if code and industry_codes.is_known(code[:2]) and code[:2].isdigit() else ()


def _shown(counts: Iterable[tuple[str, int]], name: Callable[[str], str]) -> list[Document]:
    found = sorted((-count, value) for value, count in counts if count)
    return [
        {"value": value, "name": name(value), "count": -count} for count, value in found[:_MOST]
    ]
