"""Dependencies of routes: the app's parts, the caller, the language, a check of parameter names."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from features.errors import InputError
from service.access.gate import CALLER
from service.access.keys import Caller
from service.api.languages import negotiate
from service.cache.answers import Answers
from service.database.ledger import Ledger
from service.serving.interfaces import Language, Registry
from service.serving.questions import Question
from service.telemetry import Telemetry


@dataclass(frozen=True)
class Parts:
    """The parts of an app."""

    answers: Answers
    models: Registry
    telemetry: Telemetry
    ledger: Ledger
    home: Path

    async def answer(self, request: Request, question: Question) -> Response:
        """Return the engine's answer to a question, in the caller's share of threads."""
        caller: Caller = request.scope[CALLER]
        return await self.answers.respond(question, caller.key_id or "", request.receive)


def _parts(request: Request) -> Parts:
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


def _caller(request: Request) -> Caller:
    caller = request.scope[CALLER]
    assert isinstance(caller, Caller)
    return caller


def _language(request: Request) -> Language:
    return negotiate(request.headers.get("accept-language", ""))


AppParts = Annotated[Parts, Depends(_parts)]
Asking = Annotated[Caller, Depends(_caller)]
Spoken = Annotated[Language, Depends(_language)]


def shaped(model: type[BaseModel] | UnionType) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of a route's response, which is sent as bytes without validation."""
    return {200: {"model": model}}


def only(*names: str, repeatable: Collection[str] = ()) -> Callable[[Request], None]:
    """Return a dependency that rejects any other parameter, such as a misspelt one."""
    expected = "one of " + ", ".join(names) if names else "left out: no parameters are taken"

    def check(request: Request) -> None:
        seen = set()
        for name, value in request.query_params.multi_items():
            if name not in names:
                message = f"there is no parameter {name!r}; expected {expected}"
                raise InputError(message, field=name, got=value, expected=expected)
            if name in seen and name not in repeatable:
                message = f"{name} must be given once"
                raise InputError(message, field=name, got=value, expected="one value")
            seen.add(name)

    return check
