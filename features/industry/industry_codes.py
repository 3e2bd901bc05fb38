"""The industry codes and names of GB/T 4754-2017 (国民经济行业分类), at its four levels.

A section (门类) is a letter; a division (大类), a group (中类) and a class (小类) have two, three
and four digits.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from features.errors import InputError
from features.words.normal import simplified

if TYPE_CHECKING:
    from collections.abc import Iterable

_CODE = re.compile(
    r"^(?:行业代码|行业|代码|第|[门大中小]类)?[:\s]*([A-Za-z]?)[\s\-_.]*(\d{1,4})(?:\.0+)?(?!\d)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^(?:所属|国标|国民经济)?(?:行业)?(?:[门大中小]类|行业)\s*:\s*")
_NUMBER = re.compile(r"^(\d{1,4})(?:\.0+)?$")
_SECTION = re.compile(r"^([A-Za-z])(?![A-Za-z0-9])")
_STEPS = re.compile(r"[>＞/\\|｜→»;；]+|(?<=[\u4e00-\u9fff])\s*[-—－]+\s*(?=[\u4e00-\u9fff])")
_CODES = re.compile(r"^[A-Za-z]?(?:[\s\-－—/.]+\d{2,4}){2,}$")
"""C-39-396-3962: a path of codes."""
_BRACKETED = re.compile(r"^(.*?)\s*[(\[【]\s*(.+?)\s*[)\]】]\s*(.*)$")
_FILLING = re.compile(r"[\s、,，。.·（）()\-—和与及]")


class _Standard(NamedTuple):
    sections: dict[str, str]
    """Codes without letter, and letters, mapped to the section's letter."""
    names: dict[str, str]
    """Codes mapped to names."""
    codes: dict[str, tuple[str, ...]]
    """Names without fillers, mapped to their codes."""


@cache
def _standard() -> _Standard:
    text = (files("features") / "reference" / "gbt4754.csv").read_text(encoding="utf-8")
    sections: dict[str, str] = {}
    names: dict[str, str] = {}
    codes: dict[str, tuple[str, ...]] = {}
    section = ""
    for row in csv.DictReader(text.splitlines()):
        code = row["code"]
        section = code if code.isalpha() else section
        sections[code], names[code] = section, row["name"]
        plain = _plain(row["name"])
        codes[plain] = (*codes.get(plain, ()), code)
    return _Standard(sections, names, codes)


def find(text: str, digits: int | None = None) -> str | None:
    """Return the code of a text: a code, a code with name, a name, or a path of names.

    Parameters
    ----------
    digits
        The level, if known: 1 for a section, 2, 3 and 4 for those below. A name at several levels
        gives the code at this level, else the deepest one.

    Examples
    --------
    >>> find("C27医药制造业"), find("光电子器件制造"), find("制造业>医药制造业")
    ('27', '3976', '27')
    """
    plain = _LABEL.sub("", simplified(unicodedata.normalize("NFKC", text)).strip())
    if not plain:
        return None
    if (code := normalise(plain)) is not None:
        return code
    if _CODES.match(plain):
        return find(re.split(r"[\s\-－—/.]+", plain)[-1])
    steps = [step for step in (part.strip() for part in _STEPS.split(plain)) if step]
    if len(steps) > 1:
        found = [code for step in steps if (code := find(step)) is not None]
        return max(found, key=len) if found else None
    if led := _CODE.match(plain):
        # Some databases pad with zeros: 3900 is 39, and 1440, which is no class, is 144.
        letter, number = led[1], led[2]
        if (whole := _with_zero(letter, number, plain[led.end() :])) is not None:
            return whole
        while number.endswith("0") and normalise(letter + number) is None:
            number = number[:-1]
        return normalise(letter + number)
    named = _named(plain)
    if named:
        return next((code for code in named if len(code) == digits), named[-1])
    if parts := _BRACKETED.match(plain):
        # [C3976]光电子器件制造, 光电子器件制造（C3976）
        return find(parts[2]) or find(f"{parts[1]}{parts[3]}")
    led = _SECTION.match(plain)
    return normalise(led[1]) if led else None


def _with_zero(letter: str, number: str, behind: str) -> str | None:
    """Return a code with its lost leading zero, if its section or name shows that."""
    whole = f"0{number}"
    if normalise(whole) is None:
        return None
    if letter:
        return normalise(letter + whole) if normalise(letter + number) is None else None
    # A code of three digits that is only valid with the zero: 610 is 0610, not division 61.
    only_so = not behind and len(number) == 3 and normalise(number) is None
    return whole if only_so or whole in _named(behind.strip(" -—:,，、")) else None


class Zeros(NamedTuple):
    """Codes of a column that a spreadsheet converted to numbers.

    Attributes
    ----------
    lost : dict
        Text → code, for those that have certainly lost their leading zero.
    unsure : dict
        The same for those that are also valid as they are.
    """

    lost: dict[str, str]
    unsure: dict[str, str]


