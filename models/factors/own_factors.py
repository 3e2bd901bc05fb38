"""Factors of other packages, added by the entry point group `lianzhao.factors`.

Every process whose environment has the package loads them, and a model that was trained with them
can only be served there.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from features.errors import UsageError
from models.factor import Factor

GROUP = "lianzhao.factors"


@cache
def own_factors() -> tuple[type[Factor], ...]:
    """Return the classes of all added factors, by the names of their entry points.

    Raises
    ------
    UsageError
        When one cannot be loaded, is not a `Factor`, or lacks its names or sentences.
    """
    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            factor = point.load()
        except Exception as error:  # importing a module may raise anything
            raise _wrong(point.name, f"{point.value}: {type(error).__name__}: {error}") from error
        if not (isinstance(factor, type) and issubclass(factor, Factor)):
            raise _wrong(point.name, f"{point.value} is none")
        wanted = {part: getattr(factor, part, "") for part in ("name", "gloss")}
        wanted |= {part: all(getattr(factor, part)) for part in ("chinese", "english")}
        if missing := [part for part, there in wanted.items() if not there]:
            raise _wrong(point.name, f"{point.value} lacks {', '.join(missing)}")
        found.append(factor)
    return tuple(found)


def _wrong(name: str, why: str) -> UsageError:
    return UsageError(
        f"the factor {name} of the entry points {GROUP} cannot be used: {why}",
        field=GROUP,
        got=name,
        expected="a class derived from models.factor.Factor, made without arguments, with name, "
        "gloss and two sentences in Chinese and in English",
    )
