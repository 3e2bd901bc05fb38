"""Amounts of money as people write them: 500(万元(人民币)), 壹仟万元整, 1亿2000万, 500万美元.

Common forms are parsed column by column in `parsing`; the remaining texts are parsed here.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

from features.values.numerals import NUMERAL, value
from features.vocabulary import CURRENCIES, YUAN
from features.words.normal import simplified

_KEPT = 10_000
_FOREIGN = re.compile(
    "|".join(
        re.escape(word)
        for words in CURRENCIES.values()
        for word in sorted(words.split(), key=len, reverse=True)
    )
)
_CODES = {word: code for code, words in CURRENCIES.items() for word in words.split()}
_FILLING = re.compile(
    r"[\s,()\[\]【】{}<>《》'\"‘’“”]|人民币|rmb|cny|cn¥|[¥￥]|整|正$|折合|约|大约|左右|"
    r"[实认]缴|^[^\d:]{2,8}:|^(?:注册|认缴|实收)?(?:资本|资金|出资额?)(?:总额)?[为是]?"
)
_PAID_IN = re.compile(r"(?<=[元万亿币])\s*[(\[,;、]*(?:其中.*|实[缴收].*)$")
"""Of 1000万元，实缴500万元 the registered amount is taken."""
_IN_WORDS = re.compile(rf"(?<=[\d元万亿币整])\((?:大写:?)?(?:人民币)?{NUMERAL}[元万亿整]*\)")
"""3000万元（叁仟万元） repeats the amount in words."""
_UNITS = "|".join(sorted(YUAN, key=len, reverse=True))
_TERM = re.compile(rf"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|{NUMERAL})({_UNITS})?")
_UNIT_FIRST = re.compile(rf"({_UNITS})([+-]?\d+\.?\d*)")
_ENGLISH = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(thousand|million|mn|billion|bn)\b")
_ENGLISH_UNITS = {"thousand": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}
_NOWHERE: Mapping[str, float] = MappingProxyType({})


def read_amount(text: str, bare: float, rates: Mapping[str, float] = _NOWHERE) -> float | None:
    """Return an amount in yuan; None if it cannot be parsed or its currency has no rate.

    Parameters
    ----------
    bare
        Yuan per unit of a number that states no unit.
    rates
        Exchange rates: currency (USD, HKD, …) → yuan.

    Examples
    --------
    >>> read_amount("500(万元(人民币))", 1e4), read_amount("壹仟万元整", 1e4)
    (5000000.0, 10000000.0)
    >>> read_amount("500万美元", 1e4), read_amount("500万美元", 1e4, {"USD": 7.1})
    (None, 35500000.0)
    """
    plain = simplified(unicodedata.normalize("NFKC", text)).lower()
    plain = _ENGLISH.sub(_in_yuan, plain.replace("yuan", "元"))
    plain = _IN_WORDS.sub("", _PAID_IN.sub("", plain.replace("圆", "元")))
    plain = _FILLING.sub("", plain).strip(":/")
    plain = re.sub(r"(?<=\d)w(?=元?$)", "万", plain)
    foreign = {_CODES[found[0]] for found in _FOREIGN.finditer(plain)}
    rate = 1.0
    if foreign:
        rate = rates.get(foreign.pop(), 0.0) if len(foreign) == 1 else 0.0
        if not rate:
            return None
        # Remove the currency name first, so that 万元美元 and 美元 are parsed alike.
        plain = _FOREIGN.sub("", plain)
    amount = _yuan(plain, 1.0 if foreign and not bare else bare)
    return None if amount is None else amount * rate


def _in_yuan(found: re.Match[str]) -> str:
    """Return 5 million as 5000000元."""
    return f"{float(found[1].replace(',', '')) * _ENGLISH_UNITS[found[2]]:.2f}元"


@lru_cache(_KEPT)
def _yuan(plain: str, bare: float) -> float | None:
    if first := _UNIT_FIRST.fullmatch(plain):
        plain = first[2] + first[1]
    terms: list[tuple[float, float | None]] = []
    at = 0
    while at < len(plain):
        term = _TERM.match(plain, at)
        if term is None or not term[1]:
            return None
        number = _number(term[1])
        if number is None:
            return None
        numeral = not term[1][-1].isdigit() and term[1][-1] != "."
        if terms and numeral:
            return None  # two amounts, not parts of one
        unit = YUAN[term[2]] if term[2] else None
        if unit is None and numeral and re.search("[万亿]", term[1]):
            unit = 1.0
        terms.append((number, unit))
        at = term.end()
        # 1亿2000万元 has 元 after the last unit.
        if plain[at:] == "元":
            at += 1
    if not terms or (len(terms) > 1 and not _falling(terms)):
        return None
    return sum(number * (bare if unit is None else unit) for number, unit in terms)


def _falling(terms: list[tuple[float, float | None]]) -> bool:
    """Whether the units of the terms decrease, as in 1亿2000万."""
    units = [unit for _, unit in terms if unit is not None]
    return len(units) == len(terms) and all(a > b for a, b in pairwise(units))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        found = value(text)
        return None if found is None else float(found)
    return number if abs(number) < float("inf") else None
