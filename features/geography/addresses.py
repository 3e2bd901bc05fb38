"""Seats of enterprises, from columns, a joined field or an address.

Names are resolved by `features/geography/place_names.py`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from features.geography.divisions import Seat, beginnings, divisions
from features.geography.english_places import translate
from features.geography.place_names import Found, resolve
from features.words.normal import simplified

_KEPT = 50_000
_PARTING = re.compile(r"[\s、\-—–_/\\|,，;；:：>·]+")
_ZONE = re.compile(
    r"(?:国家|综合|示范)?(?:高新|经开|经济|技术|开发|工业|产业|保税|新区|新城|州|地区)|"
    r"[^\W\d路街道巷号镇乡村]{0,8}?(?:新区|新城|开发区|工业园|产业园|科技园|保税区|示范区|试验区|实验区|"
    r"合作区|高新区|经开区|片区|园区)"
)
_FREE_TRADE = re.compile(
    r"^\(?(\w{2,3}?)\)?(?:市|省)?(?:自由贸易试验区|自贸试验区|自贸区|自由贸易港)[-\s]*"
)
"""中国（上海）自由贸易试验区, 天津自贸试验区: a zone named after its province."""
_CORPS = re.compile(r"^新疆生产建设兵团(?:第?[一二三四五六七八九十\d]{1,3}师)?")
_SHORT = 6
"""Maximum length of a county without its suffix."""
_CODE = re.compile(r"^(\d{6})(?:\d{3}|\d{6})?(?:\.0)?$")
"""A code of a division (行政区划代码), also of a township or a village."""
_POSTCODE = re.compile(r"^(?:邮编|邮政编码)?[:\s]*\d{6}\s*(?=[\u4e00-\u9fff])")
_BRACKETED = re.compile(r"^[(\[【](\w{2,12})[)\]】]")
_ISLANDS = re.compile(r"^(香港|澳门)(?!\w{0,2}[路街道])")
_WHOLE = re.compile(r"[省市区州盟县旗]$|地区$")
_PSEUDO = re.compile(
    rf"^(?:市辖区|市辖县|县(?!\w)|(?:省|自治区)?直辖县?(?:级)?(?:行政)?(?:区划|单位)?)(?:{_PARTING.pattern})?"
)
_COUNTY = re.compile(r"^\w{1,9}?(?:自治县|自治旗|[县市区旗])")
"""A possible county name, up to its first suffix: former ones such as 余杭市 are in no list."""


def seat(province: str | None, city: str | None, district: str | None, *texts: str | None) -> Seat:
    """Return the seat of an enterprise by full names; see `seated`.

    Examples
    --------
    >>> seat("江苏", "无锡", None)
    Seat(province='江苏省', city='无锡市', district=None)
    >>> seat(None, None, None, "江苏省无锡市南长街589号")
    Seat(province='江苏省', city='无锡市', district=None)
    """
    return seated(province, city, district, *texts).seat


@lru_cache(_KEPT)
def seated(
    province: str | None, city: str | None, district: str | None, *texts: str | None
) -> Found:
    """Return the seat of an enterprise from its columns, or else from texts.

    An unknown name is kept.

    Parameters
    ----------
    texts
        A joined field (江苏省-无锡市-滨湖区), an address; the first that resolves is used.
    """
    english = ", ".join(part for part in (city, province) if part and part.isascii())
    if english and (named := translate(english)) is not None:
        province, city = named.province, named.city or city
    found = resolve(province, city, district)
    if "province" in found.unknown and province and (whole := located(province)).seat.province:
        # A joined field under the header of a province.
        right = city is not None and not resolve(whole.seat.province, city).unknown
        city = city if right else whole.seat.city
        province = whole.seat.province
        found = resolve(province, city, district or whole.seat.district)
        found = found._replace(former=(*whole.former, *found.former))
    if "province" in found.unknown and province and province.isascii():
        # An abbreviation of a database, such as ZJ: the other columns may name the province.
        without = seated(None, city, district, *texts)
        if without.seat.province:
            return without
    if (
        "city" in found.unknown
        and city
        and (whole := located(city)).seat.city
        and (province is None or found.seat.province == whole.seat.province)
    ):
        # The same under the header of a city: 江苏无锡, 长治市襄垣县.
        found = resolve(whole.seat.province, whole.seat.city, district or whole.seat.district)
    if (
        "county" in found.unknown
        and district
        and (there := located(district)).seat.city
        and found.seat.province in (None, there.seat.province)
        and found.seat.city in (None, there.seat.city)
    ):
        # The same under the header of a county; 苏州工业园区 stays what it is called.
        found = resolve(*there.seat)
        if there.seat.district is None:
            found = found._replace(seat=found.seat._replace(district=district))
    for text in texts:
        if (found.seat.province and found.seat.city) or found.unknown:
            break
        there = located(text) if text else Found(Seat())
        known = found.seat.province
        if there.code is None or (known and there.seat.province != known):
            continue
        other = _joined(found, there, district)
        found = other._replace(former=(*found.former, *there.former), empty=found.empty)
    return found


def _joined(found: Found, there: Found, district: str | None) -> Found:
    """Return the seat of the columns, completed by a text."""
    return resolve(
        found.seat.province or there.seat.province,
        found.seat.city or there.seat.city,
        district or there.seat.district,
    )


def locate(text: str) -> Seat:
    """Return the places that a joined field or an address begins with."""
    return located(text).seat


@lru_cache(_KEPT)
def located(text: str) -> Found:
    """Return the places that a joined field or an address begins with, and their source."""
    rest = simplified(unicodedata.normalize("NFKC", text)).strip()
    rest = re.sub(rf"^(?:中国|中华人民共和国|中国大陆){_PARTING.pattern[:-1]}*", "", rest)
    if rest.isascii() and (english := translate(rest)) is not None:
        return resolve(*english)
    if coded := _CODE.match(rest):
        return _coded(coded[1])
    rest = _BRACKETED.sub(r"\1", _POSTCODE.sub("", rest))
    rest = _CORPS.sub("新疆", rest)
    if (named := _FREE_TRADE.match(rest) or _ISLANDS.match(rest)) and (
        whole := resolve(named[1]).seat.province
    ):
        rest = f"{whole}{rest[named.end() :]}"
    province, rest = _led("provinces", rest)
    rest = _PSEUDO.sub("", rest)
    city, left = _led("cities", rest)
    if city is None and province and (short := next(beginnings(rest, "short"), None)):
        city, left = short, rest[len(short) :]
    if city:
        found = resolve(province, city)
        city, rest = (None, rest) if found.unknown else (city, _PSEUDO.sub("", left))
    if city is None and province and resolve(province, None).seat.city:
        # 上海浦东新区: a municipality is a city itself.
        city, rest = province, re.sub(r"^县(?=\w+[县区])", "", rest)
    return _with_county(province, city, rest)


def _coded(code: str) -> Found:
    """Return the division of a code; for an unknown county its prefecture or province."""
    names = divisions().names
    known = next((one for one in (code, f"{code[:4]}00", f"{code[:2]}0000") if one in names), None)
    return Found(divisions().seat(known), known) if known else Found(Seat())


def _with_county(province: str | None, city: str | None, text: str) -> Found:
    """Return the county that a text begins with, in a known prefecture or province."""
    above = resolve(province, city)
    names = list(beginnings(text, "counties"))
    if match := _COUNTY.match(text):
        names.append(match[0])
    if (province or city) and (first := _PARTING.split(text)[0]) not in names:
        names.append(first)
    for name in names:
        found = resolve(province, city, name)
        if not found.unknown and (found.code != above.code or found.former != above.former):
            return found
    return above


def _led(level: str, text: str) -> tuple[str | None, str]:
    """Return the name of a level that a text begins with, and what follows it.

    A short name counts only if another place or nothing follows: 山西路 is not a province.
    """
    for name in beginnings(text, level):
        behind = text[len(name) :]
        rest = _PARTING.sub("", behind, count=1) if _PARTING.match(behind) else behind
        if (
            _WHOLE.search(name)
            or rest != behind
            or _is_place(rest)
            or _is_county(level, name, rest)
        ):
            return name, rest
    return None, text


def _is_county(level: str, name: str, text: str) -> bool:
    """Whether a text is a county of a province or a city without its suffix: 深圳南山."""
    if len(text) > _SHORT:
        return False
    above = (name, None) if level == "provinces" else (None, name)
    return not resolve(*above, text).unknown


def _is_place(text: str) -> bool:
    """Whether a text is empty or begins with a place, or a zone of one."""
    if not text or _ZONE.match(text):
        return True
    levels = ("provinces", "cities", "counties")
    return any(next(beginnings(text, level), None) for level in levels)
