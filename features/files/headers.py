"""Matching of a file's headers with the columns of a table."""

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

from features.columns import Column, Kind, Table
from features.errors import InputError, UsageError
from features.files.header_forms import is_name, place, without_suffix
from features.vocabulary import YUAN
from features.words.normal import simplified

_BRACKET = re.compile(r"^(.+?)[(\[【](?:单位:?)?([^()\[\]【】]*(?:\([^()]*\))?)[)\]】]$")
_NUMBERED = re.compile(
    r"^(?:[(]?[\d一二三四五六七八九十]{1,2}[、.)]|[(\[【][^)\]】]*[)\]】])\s*(?=.)"
)
_YEAR = re.compile(
    r"^(?:截至|截止)?(?:(?:19|20)\d\d|上|去|本|近一)年?(?:度|末|底)?(?:1[至~]?12月|\d{1,2}月末?)?|"
    r"(?<=[\u4e00-\u9fff])\(?(?:19|20)\d\d(?:年度?)?\)?$|(?<=[)\u4e00-\u9fff])(?:19|20)\d\d(?:年报|1231|0630)$|(?<=[(])(?:19|20)\d\d年?度?[,，、]?(?=.)"
)
_QUALIFIER = re.compile(r"[\[【](\w{2,8})[\]】]")
"""营业总收入[报告期]2023年报[单位]元, as in exports of Wind."""
_STATED_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_UNDATED = 9999
"""A column without a year is preferred to those with one, and a later year to an earlier one."""
_OF_MONEY = re.compile(r"\((?:金|额|总额|总)\)")
"""注册资本(金)(万元)."""
_UNITS = "|".join(sorted(YUAN, key=len, reverse=True))
_UNIT_BEHIND = re.compile(rf"^(.+?)[/:_\-,,]*(?:单位:?)?({_UNITS})(?:人民币)?$")
_PERSONAL = re.compile(
    r"法定代表人|法人代表|^法人$|法人姓名|负责人|联系人|联络人|经办人|手机|电话|联系方式|邮箱|邮件|传真|微信|"
    r"qq|代表人|姓名|身份证|股东|高管|董事|监事|总经理|实际控制人|实控人|受益人|legalperson|legalrep|lerep|"
    r"legalperson|phone|mobile|^tel$|telephone|email|^mail$|contact|fax|shareholder|ceo|wechat"
)
_WHOSE = re.compile(r"^(?:企业|公司|单位|工商|市场主体|company|enterprise)(?=..)")
"""Words for the owner of a value, which headers of a list of enterprises may omit."""
_WITHIN = re.compile(r"[(【][^()【】]*[)】]")
_BETWEEN = re.compile(r"[/、]")
_ELSE = re.compile(r"(?:类型|类别|性质)$")
"""Headers that no column covers, although they resemble others: 企业类型 is not 企业规模类型."""
_ENGLISH_UNITS = {"k": 1e3, "thousand": 1e3, "10k": 1e4, "10thousand": 1e4, "m": 1e6, "mn": 1e6}
_ENGLISH_UNITS |= {"1000": 1e3, "10000": 1e4, "tenthousand": 1e4}
_ENGLISH_UNITS |= {"million": 1e6, "millions": 1e6, "bn": 1e9, "billion": 1e9}
_PEOPLE = {"百": 1e2, "千": 1e3, "万": 1e4}
_UNLISTED = 1_000
"""Rank of a header that is not an alias: any alias is preferred."""
_LIKE = 0.6
"""Minimum similarity of an unknown header to a known one that is suggested."""


@dataclass(frozen=True)
class Headers:
    """The headers of a file, matched with the columns of a table.

    Parameters
    ----------
    positions
        Canonical column → position in the file.
    given
        Canonical column → header as in the file.
    units
        Canonical column → yuan, or people, per unit, if the header names a unit.
    unknown
        Headers that match no column of the table.
    personal
        Headers of personal data, which is never stored.
    doubles
        Ignored header → used header, where two columns have the same meaning.
    suggested
        Unknown header → the most similar known one, and its column.
    """

    positions: Mapping[str, int]
    given: Mapping[str, str]
    units: Mapping[str, float]
    unknown: Sequence[str]
    personal: Sequence[str] = ()
    doubles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    suggested: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class _Meaning:
    column: Column
    rank: int
    unit: float | None = None


