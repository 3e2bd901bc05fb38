"""Categorical attributes of profiles, as a sparse matrix.

Place, industry code at every level, size, age and tags become tokens such as `province=山西省` or
`employees=100-999`. Unknown values have no token, and tokens not seen in fitting have no column.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from features.geography.place_names import resolve
from features.industry import industry_codes
from features.places import regions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from features.industry.chains import Node
    from features.need import NeedQuery

_AGE_YEARS = (3, 5, 10, 20)
_CAPITAL_10K_YUAN = (1_000, 5_000, 20_000, 100_000)
_REVENUE_10K_YUAN = (2_000, 40_000, 200_000, 1_000_000)
_EMPLOYEES = (20, 100, 300, 1_000, 5_000)
_READ = (
    *("province", "city", "industry_code", "tags"),
    *("founded", "registered_capital", "revenue", "employees"),
)
_KEPT = 10_000
"""Size of the caches of tokens by place and code: a pool has few distinct ones."""


def bucket(value: float | None, bounds: Sequence[int]) -> str | None:
    """Return which of the half-open ranges between `bounds` holds the value, None if unknown."""
    if value is None:
        return None
    at = bisect_right(bounds, value)
    low = str(bounds[at - 1]) if at else ""
    high = str(bounds[at]) if at < len(bounds) else ""
    return f"{low}-{high}"


def profile_tokens(row: Mapping[str, Any], today: date) -> list[str]:
    """Return the tokens of one enterprise; its age is computed at `today`."""
    founded = row["founded"]
    age = (today - founded).days / 365.25 if founded else None
    province, city = _names_of_today(row["province"], row["city"])
    single = {
        "province": province,
        "city": city,
        "age": bucket(age, _AGE_YEARS),
        "capital": bucket(row["registered_capital"], _CAPITAL_10K_YUAN),
        "revenue": bucket(row["revenue"], _REVENUE_10K_YUAN),
        "employees": bucket(row["employees"], _EMPLOYEES),
    }
    tokens = [f"{name}={value}" for name, value in single.items() if value]
    tokens += _region_tokens(province, city)
    tokens += [f"tag={tag}" for tag in row["tags"] or ()]
    tokens += _level_tokens(row["industry_code"]) if row["industry_code"] else ()
    return tokens


def profile_rows(enterprises: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the fields of every enterprise that `profile_tokens` reads, without long lists."""
    return enterprises.select(_READ).iter_rows(named=True)


def code_tokens(codes: Sequence[str]) -> list[str]:
    """Return a token for every level of every known GB/T 4754-2017 code."""
    return list(dict.fromkeys(chain.from_iterable(_level_tokens(code) for code in codes)))


def _names_of_today(province: str | None, city: str | None) -> tuple[str | None, str | None]:
    """Return the current names of a province and a city; missing ones stay unknown."""
    seat = resolve(province or None, city or None).seat
    return province and seat.province, city and seat.city


@lru_cache(_KEPT)
def _region_tokens(province: str | None, city: str | None) -> tuple[str, ...]:
    return tuple(f"region={name}" for name in regions_of(province, city))


@lru_cache(_KEPT)
def _level_tokens(code: str) -> tuple[str, ...]:
    known = industry_codes.normalise(code)
    return tuple(f"code={level}" for level in industry_codes.ancestors(known)) if known else ()


def need_tokens(need: NeedQuery, nodes: Sequence[Node], zone: Mapping[str, Any]) -> list[str]:
    """Return the categories of a need: industry, place of its zone, and both combined.

    The region is that stated by the need, else the target regions of its zone.
    """
    province, city = _names_of_today(zone.get("province"), zone.get("city"))
    place = {
        "zone": need.zone_id,
        "zone_city": city,
        "zone_province": province,
        "zone_level": zone.get("level"),
    }
    subject = {"industry": need.industry, "sector": need.sector, "chain": need.chain}
    tokens = [f"{name}={value}" for name, value in {**place, **subject}.items() if value]
    regions = [need.region] if need.region else regions_of(province, city)
    tokens += [f"region={region}" for region in regions]
    tokens += [f"region_industry={region}/{need.industry}" for region in regions]
    if need.role:
        tokens.append(f"role={need.role}")
    return tokens + [f"chain_id={chain}" for chain in dict.fromkeys(n.chain_id for n in nodes)]


class TokenColumns:
    """Assigns a column to every token; rows are scaled to sum to 1."""

    def __init__(self, min_rows: int = 2) -> None:
        self.min_rows = min_rows

    def fit(self, rows: Sequence[Sequence[str]]) -> Self:
        """Learn the tokens that at least `min_rows` rows have."""
        seen = Counter(chain.from_iterable(set(row) for row in rows))
        kept = sorted(token for token, count in seen.items() if count >= self.min_rows)
        return self.restore({"tokens": np.array(kept, dtype=np.str_)})

    def transform(self, rows: Sequence[Sequence[str]]) -> sparse.csr_array:
        """Return shape (n rows, n tokens); unseen tokens are left out."""
        found = [[self._column[t] for t in row if t in self._column] for row in rows]
        lengths = np.array([len(row) for row in found], dtype=np.int64)
        indices = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=int(lengths.sum()))
        values = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
        matrix = sparse.csr_array(
            (values, indices, np.concatenate([[0], np.cumsum(lengths)])),
            shape=(len(found), len(self.tokens_)),
        )
        matrix.sum_duplicates()
        return matrix

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted arrays, to be saved."""
        return {"tokens": self.tokens_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        self.tokens_ = arrays["tokens"]
        self._column = {token: at for at, token in enumerate(self.tokens_.tolist())}
        return self
