"""Changes of projects over HTTP: idempotent, and visible to this worker at once."""

from collections.abc import Callable
from typing import Annotated

import orjson
from fastapi import Depends, Header, Request, Response

from service.api.observer import REQUEST_ID
from service.api.routes.context import AppParts, Asking
from service.database.idempotency import check_key
from service.projects.projects import Projects
from service.projects.requests import Asked
from service.serving.interfaces import Document

KEY_LENGTH = 255
IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=KEY_LENGTH, description="Identifies this request, which is executed only once."
    ),
]


def answered(document: Document, status: int = 200) -> Response:
    """Return a document as a response that is not cached."""
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(document), status, headers, "application/json")


class Change:
    """The change requested by a call.

    Parameters
    ----------
    request, parts, caller, idempotency_key
        Injected by FastAPI.
    """

    def __init__(
        self,
        request: Request,
        parts: AppParts,
        caller: Asking,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self.parts = parts
        self.asked = Asked(caller, idempotency_key, request.scope.get(REQUEST_ID))

    async def make(
        self, work: Callable[[Projects, Asked], Document], status: int = 200
    ) -> Response:
        """Do the work, or return its stored answer under the same key."""
        check_key(self.asked.idempotency_key)
        ledger, asked = self.parts.ledger, self.asked
        document = await ledger.change(lambda: work(ledger.projects, asked), asked.caller)
        return answered(document, status)


Changing = Annotated[Change, Depends(Change)]
