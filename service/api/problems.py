"""Errors as problem+json (RFC 9457)."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from starlette.responses import Response

from features import errors
from service.api.chinese import in_chinese, prefers_chinese
from service.api.headers import by_name
from service.api.observer import PROBLEM, REQUEST_ID
from service.outcomes import outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

_BITS = 63
_SHOWN = 200
"""Maximum length of a wrong value that is quoted."""
_SHOULD = re.compile(r"(\w[\w ]*?) should (be|\w+) (.*)", re.DOTALL)
"""Prefix of pydantic's messages that becomes "must be"."""


class Fault(NamedTuple):
    """One wrong field: the given value and the expectation."""

    field: str | None
    got: object
    expected: str | None


class Problem(Response):
    """An error as application/problem+json.

    Parameters
    ----------
    status
        The HTTP status.
    code
        The stable code of the kind of error.
    detail
        One line for a reader; by default only the title.
    faults
        The wrong fields.
    """

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        self.code = code
        self.document = {
            "type": f"urn:lianzhao:problem:{code}",
            "title": title or HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "errors": [
                {"field": fault.field, "got": _shown(fault.got), "expected": fault.expected}
                for fault in faults
            ],
            **more,
        }
        headers = {"Cache-Control": "no-store", **(headers or {})}
        super().__init__(orjson.dumps(self.document), status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it with the request id, under which the log has details.

        It is in Chinese if the client prefers Chinese.
        """
        scope[PROBLEM] = self.code
        asked = by_name(scope).get(b"accept-language", b"").decode("latin-1")
        chinese = prefers_chinese(asked)
        document = in_chinese(self.document) if chinese else self.document
        if request_id := scope.get(REQUEST_ID):
            document = {**document, "request_id": request_id}
        self.body = orjson.dumps(document)
        self.headers["content-length"] = str(len(self.body))
        self.headers["content-language"] = "zh" if chinese else "en"
        self.headers["vary"] = "Accept-Language"
        await super().__call__(scope, receive, send)


def _shown(value: object) -> object:
    # Longer integers are not interoperable in JSON, and orjson rejects them.
    long = isinstance(value, int) and value.bit_length() > _BITS
    if value is None or (isinstance(value, bool | int | float) and not long):
        return value
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def of_error(error: errors.LianzhaoError) -> Problem:
    """Return an error of the project as a problem."""
    status, _, title = outcome(error)
    faults = [Fault(error.field, error.got, error.expected)] if error.field else []
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Problem(
        status,
        error.code,
        error.message,
        title=title,
        faults=faults,
        headers=headers,
        **error.more,
    )


def of_validation(found: Sequence[Any]) -> Problem:
    """Return pydantic's validation errors as a problem (400 if the body is not JSON)."""
    faults = [_fault(error) for error in found]
    if any(error["type"] == "json_invalid" for error in found):
        return Problem(400, "bad-json", "the body is not JSON", faults=faults)
    first = faults[0]
    detail = f"{first.field} must be {first.expected}, got {_shown(first.got)!r}"
    if found[0]["type"] == "missing":
        detail = f"{first.field} is missing"
    return Problem(422, errors.InputError.code, detail, title="Wrong value", faults=faults)


def _fault(error: Mapping[str, Any]) -> Fault:
    where = [str(part) for part in error["loc"] if part not in {"query", "path", "body"}]
    field = ".".join(where) or "body"
    match error["type"]:
        case "missing":
            return Fault(field, None, "given")
        case "int_parsing" | "int_type" | "int_from_float":
            return Fault(field, error["input"], "a whole number")
        case "string_too_short":
            return Fault(field, error["input"], "a text that is not empty")
        case "string_too_long":
            return Fault(
                field, error["input"], f"of at most {error['ctx']['max_length']} characters"
            )
        case "too_long":
            most = error["ctx"]["max_length"]
            return Fault(field, error["input"], f"a list of at most {most} values")
        case "json_invalid":
            return Fault("body", error.get("ctx", {}).get("error"), "a JSON document")
        case "extra_forbidden":
            return Fault(field, error["input"], "left out: there is no such field")
        case "model_attributes_type" | "dict_type":
            return Fault(field, error["input"], "a JSON object, sent as application/json")
    stated = str(error["msg"]).removeprefix("Value error, ")
    if found := _SHOULD.match(stated):
        noun, verb, rest = found.groups()
        stated = {"be": rest, "have": f"a {noun.lower()} that has {rest}"}.get(
            verb, f"a {noun.lower()} that is to {verb} {rest}"
        )
    # Nested values are not quoted: they would be truncated anywhere.
    got = None if isinstance(error["input"], dict) else error["input"]
    return Fault(field, got, stated)
