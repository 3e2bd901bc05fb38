"""The path under which a proxy serves this, such as /leads, in what comes in and what goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

    from service.access.proxies import Proxies

_PREFIX = "lianzhao.prefix"


class Prefix:
    """Notes with each request what stands before its path, and takes it off.

    A proxy may leave the prefix in the path or take it off itself: both are answered.

    Parameters
    ----------
    root_path
        Where no trusted proxy says another one (`X-Forwarded-Prefix`).
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
    """Return a path of this service as the caller has to write it."""
    return f"{scope.get(_PREFIX, '')}{path}"
