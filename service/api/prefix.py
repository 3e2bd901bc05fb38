"""The path prefix under which a proxy serves this, such as /leads, in requests and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

    from service.access.proxies import Proxies

_PREFIX = "lianzhao.prefix"


class Prefix:
    """Removes the prefix of each request's path, and notes it in the scope.

    A proxy may keep the prefix in the path or strip it: both are supported.

    Parameters
    ----------
    root_path
        The prefix unless a trusted proxy states another one (`X-Forwarded-Prefix`).
    proxies
    """

    def __init__(self, root_path: str, proxies: Proxies) -> None:
        self.root_path = root_path
        self.proxies = proxies

    def note(self, scope: Scope) -> None:
        """Note the prefix of a request in its scope."""
        stated = self.proxies.prefix(scope)
        prefix = scope[_PREFIX] = self.root_path if stated is None else stated
        if prefix and f"{scope['path']}/".startswith(f"{prefix}/"):
            scope["path"] = scope["path"].removeprefix(prefix) or "/"
            raw = scope.get("raw_path") or b""
            scope["raw_path"] = raw.removeprefix(prefix.encode()) or b"/"


def prefixed(scope: Scope, path: str) -> str:
    """Return a path of this service with the caller's prefix."""
    return f"{scope.get(_PREFIX, '')}{path}"