def recognised(table: Table, headers: Sequence[str]) -> int:
    """Count the distinct columns of the table that the headers match."""
    meanings = (_meaning(table, header) for header in headers if header)
    return len({meaning.column.name for meaning in meanings if meaning is not None})


def is_complete(table: Table, headers: Sequence[str]) -> bool:
    """Whether the headers include all required columns."""
    meanings = [meaning for header in headers if (meaning := _meaning(table, header)) is not None]
    named = {meaning.column.name for meaning in meanings}
    return all(column.name in named for column in table.columns if _is_needed(column))


def _is_needed(column: Column) -> bool:
    return column.required and not column.made_from


def is_required(table: Table, header: str) -> bool:
    """Whether a header matches a required column."""
    meaning = _meaning(table, header) if header else None
    return meaning is not None and meaning.column.required


def is_header(table: Table, text: str) -> bool:
    """Whether a text is a header of a column or of personal data."""
    return _meaning(table, text) is not None or bool(_PERSONAL.search(_plain(text)))


def is_personal(header: str) -> bool:
    """Whether a header is that of personal data."""
    return bool(_PERSONAL.search(_plain(header)))


def matched(
    table: Table,
    headers: Sequence[str],
    source: str,
    *,
    empty: Collection[int] = (),
    mapping: Mapping[str, str] | None = None,
    unit: float | None = None,
) -> Headers:
    """Match the headers of a file with the columns of a table.

    Parameters
    ----------
    empty
        Positions of columns without values: another column of the same meaning is preferred.
    mapping
        Header → canonical column, in addition to the known ones; "" ignores the column.
    unit
        Yuan per unit of the amounts whose header names no unit.

    Raises
    ------
    InputError
        When a required column is missing.
    UsageError
        When the mapping names a header that is not in the file, or a column that is not in the
        table.
    """
    shown = _described(table, headers, mapping or {})
    candidates: dict[str, list[tuple[tuple[bool, int, int, int], int, _Meaning]]] = {}
    unknown, personal = [], []
    for position, header in enumerate(headers):
        meaning = shown.get(position) if position in shown else _meaning(table, header)
        if meaning is not None:
            order = (position in empty, meaning.rank, -_year(header), position)
            candidates.setdefault(meaning.column.name, []).append((order, position, meaning))
        elif header.strip() and is_personal(header):
            personal.append(header.strip())
        elif header.strip() and position not in shown:
            unknown.append(header.strip())
    positions, units, doubles = {}, {}, {}
    for name, found in candidates.items():
        (_, position, meaning), *others = sorted(found, key=lambda candidate: candidate[0])
        positions[name] = position
        of_money = meaning.column.kind is Kind.MONEY
        stated = unit if meaning.unit is None and of_money else meaning.unit
        if stated is not None:
            units[name] = stated
        for _, other, _ in others:
            doubles[headers[other].strip()] = headers[position].strip()
    _check_required(table, positions, headers, source)
    given = {name: headers[position].strip() for name, position in positions.items()}
    suggested = {h: like for h in unknown if (like := _like(table, h, positions)) is not None}
    return Headers(positions, given, units, unknown, personal, doubles, suggested)


