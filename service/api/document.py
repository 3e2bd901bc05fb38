"""Additions to the OpenAPI document beyond routes and their models.

Errors, keys, headers, 304 and the language, which are common to many calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from service.api import examples
from service.api.replies import ProblemBody

if TYPE_CHECKING:
    from fastapi import FastAPI

_REFERENCE = "#/components/schemas/{model}"
PROBLEMS = {
    400: {
        "bad-json": "the body is not JSON",
        "bad-body": "the body broke off, or is not in UTF-8",
    },
    401: {
        "no-key": "this service asks for a key",
        "unknown-key": "there is no such key",
        "revoked-key": "it was revoked",
        "expired-key": "its time is over",
    },
    403: {
        "forbidden": "a key of this role may not do this",
        "foreign-zone": "the key is for other zones",
        "foreign-origin": "a page of another origin made the request",
        "forwarded": "without keys, forwarded requests are refused",
    },
    404: {"not-found": "an id that the workspace does not know"},
    408: {"too-slow": "the body took too long to arrive"},
    409: {
        "conflict": "it contradicts what is already there",
        "version-conflict": "it was changed meanwhile: see `current` and `wanted`",
        "project-closed": "the project has ended",
        "held-elsewhere": "another zone of the city is in talks with the enterprise",
        "list-gone": "model or pool of that list_id are gone: begin the list again",
    },
    413: {"too-large": "the body is larger than 1 MiB"},
    414: {"too-long": "the path with its query is too long"},
    421: {"wrong-host": "without keys the service is called as localhost or 127.0.0.1"},
    422: {
        "bad-input": "a wrong parameter or field, which `errors` names",
        "unknown-reference": "a need, zone or enterprise that the workspace does not know",
        "unusual-amount": "an amount that looks as if it was given in another unit",
        "idempotency-key-reused": "the Idempotency-Key came with another request before",
    },
    429: {"too-many-requests": "more than LIANZHAO_RATE_LIMIT; see Retry-After"},
    500: {"internal-error": "an unexpected error; the log has more under `request_id`"},
    503: {
        "unavailable": "something is unavailable at the moment; see Retry-After",
        "busy": "too many requests of this caller are waiting: send fewer at a time",
        "no-model": "no model has been trained yet",
        "model-gone": "the model was removed: train, or activate another version",
        "unfit-model": "the model was made with another encoder, or for other tables",
        "damaged": "a file of the model or of the tables was altered or truncated",
        "database-unavailable": "the database does not answer, or is locked",
        "shard-unavailable": "a shard of the pool is unavailable, and the answer needs all of them",
        "storage-full": "the disk is full; nothing was written",
    },
}
"""The meanings of each error status, by `code`."""
_ANY = {401, 403, 414, 421, 500}
_LEADS = "/v1/recommendations"
_OF_EVENTS = {"unknown-reference", "idempotency-key-reused"}
_LISTS = (_LEADS, "/v1/leads", "/v1/enterprises/{enterprise_id}/similar")
"""Calls for pages of a list of leads."""
_OF_IDS = {
    *_LISTS,
    *(f"/v1/{name}" for name in ("needs", "enterprises", "allocation", "gates", "meetings")),
    f"{_LEADS}.xlsx",
}
"""Calls with ids of resources outside of their path."""
_PROJECTS = ("/v1/projects", "/v1/meetings", "/v1/talks")
_OF_PROJECTS = {"version-conflict", "project-closed", "held-elsewhere", "unusual-amount"}


def _errors(path: str, method: str, *, body: bool) -> dict[int, dict[str, str]]:
    """Return the possible errors of a call: codes by status."""
    statuses = set(_ANY)
    if not path.startswith("/v1/"):
        statuses |= {503} if path == "/health/ready" else set()
    else:
        statuses |= {422, 429, 503}
        if body:
            statuses |= {400, 408}
        if method == "post":
            statuses |= {409, 413}
        if "{" in path or path in _OF_IDS:
            statuses.add(404)
        if path in _LISTS:
            statuses.add(409)
    of_projects = method == "post" and path.startswith(_PROJECTS)
    recording = of_projects or (method, path) == ("post", "/v1/events")
    left_out = (set() if recording else _OF_EVENTS) | (set() if of_projects else _OF_PROJECTS)
    left_out |= {"conflict"} if path in _LISTS else {"list-gone"}
    return {
        status: {c: t for c, t in PROBLEMS[status].items() if c not in left_out}
        for status in sorted(statuses)
    }


def _response(codes: dict[str, str]) -> dict[str, Any]:
    """Return the document's response for a problem with one of these codes."""
    named = {"code": {"enum": list(codes)}}
    schema = {"$ref": _REFERENCE.format(model="Problem"), "properties": named}
    shown = "; ".join(f"`{code}`: {text}" for code, text in codes.items())
    return {"description": f"{shown}.", "content": {"application/problem+json": {"schema": schema}}}


