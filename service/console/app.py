"""Installation of the console in the app: routes, static files, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.access.keys import CONSOLE
from service.console.kept import KeptPages
from service.console.routes import (
    atlas,
    chain,
    city,
    data,
    entry,
    events,
    leads,
    need,
    projects,
    take_along,
    versions,
)
from service.console.sessions import Sessions

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Scope

    from service.access.keys import Access
    from service.settings import Settings


def install(app: FastAPI, access: Access, settings: Settings) -> Sessions:
    """Add the console to an app; its sessions authenticate requests as keys do."""
    sessions = app.state.sessions = Sessions(settings.home)
    app.state.kept = KeptPages()

    def signed_in(scope: Scope) -> str | None:
        session = sessions.of(scope)
        return session.key_id if session else None

    access.signed_in = signed_in
    for module in (
        entry,
        leads,
        events,
        need,
        take_along,
        chain,
        atlas,
        projects,
        city,
        data,
        versions,
    ):
        app.include_router(module.router)
    app.mount(f"{CONSOLE}/static", entry.static)
    return sessions
