"""The frame of every page of the console: caller, language and rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from features.errors import ForbiddenError
from features.vocabulary import KEY_ROLES
from service.access.gate import CALLER
from service.access.keys import Caller, may
from service.api.languages import negotiate
from service.api.prefix import prefixed
from service.cache.answer import AnswerResponse
from service.console import charts, wording
from service.console.kept import PageText
from service.serving.partial import partial_note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.responses import Response

    from service.api.routes.context import Parts
    from service.cache.answer import Answer
    from service.console.sessions import Sessions
    from service.serving.interfaces import Document, Language
    from service.serving.questions import Question

_T = TypeVar("_T")
LANGUAGE_COOKIE = "lianzhao_language"
TOKEN = "csrf"
_STATIC = files("service.console") / "static"

_NOBODY = Caller(None, "nobody", frozenset())
PLACES = (
    ("/leads", "线索", "Leads"),
    ("/need", "自提需求", "Own need"),
    ("/chain", "产业链图谱", "Chain map"),
    ("/map", "地图", "Map"),
    ("/projects", "项目", "Projects"),
    ("/city", "全市", "City"),
    ("/events", "跟进记录", "Feedback"),
    ("/data", "数据", "Data"),
    ("/versions", "模型版本", "Versions"),
    ("/quality", "效果说明", "Quality"),
)
"""The pages, in the order of the navigation."""


def _fingerprint() -> str:
    """Return a digest of the static files, so that browsers may cache them for long."""
    digest = blake2b(digest_size=6)
    for name in ("console.css", "console.js", "icon.svg"):
        digest.update((_STATIC / name).read_bytes())
    return digest.hexdigest()


FINGERPRINT = _fingerprint()
_environment = Environment(
    loader=PackageLoader("service.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(fingerprint=FINGERPRINT, token_name=TOKEN)
_environment.filters.update(wording.FILTERS)
_environment.globals.update(
    bar=charts.bar, twin=charts.twin, waterfall=charts.waterfall, share_bar=charts.share_bar
)
# Loaded once for all pages: an import in a template creates its macros at every rendering.
_environment.globals.update(parts=_environment.get_template("parts.html").module)


def language_of(request: Request) -> Language:
    """Return the language chosen in the console, else the one preferred by the browser."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen == "en":
        return "en"
    return "zh" if chosen == "zh" else negotiate(request.headers.get("accept-language", ""))


@dataclass(frozen=True)
class Fetched:
    """An answer of the engine as cached bytes."""

    answer: Answer

    @property
    def tag(self) -> bytes:
        """A digest of the bytes."""
        return self.answer.tag

    @cached_property
    def document(self) -> Document:
        """The parsed document."""
        found: Document = orjson.loads(self.answer.body)
        return found


