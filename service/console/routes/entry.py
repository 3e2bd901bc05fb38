"""Sign-in with a key, sign-out, language, and static files."""

import os
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service.access.keys import Key
from service.api.prefix import prefixed
from service.console.frame import (
    FINGERPRINT,
    LANGUAGE_COOKIE,
    Form,
    Frame,
    Framed,
    is_own_path,
)
from service.console.sessions import COOKIE, LONGEST

router = APIRouter(include_in_schema=False)


class _Static(StaticFiles):
    """Static files: kept by browsers for good under an address with their fingerprint."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file with the time for which it may be kept."""
        found = super().file_response(full_path, stat_result, scope, status_code)
        named = f"v={FINGERPRINT}".encode()
        found.headers["Cache-Control"] = _FOR_GOOD if scope["query_string"] == named else _ASK_AGAIN
        return found


static = _Static(directory=str(files("service.console") / "static"))

_A_YEAR = 365 * 24 * 3600
_FOR_GOOD = f"public, max-age={_A_YEAR}, immutable"
_ASK_AGAIN = "no-cache"
_START = "/console/leads"


@router.get("/")
@router.get("/console")
@router.get("/console/")
async def start(request: Request) -> Response:
    """Redirect to the first page."""
    return RedirectResponse(prefixed(request.scope, _START), 303)


@router.get("/console/sign-in")
async def sign_in_page(
    frame: Framed,
    asked: Annotated[str, Query(alias="next")] = "",
    why: Annotated[str, Query()] = "",
) -> Response:
    """Show the sign-in form."""
    if frame.parts.ledger.access.keyless:
        return frame.back("/leads")
    return frame.page("sign_in.html", next=asked if is_own_path(asked) else "", why=why)


@router.post("/console/sign-in")
async def sign_in(frame: Framed, form: Form) -> Response:
    """Begin a session, always a new one, whatever cookie the browser sends."""
    access = frame.parts.ledger.access
    asked = form.get("next", "")
    found = access.key_with(form.get("key", "").strip().encode())
    if not isinstance(found, Key):
        client = access.proxies.client(frame.request.scope)
        frame.parts.ledger.refusals.note(found, None, client)
        page = frame.page(
            "sign_in.html", 401, next=asked if is_own_path(asked) else "", why=found.code
        )
        page.delete_cookie(COOKIE, path=_cookie_path(frame))
        return page
    target = asked if is_own_path(asked) else _START
    response = RedirectResponse(prefixed(frame.request.scope, target), 303)
    response.set_cookie(
        COOKIE,
        frame.sessions.signed(found.key_id),
        max_age=LONGEST,
        path=_cookie_path(frame),
        secure=_is_over_tls(frame),
        httponly=True,
        samesite="strict",
    )
    return response


@router.post("/console/sign-out")
async def sign_out(frame: Framed, form: Form) -> Response:  # noqa: ARG001
    """End the session in this browser."""
    response = frame.back("/sign-in")
    response.delete_cookie(COOKIE, path=_cookie_path(frame))
    return response


@router.post("/console/language")
async def choose_language(frame: Framed, form: Form) -> Response:
    """Store the chosen language, and redirect to the page where it was chosen."""
    came_from = frame.request.headers.get("referer", "").partition("/console/")
    asked = f"/console/{came_from[2]}"
    target = asked if came_from[1] and is_own_path(asked) else _START
    response = RedirectResponse(prefixed(frame.request.scope, target), 303)
    chosen = "en" if form.get("language") == "en" else "zh"
    response.set_cookie(
        LANGUAGE_COOKIE, chosen, max_age=_A_YEAR, path=_cookie_path(frame), samesite="lax"
    )
    return response


def _is_over_tls(frame: Frame) -> bool:
    """Whether the browser connected by TLS, to this service or to a trusted proxy."""
    request = frame.request
    if frame.parts.ledger.access.proxies.trusts(request.scope):
        return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    return request.url.scheme == "https"


def _cookie_path(frame: Frame) -> str:
    """Return the path of the cookies: the pages, never the API."""
    return prefixed(frame.request.scope, "/console")
