"""The industry codes of GB/T 4754-2017 (国民经济行业分类): sections, divisions, groups, classes.

`reference/gbt4754.csv` holds a row a division, its groups folded: ``7.129`` in division 39 stands
for group 397 and its classes 3971, 3972 and 3979.
"""

import csv
import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from features.errors import InputError


class _Standard(NamedTuple):
    sections: dict[str, str]
    """Every code without its letter, and every letter, to its section's letter."""
    division_names: dict[str, str]


@cache
def _standard() -> _Standard:
    text = (files("features") / "reference" / "gbt4754.csv").read_text(encoding="utf-8")
    sections: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in csv.DictReader(text.splitlines()):
        section, division = row["section"], row["division"]
        names[division] = row["name"]
        codes = [section, division]
        for folded in row["groups"].split():
            group, _, classes = folded.partition(".")
            codes.append(division + group)
            codes.extend(division + group + digit for digit in classes)
        sections.update(dict.fromkeys(codes, section))
    return _Standard(sections, names)


def normalise(code: str) -> str | None:
    """Return a code without its section's letter, or None where the standard lacks it.

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
    """Tell whether the standard has this code, in any spelling that `normalise` takes."""
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


def section_of(division: str) -> str:
    """Return the letter of the section that a division, or any code in it, stands in.

    Raises
    ------
    InputError
        The standard has no such code.
    """
    return _standard().sections[_known(division)]


def division_name(code: str) -> str:
    """Return the Chinese name of the division that a code stands in.

    Raises
    ------
    InputError
        The standard has no such code, or it is a section, which holds several divisions.

    Examples
    --------
    >>> division_name("C3972")
    '计算机、通信和其他电子设备制造业'
    """
    name = _standard().division_names.get(_known(code)[:2])
    if name is None:
        raise _unexpected(code, "a division, group or class such as 39, 397 or 3972")
    return name


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


def division_names() -> tuple[str, ...]:
    """Return the Chinese names of all 97 divisions, in the order of their codes."""
    return tuple(_standard().division_names.values())