@dataclass
class Frame:
    """One request to the console.

    Parameters
    ----------
    request
    parts
        Parts of the app: answers, models, ledger.
    sessions
    """

    request: Request
    parts: Parts
    sessions: Sessions
    trouble: list[str] = field(default_factory=list)
    """The message at the top of the page."""

    @cached_property
    def language(self) -> Language:
        """The language of the page."""
        return language_of(self.request)

    @cached_property
    def caller(self) -> Caller:
        """The caller; for a refused request, that of its key, if it has one."""
        caller = self.request.scope.get(CALLER)
        access = self.parts.ledger.access
        if isinstance(caller, Caller) and (caller.key_id is not None or access.keyless):
            return caller
        key = access.key_of(self.request.scope)
        return Caller(key.key_id, key.role, frozenset(key.zones) or None) if key else _NOBODY

    def say(self, chinese: str, english: str) -> str:
        """Return the text in the language of the page."""
        return chinese if self.language == "zh" else english

    def may(self, method: str, path: str) -> bool:
        """Whether the caller's role allows the call."""
        return may(self.caller, method, path)

    def url(self, path: str, query: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Return an address of the console, without values that are None or empty."""
        pairs = [
            (name, text)
            for name, value in {**(query or {}), **more}.items()
            for text in (value if isinstance(value, list | tuple) else [value])
            if text not in (None, "")
        ]
        asked = f"?{urlencode(pairs)}" if pairs else ""
        return prefixed(self.request.scope, f"/console{path}{asked}")

    async def answer(self, asked: Question) -> Document:
        """Return the engine's answer to a question, from the cache if possible."""
        return (await self.fetch(asked)).document

    async def fetch(self, asked: Question) -> Fetched:
        """Return the same, parsed only when it is accessed."""
        found = await self.parts.answers.respond(asked, self.caller.key_id or "")
        assert isinstance(found, AnswerResponse)
        if found.state == "stale":
            self.trouble.append(
                self.say(
                    "结果为上次计算所得，服务正在恢复。",
                    "These results are from an earlier state of the data.",
                )
            )
        fetched = Fetched(found.answer)
        if found.answer.missing:
            end = self.say("。", ".")
            note = partial_note(fetched.document["partial"], self.language) + end
            if note not in self.trouble:  # of two answers of one page
                self.trouble.append(note)
        return fetched

    async def kept_page(
        self,
        template: str,
        of: Sequence[Fetched],
        values: Callable[[], Awaitable[dict[str, Any]]],
    ) -> Response:
        """Return a page whose main part is cached for all requests with the same answers.

        Parameters
        ----------
        template
            It must not depend on the request: it has no `frame`.
        of
            The answers that the page shows. They depend on the model, the tables and the caller's
            scope, and so does the page.
        values
            Returns the values for the template, called only if no page is cached; they may depend
            on these answers, the query, the caller's zones, and data that are fixed for a model and
            its tables.
        """
        scope, kept = self.request.scope, self.request.app.state.kept
        key = (
            template,
            self.language,
            prefixed(scope, ""),
            self.caller.scope,
            scope["query_string"],
            *(one.tag for one in of),
        )
        text = kept.get(key)
        if text is None:
            given = {"_": self.say, "url": self.url, "lang": self.language, **await values()}
            text = PageText.of(_environment.get_template(template), given)
            kept.put(key, text)
        return self.page("kept.html", kept=text)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        return HTMLResponse(self.text(template, **values), status)

    def text(self, template: str, **values: Any) -> str:
        """Render a page as text."""
        return _environment.get_template(template).render(
            _=self.say,
            frame=self,
            url=self.url,
            lang=self.language,
            **values,
        )

    def hidden(self) -> Markup:
        """Return the hidden field with the token of this session's forms."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, self.token())

    def role_name(self) -> str:
        """Return the name of the caller's role."""
        role = self.caller.role
        return self.say(KEY_ROLES[role].gloss, role)

    def places(self) -> list[tuple[str, str, str]]:
        """Return path and names, in both languages, of the pages that the caller may open."""
        return [place for place in PLACES if self.may("GET", f"/console{place[0]}")]

    async def look_up(self, work: Callable[[], Any]) -> Any:
        """Run short blocking work in a thread, within the caller's share."""
        return await self.parts.answers.look_up(work, self.caller.key_id or "")

    async def read(self, work: Callable[[], _T]) -> _T:
        """Read from the database, within the caller's share."""
        return await self.parts.ledger.read(work, self.caller)

    async def change(self, work: Callable[[], _T]) -> _T:
        """Write to the database; this worker sees the change at once."""
        return await self.parts.ledger.change(work, self.caller)

    def back(self, path: str, query: Mapping[str, Any] | None = None, **more: Any) -> Response:
        """Redirect the browser to a page of the console after a form was processed."""
        return RedirectResponse(self.url(path, query, **more), 303)

    def token(self) -> str:
        """Return a token for a form of this session."""
        return self.sessions.token(self.request.scope)


class ForgedFormError(ForbiddenError):
    """A form that was not sent from a page of this session."""

    code = "forged-form"


def _frame(request: Request) -> Frame:
    return Frame(request, request.app.state.parts, request.app.state.sessions)


async def _form(request: Request) -> dict[str, str]:
    """Check the token of a form and return the fields."""
    fields = {name: value for name, value in (await request.form()).items() if _is_text(value)}
    check_token(request, fields)
    return fields  # type: ignore[return-value]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def check_token(request: Request, fields: Mapping[str, object]) -> None:
    """Refuse a form without the token of the session.

    Raises
    ------
    ForgedFormError
        When the token is missing or wrong.
    """
    given = fields.get(TOKEN)
    if not isinstance(given, str) or not request.app.state.sessions.holds(request.scope, given):
        raise ForgedFormError(
            "this form was not sent from a page of this session: reload the page",
            field=TOKEN,
            expected="the token of a page of this session",
        )


def is_own_path(path: str) -> bool:
    r"""Whether a text is a path of the console, so that redirecting to it is safe.

    Examples
    --------
    >>> [is_own_path(x) for x in ("/console/leads?a=1", "//evil.example", r"/console/\x")]
    [True, False, False]
    """
    plain = path.isprintable() and "\\" not in path and "//" not in path.partition("?")[0]
    return plain and path.startswith("/console/") and ".." not in path.partition("?")[0]


Framed = Annotated[Frame, Depends(_frame)]
Form = Annotated[dict[str, str], Depends(_form)]
