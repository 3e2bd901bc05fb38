"""Resolution of the names of a province, a city and a county.

The only place where names are resolved, used by imports, zones, filters, distances and maps.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from features.geography.divisions import (
    MUNICIPALITIES,
    City,
    FormerDivision,
    Seat,
    above,
    divisions,
    inside,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = 50_000
_PSEUDO = re.compile(
    r"^(?:市辖区|市辖县|县|市|区|旗|地区|全市|省会|(?:省|市|州|自治区|兵团)?(?:直辖|直管).*)$"
)
"""Placeholders for a missing city in division codes: 市辖区, 省直辖县级行政区划."""
_NO_COUNTY = re.compile(
    r"高新|经开|经济|技术|开发|工业|产业|保税|综合|示范|新区|新城|园区?$|管委会"
)
"""Development zones in a county's column, which are not counties."""


class Found(NamedTuple):
    """The resolved names of a province, a city and a county.

    Parameters
    ----------
    seat
        Current full names. An unknown name is kept; one that is no longer unique is None.
    code
        Code of the smallest known division.
    former
        Fields with former names, and their changes.
    unknown
        The fields with an unknown name.
    empty
        The fields with a placeholder, such as 市辖区.
    """

    seat: Seat
    code: str | None = None
    former: tuple[tuple[str, FormerDivision], ...] = ()
    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


@lru_cache(_KEPT)
def resolve(
    province: str | None = None, city: str | None = None, county: str | None = None
) -> Found:
    """Resolve the names of a province, a city and a county.

    Names may be current or former, full, without suffix or short; implied levels are filled in.
    Ambiguous levels are None, such as parts of a divided region without a county.

    Examples
    --------
    >>> resolve("湖北", "襄樊").seat
    Seat(province='湖北省', city='襄阳市', district=None)
    >>> resolve(None, "莱芜市").seat
    Seat(province='山东省', city='济南市', district='莱芜区')
    >>> resolve("吉林省", "延边州", "延吉").seat
    Seat(province='吉林省', city='延边朝鲜族自治州', district='延吉市')
    >>> resolve("山西省", "市辖区").seat
    Seat(province='山西省', city=None, district=None)
    """
    known = divisions()
    texts = {"province": plain(province), "city": plain(city), "county": plain(county)}
    empty = tuple(
        field
        for field, text in texts.items()
        if text and field != "province" and _PSEUDO.match(text)
    )
    texts.update(dict.fromkeys(empty))
    former: list[tuple[str, FormerDivision]] = []
    unknown: list[str] = []
    at = known.province(texts["province"]) if texts["province"] else None
    if texts["province"] and at is None:
        unknown.append("province")
    place: City | None = None
    if texts["city"]:
        # A city within an unknown province is not looked up in other provinces.
        place = None if unknown else known.city(texts["city"], at)
        if place is None:
            unknown.append("city")
        elif place.former:
            former.append(("city", place.former))
    elif at is not None and at[:2] in MUNICIPALITIES:
        place = City(at)
    code = place.code if place else None
    within = code or at
    found: str | None = None
    if texts["county"]:
        change: FormerDivision | None = None
        if not unknown:
            called = [texts["city"], plain(known.names[code]) if code else None]
            found, change = known.county(texts["county"], within, called)
            if found is None and change is None and place and place.former:
                # The counties of a former prefecture may now be in several ones.
                found, change = known.county(texts["county"], at or above(place.former.codes[0]))
            if found and place and place.former and code is None:
                parts = place.former.codes
                found = found if any(inside(found, part) for part in parts) else None
        if found is None and change is None:
            unknown.append("county")
        elif change:
            former.append(("county", change))
            # If it was divided among counties of one city, the city is known.
            cities = {known.city_of(part) for part in change.codes}
            if found is None and len(cities) == 1:
                code = cities.pop()
    elif place and place.county:
        found = place.county
    code = found or code or (_shared(former) if texts["city"] else None) or at
    seat = known.seat(code) if code else Seat()
    return Found(
        Seat(
            seat.province or province,
            city if "city" in unknown else seat.city,
            county if "county" in unknown else seat.district,
        ),
        code,
        tuple(former),
        tuple(unknown),
        empty,
    )


def is_zone(text: str) -> bool:
    """Whether the text of a county's column is a development zone: 高新区 is not a county."""
    return _NO_COUNTY.search(text) is not None


def _shared(former: Sequence[tuple[str, FormerDivision]]) -> str | None:
    """Return the common province of all parts of a divided region."""
    provinces = {above(code) for _, one in former for code in one.codes}
    return provinces.pop() if len(provinces) == 1 else None
