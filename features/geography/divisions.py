"""Administrative divisions of China: provinces, prefectures and counties, with all their names.

`reference/places.csv` has the current divisions, `reference/former_places.csv` former names and
memberships since 1990, and `reference/short_places.csv` irregular short names. Names of province,
city and county together are resolved by `features/geography/place_names.py`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from features.words.normal import simplified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_Value = TypeVar("_Value")
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
_WHOLE = MUNICIPALITIES | {"81", "82"}
"""Municipalities, by the prefix of their codes."""
_PEOPLES = (
    "各族|壮族|回族|维吾尔|藏族|羌族|彝族|苗族|侗族|布依族|土家族|哈尼族|傣族|白族|景颇族|傈僳族|"
    "蒙古族|蒙古|哈萨克族|哈萨克|柯尔克孜|朝鲜族|满族|瑶族|黎族|畲族|水族|佤族|拉祜族|纳西族|怒族|"
    "独龙族|普米族|仡佬族|仫佬族|毛南族|布朗族|土族|撒拉族|保安族|东乡族|裕固族|塔吉克|锡伯|达斡尔族|"
    "鄂温克族|族"
)
_PROVINCE_TAIL = re.compile(r"(?<=..)(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$")
_CITY_TAIL = re.compile(rf"(?<=..)(?:(?:{_PEOPLES})*自治州|地区|盟|市|州)$")
_COUNTY_TAIL = re.compile(
    rf"(?<=..)(?:(?:{_PEOPLES})*(?:自治县|自治旗)|(?:回族|达斡尔族)区|特区|林区|新区|县|区|市|旗)$"
)


class Seat(NamedTuple):
    """A province, a prefecture and a county by their full names, None if unknown."""

    province: str | None = None
    city: str | None = None
    district: str | None = None


class FormerDivision(NamedTuple):
    """A former division and its successors.

    Parameters
    ----------
    path
        Its names, from the province down.
    until
        The year of the change.
    codes
        Its successors; several if it was divided.
    """

    path: tuple[str, ...]
    until: int
    codes: tuple[str, ...]


class City(NamedTuple):
    """A city, and the county or change implied by its name."""

    code: str | None
    county: str | None = None
    former: FormerDivision | None = None


class Divisions:
    """All divisions, indexed by name."""

    def __init__(self) -> None:
        self.names = {row["code"]: row["name"] for row in reference_rows("places.csv")}
        self.provinces: dict[str, str] = {}
        self.cities: dict[str, list[str]] = {}
        self.counties: dict[str, list[str]] = {}
        self.city_stems: dict[str, list[str]] = {}
        self._county_stems: dict[str, list[str]] = {}
        for code, name in self.names.items():
            self._add(code, plain(name) or name)
        self.former_cities: dict[str, list[FormerDivision]] = {}
        self._former_stems: dict[str, list[FormerDivision]] = {}
        self.former_counties: dict[str, list[FormerDivision]] = {}
        self._former_county_stems: dict[str, list[FormerDivision]] = {}
        codes = {self._path(code): code for code in self.names}
        for row in reference_rows("former_places.csv"):
            path = tuple(row["former"].split("/"))
            name = plain(path[-1]) or ""
            now = tuple(codes[tuple(text.split("/"))] for text in row["now"].split(";"))
            change = FormerDivision(path, int(row["until"]), now)
            if len(path) == 2:
                _into(self.former_cities, name, change)
                _into(self._former_stems, _CITY_TAIL.sub("", name), change)
            else:
                _into(self.former_counties, name, change)
                _into(self._former_county_stems, _COUNTY_TAIL.sub("", name), change)
        self.short: dict[str, str] = {}
        for row in reference_rows("short_places.csv"):
            path = tuple(row["name"].split("/"))
            if len(path) == 1:
                self.provinces[row["short"]] = codes[path]
            else:
                whole = len(path) == 2 and path[0] == path[1]
                self.short[row["short"]] = codes[path[:1] if whole else path]

    def province(self, text: str) -> str | None:
        """Return the code of a province by its full or a short name."""
        return self.provinces.get(text) or self.provinces.get(_PROVINCE_TAIL.sub("", text))

    def city_of(self, code: str) -> str | None:
        """Return the code of the prefecture that a division belongs to, None for a province."""
        if code[:2] in _WHOLE:
            return above(code)
        if _is_direct(code):
            return code
        prefecture = f"{code[:4]}00"
        return prefecture if prefecture in self.names and prefecture[2:4] != "00" else None

    def city(self, text: str, province: str | None) -> City | None:
        """Return the city of a name within a province, given by code; None for an unknown name.

        Current full names take precedence over former ones, and both over names without suffix; a
        county gives its city.
        """
        if (code := _one(self.cities.get(text, ()), province)) is not None:
            return City(code)
        if (code := _one((self.short[text],) if text in self.short else (), province)) is not None:
            return City(code)
        if found := self._formerly(self.former_cities.get(text, ()), province):
            return found
        if found := self._through_county(_one(self.counties.get(text, ()), province)):
            return found
        stem = _CITY_TAIL.sub("", text)
        if (code := _one(self.city_stems.get(stem, ()), province)) is not None:
            return City(code)
        if found := self._formerly(self._former_stems.get(stem, ()), province):
            return found
        if found := self._formerly(self.former_counties.get(text, ()), province, single=True):
            return found
        return self._through_county(
            _one(self._county_stems.get(_COUNTY_TAIL.sub("", text), ()), province)
        )

    def county(
        self, text: str, within: str | None, cities: Sequence[str | None] = ()
    ) -> tuple[str | None, FormerDivision | None]:
        """Return the county of a name within a division, and the change for a former name.

        Parameters
        ----------
        within
            Code of a province or a prefecture; None for all of China, where the name has to be
            full.
        cities
            Names of its stated city: a county may belong to another one now.
        """
        if (code := _one(self.counties.get(text, ()), within)) is not None:
            return code, None
        if change := _last(self.former_counties.get(text, ()), within, cities):
            return _one(change.codes, None), change
        stem = _COUNTY_TAIL.sub("", text)
        if within is None and stem == text:
            return None, None
        if (code := _one(self._county_stems.get(stem, ()), within)) is not None:
            return code, None
        if within is None or stem != text:
            return None, None
        change = _last(self._former_county_stems.get(stem, ()), within, cities)
        return (_one(change.codes, None), change) if change else (None, None)

    def seat(self, code: str) -> Seat:
        """Return the full names of a division and its parents."""
        city = self.city_of(code)
        county = code if code not in (city, above(code)) else None
        if city == above(code) and code[:2] not in MUNICIPALITIES and county is None:
            city = None
        return Seat(
            self.names[above(code)],
            None if city is None else self.names[city],
            None if county is None else self.names[county],
        )

    def _add(self, code: str, name: str) -> None:
        if code.endswith("0000"):
            self.provinces.update({name: code, _PROVINCE_TAIL.sub("", name): code})
            if code[:2] in _WHOLE:
                _into(self.cities, name, code)
                _into(self.city_stems, _PROVINCE_TAIL.sub("", name), code)
            return
        if code.endswith("00") or _is_direct(code):
            _into(self.cities, name, code)
            tail = _COUNTY_TAIL if _is_direct(code) else _CITY_TAIL
            _into(self.city_stems, tail.sub("", name), code)
        if not code.endswith("00"):
            _into(self.counties, name, code)
            _into(self._county_stems, _COUNTY_TAIL.sub("", name), code)

    def _path(self, code: str) -> tuple[str, ...]:
        """Return the names of a division from the province down, each once."""
        province, city = above(code), self.city_of(code)
        if code == province:
            return (self.names[province],)
        between = () if city is None or city == code else (self.names[city],)
        return (self.names[province], *between, self.names[code])

    def _formerly(
        self, changes: Iterable[FormerDivision], province: str | None, *, single: bool = False
    ) -> City | None:
        """Return the current division of a former name: the last one, if several had it."""
        near = [
            one
            for one in changes
            if province is None
            or any(inside(code, province) for code in one.codes)
            or one.path[0] == self.names[province]
        ]
        if not near or (single and len(near) > 1):
            return None
        last = max(near, key=lambda one: one.until)
        cities = {self.city_of(code) for code in last.codes}
        city = cities.pop() if len(cities) == 1 else None
        county = _one([code for code in last.codes if code != city], None) if city else None
        return City(city, county, last)

    def _through_county(self, code: str | None) -> City | None:
        city = None if code is None else self.city_of(code)
        return None if city is None else City(city, code if code != city else None)


def plain(text: str | None) -> str | None:
    """Return the comparable form of a name: simplified, without blanks; None if empty."""
    if not text:
        return None
    return re.sub(r"\s", "", simplified(unicodedata.normalize("NFKC", text))) or None


@cache
def divisions() -> Divisions:
    """Return all divisions, read once."""
    return Divisions()


def beginnings(text: str, level: str) -> Iterator[str]:
    """Yield the names of a level that a text begins with, longer ones first."""
    for name in _by_start(level).get(text[:2], ()):
        if text.startswith(name):
            yield name


@cache
def _by_start(level: str) -> dict[str, list[str]]:
    """Names of a level indexed by their first two characters, longer ones first."""
    known = divisions()
    every: dict[str, Iterable[str]] = {
        "provinces": known.provinces,
        "cities": {
            **known.cities,
            **known.city_stems,
            **known.former_cities,
            **{f"{stem}州": [] for stem in known.city_stems if _has_autonomy(known, stem)},
        },
        "short": known.short,
        "counties": {**known.counties, **known.former_counties},
    }
    names: dict[str, list[str]] = {}
    for name in sorted(every[level], key=len, reverse=True):
        names.setdefault(name[:2], []).append(name)
    return names


def _has_autonomy(known: Divisions, stem: str) -> bool:
    return any(known.names[code].endswith("自治州") for code in known.city_stems[stem])


def _last(
    changes: Sequence[FormerDivision], within: str | None, cities: Sequence[str | None]
) -> FormerDivision | None:
    """Return the last change of the counties or the city of a name within a division.

    Without a division only if the name is unique.
    """
    near = [one for one in changes if any(inside(code, within) for code in one.codes)]
    near = near or [one for one in changes if plain(one.path[1]) in cities]
    if not near or (within is None and len(near) > 1):
        return None
    return max(near, key=lambda one: one.until)


def above(code: str) -> str:
    """Return the code of the province that a division lies in."""
    return f"{code[:2]}0000"


def _is_direct(code: str) -> bool:
    """Whether a county is directly under its province."""
    return code[2:4] == "90" or (code[:2] == "71" and code != "710000")


def inside(code: str, within: str | None) -> bool:
    """Whether a division is, or is in, another one; all are in None."""
    if within is None or code == within:
        return True
    if within.endswith("0000"):
        return code[:2] == within[:2]
    return within.endswith("00") and code[:4] == within[:4]


def _one(codes: Iterable[str], within: str | None) -> str | None:
    """Return the only code, of those within a division where one is given."""
    near = [code for code in codes if inside(code, within)]
    return near[0] if len(near) == 1 else None


def _into(index: dict[str, list[_Value]], name: str, value: _Value) -> None:
    index.setdefault(name, []).append(value)


def reference_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a shipped reference file."""
    text = (files("features") / "reference" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
