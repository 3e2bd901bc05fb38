"""Which versions may answer a request while versions are switched, as seen from outside."""

from __future__ import annotations

from typing import NamedTuple


class Switch(NamedTuple):
    """A call that put a version in service: when it began and ended, in seconds of one clock."""

    begun: float
    ended: float
    version: str


def allowed(switches: list[Switch], begun: float, ended: float) -> set[str]:
    """Return the versions that were active at some time during a request.

    Of a switch that ended before the request began nothing of before may be left; one that was
    under way meanwhile may have come to pass, or not yet.
    """
    before = [own.version for own in switches if own.ended <= begun]
    meanwhile = [own.version for own in switches if own.ended > begun and own.begun < ended]
    return {*before[-1:], *meanwhile}