def _described(
    table: Table, headers: Sequence[str], mapping: Mapping[str, str]
) -> dict[int, _Meaning | None]:
    """Return the mapped columns by the positions of their headers."""
    columns = {column.name: column for column in table.readable}
    places = {_plain(header): position for position, header in reversed([*enumerate(headers)])}
    shown: dict[int, _Meaning | None] = {}
    for header, name in mapping.items():
        position = places.get(_plain(header))
        if position is None:
            raise UsageError(
                f"the file has no column {header!r}: it has {_shown(headers)}",
                field="map",
                got=header,
                expected=_shown(headers),
            )
        if name and name not in columns:
            known = ", ".join(columns)
            raise UsageError(
                f"the {table.name} table has no column {name!r}: expected one of {known}",
                field="map",
                got=name,
                expected=known,
            )
        shown[position] = (
            _Meaning(columns[name], -1, _unit_of(columns[name], header)) if name else None
        )
    return shown


def _unit_of(column: Column, header: str) -> float | None:
    """Return the unit that a header ends with, see `_unit_for`."""
    for pattern in (_BRACKET, _UNIT_BEHIND):
        if found := pattern.match(_plain(header)):
            return _unit_for(column, found[2])
    return None


def _unit_for(column: Column, text: str) -> float | None:
    """Return yuan, or people, per unit that a header states."""
    if column.kind is Kind.COUNT:
        return _PEOPLE.get(text.removesuffix("人"))
    return _money_unit(text)


def _check_required(
    table: Table, positions: Mapping[str, int], headers: Sequence[str], source: str
) -> None:
    missing = [
        f"{column.name} ({column.gloss})"
        for column in table.columns
        if column.required
        and column.name not in positions
        and not (column.made_from and column.made_from in positions)
    ]
    if table.either and not any(name in positions for name in table.either):
        missing.append(" or ".join(f"{n} ({table.column(n).gloss})" for n in table.either))
    if missing:
        like = [
            f"{header.strip()} looks like {known} (--map {header.strip()}={name})"
            for header in headers
            if header.strip()
            and _meaning(table, header) is None
            and (found := _like(table, header, positions)) is not None
            for known, name in [found]
            if any(column.startswith(f"{name} ") for column in missing)
        ]
        raise InputError(
            f"{source}: the {table.name} table needs the columns {', '.join(missing)}; "
            f"the file has: {_shown(headers)}" + "".join(f"; {stated}" for stated in like),
            field=missing[0].split()[0],
            got=list(headers),
            expected="the columns " + ", ".join(missing),
        )


def _shown(headers: Sequence[str]) -> str:
    named = [header.strip() for header in headers if header.strip()]
    more = f" and {len(named) - 50} more" if len(named) > 50 else ""
    return (", ".join(named[:50]) or "none") + more


def _year(header: str) -> int:
    years = [int(year) for year in _STATED_YEAR.findall(unicodedata.normalize("NFKC", header))]
    return max(years, default=_UNDATED)


def _unqualified(header: str) -> str:
    """Return a header without its qualifiers in brackets, of which only the unit is kept."""
    whole, *rest = _QUALIFIER.split(unicodedata.normalize("NFKC", header))
    qualifiers = dict(zip(rest[::2], (text.strip() for text in rest[1::2]), strict=True))
    if not whole.strip() or not all(qualifiers.values()):
        return header
    unit = qualifiers.get("单位")
    return f"{whole.strip()}({unit})" if unit else whole


def _meaning(table: Table, header: str) -> _Meaning | None:
    """Return the column of a header, and yuan per unit if it names a unit of money."""
    known, header = _aliases(table), _unqualified(header)
    unnumbered = _NUMBERED.sub("", unicodedata.normalize("NFKC", header).strip())
    plain = _plain(unnumbered)
    for form in dict.fromkeys((_plain(header), plain, _OF_MONEY.sub("", plain))):
        if form in known:
            return known[form]
        dated = _YEAR.sub("", form)
        found = _with_unit(known, dated) if dated != form else None
        if found is not None and found.column.kind in (Kind.MONEY, Kind.COUNT, Kind.TEXTS):
            return found
        if (found := _with_unit(known, form)) is not None:
            return found
    return _in_parts(known, plain) or _described_by_form(known, plain)


