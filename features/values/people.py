"""Numbers of people in lists: 约200, 200+, 50-99人, 少于50人, 1.2万人, 120（含分支机构）.

A number is stored: the middle of a range, a lower bound itself, half of an upper bound. Plain forms
are parsed column by column in `parsing`.
"""

import re
import unicodedata
from functools import lru_cache

from features.values.numerals import NUMERAL, value
from features.words.normal import simplified

_KEPT = 50_000
_UNITS = {"": 1, "千": 1_000, "万": 10_000, "k": 1_000, "w": 10_000}
_NUMBER = rf"(\d+(?:\.\d+)?|{NUMERAL})\s*(千|万|k|w)?"
_SINGLE = re.compile(rf"^{_NUMBER}$")
_RANGE = re.compile(rf"^{_NUMBER}(?:[-–—~]+|至|到){_NUMBER}$")
_BETWEEN = re.compile(r"(?<=\d)[<≤≦=]+[xy][<≤≦=]+(?=\d)")
_VARIABLE = re.compile(r"^[xy](?=[<≤≦>≥≧])")
"""20≤X<300, X<20: classes of size in statistics."""
_BELOW = re.compile(
    rf"^(?:(?:小于|少于|低于|不足|不满|不到|不超过|至多|最多|under|upto|lessthan|<=?|≤|≦){_NUMBER}|"
    rf"{_NUMBER}(?:以下|以内|及以下|含以下))$"
)
_ABOVE = re.compile(
    rf"^(?:(?:大于|多于|高于|超过|超|不少于|不低于|至少|over|morethan|>=?|≥|≧){_NUMBER}|"
    rf"{_NUMBER}(?:以上|及以上|或以上|余|多|来|\+|-|ormore))$"
)
_FILLING = re.compile(
    r"[\s,]|人|名|位|个|员工|职工|约|大约|近|左右|大概|people|employees|persons|staff"
)
_LABEL = re.compile(
    r"^\d{4}年(?:度|末|年报)?(?=\d)|^(?:\d{4}年?(?:度|年报)?)?(?:[^\d:,]{1,8}:|(?:参保|缴纳|社保|正式|全职|在职|在岗|在册|现有|总计|合计|共|职工|员工|从业|人数)+)"
)
"""人数：120, 2023年报：120人."""
_INCLUDED = re.compile(r"[(\[【]含[)\]】]")
"""50人（含）以下."""
_REMARK = re.compile(r"/\d{4}年?.*$|[(\[【].*$|[;,，；。].*$")


@lru_cache(_KEPT)
def read_people(text: str) -> int | None:
    """Return a number of people; None if the text states none.

    Examples
    --------
    >>> [read_people(text) for text in ("约200", "200+", "50-99人", "小于50人", "1.2万人")]
    [200, 200, 74, 25, 12000]
    """
    plain = simplified(unicodedata.normalize("NFKC", text)).lower()
    plain = _LABEL.sub("", re.sub(r"(?<=\d),(?=\d{3})", "", plain))
    plain = _FILLING.sub("", _REMARK.sub("", _INCLUDED.sub("", plain)))
    plain = _VARIABLE.sub("", _BETWEEN.sub("-", plain))
    if found := _SINGLE.match(plain):
        return _whole(found[1], found[2])
    if found := _RANGE.match(plain):
        low, high = _whole(found[1], found[2] or found[4]), _whole(found[3], found[4])
        return None if low is None or high is None or high < low else (low + high) // 2
    if found := _BELOW.match(plain):
        bound = _whole(found[1] or found[3], found[2] or found[4])
        return None if bound is None else (bound + 1) // 2
    if found := _ABOVE.match(plain):
        return _whole(found[1] or found[3], found[2] or found[4])
    return None


def _whole(number: str, unit: str | None) -> int | None:
    written = value(number) if not number[0].isdigit() else float(number)
    if written is None:
        return None
    people = written * _UNITS[unit or ""]
    return int(people) if people == int(people) and people < 10**9 else None
