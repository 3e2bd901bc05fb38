"""What every page of the console stands in: who asks, in which language, and how it is written."""

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
    ("/quality", "效果说明", "How good"),
)
"""The pages, in the order of the navigation."""


def _fingerprint() -> str:
    """Return what changes with the style sheet or the script, so that both may be kept for long."""
    digest = blake2b(digest_size=6)
    for name in ("console.css", "console.js"):
        digest.update((_STATIC / name).read_bytes())
    return digest.hexdigest()


_environment = Environment(
    loader=PackageLoader("service.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(fingerprint=_fingerprint(), token_name=TOKEN)
_environment.filters.update(wording.FILTERS)
_environment.globals.update(
    bar=charts.bar, twin=charts.twin, waterfall=charts.waterfall, share_bar=charts.share_bar
)
# Read once for all pages: an import in a template makes its macros anew at every rendering.
_environment.globals.update(parts=_environment.get_template("parts.html").module)


def language_of(request: Request) -> Language:
    """Return the language chosen in the console, else the one that the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen == "en":
        return "en"
    return "zh" if chosen == "zh" else negotiate(request.headers.get("accept-language", ""))


@dataclass(frozen=True)
class Fetched:
    """An answer of the engine as it is kept, in bytes."""

    answer: Answer

    @property
    def tag(self) -> bytes:
        """The same for the same bytes alone."""
        return self.answer.tag

    @cached_property
    def document(self) -> Document:
        """What it says."""
        found: Document = orjson.loads(self.answer.body)
        return found


@dataclass
class Frame:
    """One request to the console.

    Parameters
    ----------
    request
    parts
        Of the app: answers, models, ledger.
    sessions
    """

    request: Request
    parts: Parts
    sessions: Sessions
    trouble: list[str] = field(default_factory=list)
    """The message above the page."""

    @cached_property
    def language(self) -> Language:
        """The language of the page."""
        return language_of(self.request)

    @cached_property
    def caller(self) -> Caller:
        """Who asks; for a request that was refused, the key that it came with, or none."""
        caller = self.request.scope.get(CALLER)
        access = self.parts.ledger.access
        if isinstance(caller, Caller) and (caller.key_id is not None or access.keyless):
            return caller
        key = access.key_of(self.request.scope)
        return Caller(key.key_id, key.role, frozenset(key.zones) or None) if key else _NOBODY

    def say(self, chinese: str, english: str) -> str:
        """Return one of both."""
        return chinese if self.language == "zh" else english

    def may(self, method: str, path: str) -> bool:
        """Whether the caller's role may call this."""
        return may(self.caller, method, path)

    def url(self, path: str, query: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Return an address of the console; values that are None, empty or no text are left out."""
        pairs = [
            (name, text)
            for name, value in {**(query or {}), **more}.items()
            for text in (value if isinstance(value, list | tuple) else [value])
            if text not in (None, "")
        ]
        asked = f"?{urlencode(pairs)}" if pairs else ""
        return prefixed(self.request.scope, f"/console{path}{asked}")

    async def answer(self, asked: Question) -> Document:
        """Return the answer to a question put to the engine, from memory where it is known."""
        return (await self.fetch(asked)).document

    async def fetch(self, asked: Question) -> Fetched:
        """Return the same, read only when it is looked into."""
        found = await self.parts.answers.respond(asked, self.caller.key_id or "")
        assert isinstance(found, AnswerResponse)
        if found.state == "stale":
            self.trouble.append(
                self.say(
                    "结果为上次计算所得，服务正在恢复。", "These results are of an earlier moment."
                )
            )
        return Fetched(found.answer)

    async def kept_page(
        self,
        template: str,
        of: Sequence[Fetched],
        values: Callable[[], Awaitable[dict[str, Any]]],
    ) -> Response:
        """Return a page whose main part is kept for all requests that get the same answers.

        Parameters
        ----------
        template
            It may not look at the request: it is given no `frame`.
        of
            The answers that the page is made of. Answers name the model and the tables that they
            are from, and are kept apart by what a caller may see; so is the page.
        values
            What the template is given, made only where nothing is kept; it may rest on these
            answers, the query, the caller's zones and what never changes for a model and its
            tables.
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
        """Return a page as text."""
        return _environment.get_template(template).render(
            _=self.say,
            frame=self,
            url=self.url,
            lang=self.language,
            **values,
        )

    def hidden(self) -> Markup:
        """Return the field by which a form shows that it comes from a page of this session."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, self.token())

    def role_name(self) -> str:
        """Return what the caller's key is for."""
        role = self.caller.role
        return self.say(KEY_ROLES[role].gloss, role)

    def places(self) -> list[tuple[str, str, str]]:
        """Return the pages that the caller may open: path and name in both languages."""
        return [place for place in PLACES if self.may("GET", f"/console{place[0]}")]

    async def look_up(self, work: Callable[[], Any]) -> Any:
        """Do short blocking work in a thread, within the caller's share."""
        return await self.parts.answers.look_up(work, self.caller.key_id or "")

    async def read(self, work: Callable[[], _T]) -> _T:
        """Read from the database, within the caller's share."""
        return await self.parts.ledger.read(work, self.caller)

    async def change(self, work: Callable[[], _T]) -> _T:
        """Change something, which this worker sees at once."""
        return await self.parts.ledger.change(work, self.caller)

    def back(self, path: str, query: Mapping[str, Any] | None = None, **more: Any) -> Response:
        """Send the browser to a page of the console after a form was taken in."""
        return RedirectResponse(self.url(path, query, **more), 303)

    def token(self) -> str:
        """Return the token for a form of this session."""
        return self.sessions.token(self.request.scope)


class ForgedFormError(ForbiddenError):
    """A form that does not come from a page of this session."""

    code = "forged-form"


def _frame(request: Request) -> Frame:
    return Frame(request, request.app.state.parts, request.app.state.sessions)


async def _form(request: Request) -> dict[str, str]:
    """Return a form's fields after its token was checked."""
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
        Where there is none, or another one.
    """
    given = fields.get(TOKEN)
    if not isinstance(given, str) or not request.app.state.sessions.holds(request.scope, given):
        raise ForgedFormError(
            "this form does not come from a page of this session: open the page again",
            field=TOKEN,
            expected="the token of a page of this session",
        )


def is_own_path(path: str) -> bool:
    r"""Whether a text is a path of the console, and so nothing that leads elsewhere.

    Examples
    --------
    >>> [is_own_path(x) for x in ("/console/leads?a=1", "//evil.example", r"/console/\x")]
    [True, False, False]
    """
    plain = path.isprintable() and "\\" not in path and "//" not in path.partition("?")[0]
    return plain and path.startswith("/console/") and ".." not in path.partition("?")[0]


Framed = Annotated[Frame, Depends(_frame)]
Form = Annotated[dict[str, str], Depends(_form)]