def _described_by_form(known: Mapping[str, _Meaning], form: str) -> _Meaning | None:
    """Return the meaning of a header that is not an alias, by its form."""
    found = known.get(without_suffix(form))
    if found is None and (column := place(form)) is not None:
        found = known.get(column)
    if found is None and is_name(form) and "企业名称" in known:
        found = known["企业名称"]
    return None if found is None else _Meaning(found.column, _UNLISTED, found.unit)


def _in_parts(known: Mapping[str, _Meaning], form: str) -> _Meaning | None:
    """Match a header with extra words, or with several alternatives.

    企业经营状态 is 经营状态, 企业（单位）名称 is 企业名称, 主要产品/服务 is 主要产品.
    """
    whole = _WHOSE.sub("", form)
    if whole != form and (found := _with_unit(known, whole)) is not None:
        return found
    # Brackets after an amount may hold a currency; they are only interpreted together with the
    # unit.
    found = known.get(_WITHIN.sub("", whole))
    if found is not None and found.column.kind is not Kind.MONEY:
        return found
    parts = _BETWEEN.split(form)
    if len(parts) == 1:
        return None
    found = next((meaning for part in parts if (meaning := known.get(part)) is not None), None)
    return None if found is None or found.column.kind is Kind.MONEY else found


def _with_unit(known: Mapping[str, _Meaning], text: str) -> _Meaning | None:
    if text in known:
        return known[text]
    if (bracketed := _BRACKET.match(text)) and bracketed[1] in known:
        meaning = known[bracketed[1]]
        if meaning.column.kind is Kind.COUNT:
            return replace(meaning, unit=_unit_for(meaning.column, bracketed[2]))
        if meaning.column.kind is not Kind.MONEY:
            return meaning
        if bracketed[2] in _ENGLISH_UNITS:
            return _Meaning(meaning.column, meaning.rank, _ENGLISH_UNITS[bracketed[2]])
        if not bracketed[2] or not re.search(r"[元万亿千百币]|rmb|cny|usd|yuan", bracketed[2]):
            return meaning
        if not re.sub(r"人民币|rmb|cny|金额|[:,/]", "", bracketed[2]):
            return meaning
        unit = _money_unit(bracketed[2])
        return None if unit is None else _Meaning(meaning.column, meaning.rank, unit)
    if (behind := _UNIT_BEHIND.match(text)) and behind[1] in known:
        meaning = known[behind[1]]
        if meaning.column.kind is Kind.MONEY:
            return _Meaning(meaning.column, meaning.rank, _money_unit(behind[2]))
    return None


def _money_unit(text: str) -> float | None:
    unit = re.sub("人民币|rmb|cny|yuan|单位|^in|[:()/,]", "", text)
    return YUAN.get(unit) or _ENGLISH_UNITS.get(unit)


def _like(table: Table, header: str, taken: Mapping[str, int]) -> tuple[str, str] | None:
    """Return the known header most similar to an unknown one, and its column."""
    known = {
        alias: meaning
        for alias, meaning in _aliases(table).items()
        if meaning.column.name not in taken and len(alias) > 2
    }
    if _ELSE.search(_plain(header)):
        return None
    close = difflib.get_close_matches(_plain(header), known, n=1, cutoff=_LIKE)
    if not close:
        return None
    return _spelled(known[close[0]].column, close[0]), known[close[0]].column.name


def _spelled(column: Column, alias: str) -> str:
    """Return an alias as it is written in the catalogue."""
    spellings = (column.name, *column.headers.split())
    return next((one for one in spellings if _plain(one) == alias), alias)


@cache
def _aliases(table: Table) -> Mapping[str, _Meaning]:
    aliases: dict[str, _Meaning] = {}
    for column in table.readable:
        for rank, alias in enumerate((column.name, *column.headers.split())):
            aliases.setdefault(_plain(alias), _Meaning(column, rank))
    return aliases


def _plain(header: str) -> str:
    text = unicodedata.normalize("NFKC", header).replace("\ufeff", "").strip().strip("=*:'\"★※")
    return re.sub(r"[\s_\-.]+|[:*]$", "", simplified(text).lower())