def lost_zeros(texts: Iterable[str]) -> Zeros:
    """Return which codes of a column have lost their leading zero: 111 for 0111, 610 for 0610.

    Three-digit codes that are all classes with a zero in front, in a column with four-digit
    classes, have lost it, and so has any code that is only valid with the zero. A column with a
    code that begins with a zero has lost none. Two-digit divisions are left alone: 11 is one, and
    011 a group.

    Examples
    --------
    >>> lost_zeros(["2614", "111"])
    Zeros(lost={'111': '0111'}, unsure={})
    >>> lost_zeros(["2614", "111", "261"])
    Zeros(lost={}, unsure={'111': '0111'})
    """
    plain = {text: unicodedata.normalize("NFKC", text).strip() for text in texts}
    numbers = {text: found[1] for text, code in plain.items() if (found := _NUMBER.match(code))}
    if not numbers or any(number.startswith("0") for number in numbers.values()):
        return Zeros({}, {})
    whole = {
        text: f"0{number}"
        for text, number in numbers.items()
        if len(number) in (1, 3) and normalise(f"0{number}") is not None
    }
    only_so = {text: code for text, code in whole.items() if normalise(numbers[text]) is None}
    short = {text for text, number in numbers.items() if len(number) < 4}
    alike = short <= set(whole) and len({len(numbers[text]) for text in short}) == 1
    if alike and (only_so or len(short) < len(numbers)):
        return Zeros(whole, {})
    unsure = {text: code for text, code in whole.items() if text not in only_so}
    return Zeros(only_so, unsure)


def _named(text: str) -> tuple[str, ...]:
    """Return the codes of a name, with or without the final 业 of the standard."""
    plain, codes = _plain(text), _standard().codes
    if not plain:
        return ()
    forms = [plain, f"{plain}业", plain.removesuffix("业")]
    if not plain.startswith("其他"):
        forms.append(f"{plain}制造业")
    return next((codes[form] for form in forms if form in codes), ())


def _plain(name: str) -> str:
    return _FILLING.sub("", unicodedata.normalize("NFKC", name))


def normalise(code: str) -> str | None:
    """Return a code without its section's letter, or None if it is not in the standard.

    Parameters
    ----------
    code
        With the letter or without (``C3972``, ``3972``), or a letter alone. Case, outer blanks and
        full-width characters do not matter; a letter of another section makes a code unknown.

    Returns
    -------
    str | None
        Two digits for a division, three for a group, four for a class; a section's letter stays.

    Examples
    --------
    >>> normalise("C3972"), normalise("397"), normalise("c"), normalise("D39")
    ('3972', '397', 'C', None)
    """
    sections = _standard().sections
    plain = unicodedata.normalize("NFKC", code).strip().upper()
    if plain in sections:
        return plain
    letter, digits = plain[:1], plain[1:]
    return digits if digits.isdigit() and sections.get(digits) == letter else None


def is_known(code: str) -> bool:
    """Return whether the standard has this code, in any spelling that `normalise` accepts."""
    return normalise(code) is not None


def ancestors(code: str) -> tuple[str, ...]:
    """Return a code's section, division, group and class, as far as the code goes.

    Raises
    ------
    InputError
        The standard has no such code.

    Examples
    --------
    >>> ancestors("3972")
    ('C', '39', '397', '3972')
    """
    known = _known(code)
    section = _standard().sections[known]
    return (section, *(known[:length] for length in range(2, len(known) + 1)))


def levels(code: str) -> tuple[str, ...]:
    """Return section and prefixes of a code, which need not be in the standard.

    Examples
    --------
    >>> levels("3999"), levels("00")
    (('C', '39', '399', '3999'), ('00',))
    """
    section = _standard().sections.get(code[:2], code)
    steps = (code[:length] for length in range(2, len(code) + 1))
    return tuple(dict.fromkeys((section, *steps)))


def section_of(division: str) -> str:
    """Return the letter of the section of a code.

    Raises
    ------
    InputError
        The standard has no such code.
    """
    return _standard().sections[_known(division)]


def divisions_of(section: str) -> tuple[str, ...]:
    """Return the codes of the divisions in a section, given by its letter.

    Examples
    --------
    >>> divisions_of("B")
    ('06', '07', '08', '09', '10', '11', '12')
    """
    own = _standard().sections
    return tuple(code for code, letter in own.items() if len(code) == 2 and letter == section)


def division_name(code: str) -> str:
    """Return the Chinese name of the division of a code.

    Raises
    ------
    InputError
        The standard has no such code, or it is a section, which holds several divisions.

    Examples
    --------
    >>> division_name("C3972")
    '计算机、通信和其他电子设备制造业'
    """
    known = _known(code)
    if len(known) == 1:
        raise _unexpected(code, "a division, group or class such as 39, 397 or 3972")
    return _standard().names[known[:2]]


def _known(code: str) -> str:
    known = normalise(code)
    if known is None:
        raise _unexpected(code, "a code of GB/T 4754-2017 such as C39, 397 or 3972")
    return known


def _unexpected(code: str, expected: str) -> InputError:
    return InputError(
        f"industry code must be {expected}, got {code!r}",
        field="industry_code",
        got=code,
        expected=expected,
    )


def name_of(code: str) -> str:
    """Return the Chinese name of a code.

    Raises
    ------
    InputError
        The standard has no such code.
    """
    return _standard().names[_known(code)]


def division_names() -> tuple[str, ...]:
    """Return the Chinese names of all 97 divisions, in the order of their codes."""
    return tuple(
        name for code, name in _standard().names.items() if len(code) == 2 and code.isdigit()
    )
