"""Headers of a request by name, parsed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

_BY_NAME = "lianzhao.headers"


def by_name(scope: Scope) -> Mapping[bytes, bytes]:
    """Return the headers; of repeated ones the last."""
    found: Mapping[bytes, bytes] | None = scope.get(_BY_NAME)
    if found is None:
        found = scope[_BY_NAME] = dict(scope["headers"])
    return found