def document_of(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app, computed once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        components = document.setdefault("components", {})
        components["securitySchemes"] = {_KEY: _KEY_SCHEME}
        components["headers"] = {name: _header(text) for name, text in _HEADERS.items()}
        # Without keys the service listens on loopback only.
        document["security"] = [{_KEY: []}, {}]
        schemas = components.setdefault("schemas", {})
        problem = ProblemBody.model_json_schema(ref_template=_REFERENCE)
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for schema in schemas.values():
            _without_defaults(schema)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Complete the document of a call."""
    responses = operation["responses"]
    responses.pop("422", None)
    for parameter in operation.get("parameters", ()):
        _never_null(parameter["schema"])
        # The length of the whole query is limited instead of the number of values.
        parameter["schema"].pop("maxItems", None)
    for status, codes in _errors(path, method, body="requestBody" in operation).items():
        responses[str(status)] = _response(codes)
    kept = method == "get" and not path.endswith(".xlsx") and path.startswith(_KEPT)
    if path.startswith("/v1/"):
        asked = ["Accept-Language", *(["If-None-Match"] if kept else [])]
        own = [_PARAMETERS[name] for name in asked]
        operation["parameters"] = [*operation.get("parameters", ()), *own]
    if kept:
        responses["304"] = {"description": "The client has this answer already: see If-None-Match."}
    for status, response in responses.items():
        names = ["X-Request-ID"]
        if status in _RETRIED:
            names.append("Retry-After")
        if int(status) < _ERROR and (kept or path in _LISTS):
            names += ["ETag", "X-Model-Version", "X-Cache"]
            if path in _SPOKEN:
                names.append("Content-Language")
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    examples.add(path, method, operation)


def _without_defaults(schema: dict[str, Any]) -> None:
    """Make fields with defaults optional in generated clients.

    Client generators take a field with a default for one that is always present.
    """
    for own in schema.get("properties", {}).values():
        if (default := own.pop("default", None)) is not None:
            stated = str(default).lower() if isinstance(default, bool) else default
            text = own.get("description", "").rstrip()
            own["description"] = f"{text} By default {stated}.".strip()


def _never_null(schema: dict[str, Any]) -> None:
    """Remove null from the types of a parameter, where it cannot be written."""
    choices = [own for own in schema.get("anyOf", ()) if own != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])
    elif choices:
        schema["anyOf"] = choices
    if schema.get("default", 0) is None:
        del schema["default"]


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


_KEY = "key"
_KEY_SCHEME = {
    "type": "apiKey",
    "in": "header",
    "name": "X-API-Key",
    "description": "Created by `lianzhao keys add`; without any key the service listens on "
    "loopback only and requires none.",
}
_HEADERS = {
    "ETag": "Identifies this answer, for If-None-Match.",
    "X-Model-Version": "The version of the model that ranked the leads.",
    "X-Cache": "hit, miss, or stale: an earlier answer while the engine is unavailable.",
    "X-Request-ID": "The client's own, if it has 1 to 64 letters, digits and ._:-, or a new one.",
    "Content-Language": "zh or en, by Accept-Language.",
    "Retry-After": "Seconds to wait before trying again.",
}
_PARAMETERS = {
    "Accept-Language": {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "zh (default) or en: the language of texts; errors are in Chinese if "
        "zh is requested.",
        "schema": {"type": "string"},
        "example": "zh",
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "The ETag of a known answer: 304 means that it is still valid.",
        "schema": {"type": "string"},
    },
}
_SPOKEN = {*_LISTS, "/v1/enterprises", "/v1/enterprises/{enterprise_id}/needs"}
"""Calls with texts in the requested language."""
_KEPT = (*_LISTS, "/v1/zones", "/v1/needs", "/v1/chains", "/v1/enterprises")
"""Calls whose answers are cached and have an ETag."""
_RETRIED = ("429", "503")
_ERROR = 400
