"""Chinese numerals: 一千二百, 壹仟万, 二〇一九."""

import re

_DIGITS = dict(zip("零〇○一二三四五六七八九", (0, 0, *range(10)), strict=True)) | dict(
    zip("壹贰叁肆伍陆柒捌玖两貳參陸", (1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 2, 3, 6), strict=True)
)
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}

NUMERAL = f"[{''.join((*_DIGITS, *_TENS, *_LARGE))}]+"
"""A regular expression for candidates of numerals."""

_DIGIT_BY_DIGIT = re.compile(f"[{''.join(_DIGITS)}]+")


def value(numeral: str) -> int | None:
    """Return the value of a Chinese numeral; None if the text is not one.

    Examples
    --------
    >>> value("一亿二千万"), value("壹仟"), value("十二"), value("二〇一九")
    (120000000, 1000, 12, 2019)
    """
    if not re.fullmatch(NUMERAL, numeral) or numeral[0] in _LARGE:
        return None
    if len(numeral) > 1 and _DIGIT_BY_DIGIT.fullmatch(numeral):
        return int("".join(str(_DIGITS[digit]) for digit in numeral))
    total = section = digit = last = 0
    for sign in numeral:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _TENS:
            section += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            large, part = _LARGE[sign], section + digit
            # A larger unit multiplies what precedes it (一万亿), a smaller one adds (一亿二千万).
            total = (total + part or 1) * large if large >= last else total + (part or 1) * large
            section, digit, last = 0, 0, large
    return total + section + digit
