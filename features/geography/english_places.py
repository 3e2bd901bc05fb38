"""Places by their English names, as in foreign databases: Shenzhen, Guangdong, China."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from features.geography.divisions import reference_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTING = re.compile(r"[,;/|>]+|\s-\s")
_LEVEL = re.compile(
    r"(?<=..)(?:province|city|municipality|prefecture|autonomous|region|sheng|shi|zhuang|hui|uyghur|"
    r"uygur|sar)+$"
)
_COUNTRY = frozenset({"", "china", "cn", "chn", "prc", "prchina", "peoplesrepublicofchina"})


class EnglishPlace(NamedTuple):
    """The Chinese names of a province and a city; None if the text does not state them."""

    province: str | None
    city: str | None


class _Names(NamedTuple):
    provinces: dict[str, str]
    cities: dict[str, list[EnglishPlace]]


@cache
def _names() -> _Names:
    names = _Names({}, {})
    for row in reference_rows("english_places.csv"):
        province, _, city = row["name"].partition("/")
        if city:
            place = EnglishPlace(province, city)
            names.cities.setdefault(_letters(row["english"]), []).append(place)
        else:
            names.provinces[_letters(row["english"])] = province
    return names


def translate(text: str) -> EnglishPlace | None:
    """Return the province and the city that a text in Latin letters states, None for neither.

    A city of a name that several have counts only with its province.

    Examples
    --------
    >>> translate("Suzhou, Jiangsu, China")
    EnglishPlace(province='江苏省', city='苏州市')
    >>> translate("Suzhou") is None
    True
    """
    parts = [
        letters for part in _PARTING.split(text) if (letters := _letters(part)) not in _COUNTRY
    ]
    names = _names().provinces
    # The province follows the city: Jilin, Jilin.
    for at in range(len(parts) - 1, -1, -1):
        province = names.get(parts[at]) or names.get(_LEVEL.sub("", parts[at]))
        if province is not None:
            others = parts[:at] + parts[at + 1 :]
            return EnglishPlace(province, _city(others, province))
    found = [place for part in parts for place in _places(part)]
    return found[0] if len(found) == 1 else None


def _city(parts: Sequence[str], province: str) -> str | None:
    found = (place for part in parts for place in _places(part))
    return next((place.city for place in found if place.province == province), None)


def _places(part: str) -> list[EnglishPlace]:
    cities = _names().cities
    return cities.get(part) or cities.get(_LEVEL.sub("", part)) or []


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
