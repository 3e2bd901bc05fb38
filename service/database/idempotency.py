"""Idempotent requests: a request repeated under its Idempotency-Key gets the stored answer."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from features.errors import InputError
from service.database.connection import utc_now
from service.database.schema import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReusedKeyError(InputError):
    """An Idempotency-Key that was used with another request before."""

    code = "idempotency-key-reused"


def check_key(key: str | None) -> None:
    """Reject a blank Idempotency-Key.

    Raises
    ------
    InputError
    """
    if key is not None and not key.strip('" '):
        expected = "1 to 255 characters"
        raise InputError(
            f"Idempotency-Key must have {expected}", field="Idempotency-Key", expected=expected
        )


def fingerprint(request: Mapping[str, Any]) -> str:
    """Return a hash of a request, to detect a different one under the same key."""
    return sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def stored_answer(connection: sa.Connection, owner: str, idempotency_key: str, asked: str) -> Any:
    """Return the stored answer of a key (event_id, new, answer); None for a new key.

    Raises
    ------
    ReusedKeyError
        When the key was used with another request before.
    """
    found = connection.execute(
        sa.select(ANSWERS.c.asked, ANSWERS.c.event_id, ANSWERS.c.new, ANSWERS.c.answer).where(
            ANSWERS.c.key_id == owner, ANSWERS.c.idempotency_key == idempotency_key
        )
    ).first()
    if found is not None and found.asked != asked:
        raise ReusedKeyError(
            "this Idempotency-Key came with another request before",
            field="Idempotency-Key",
            got=idempotency_key,
            expected="a new key for a new request",
        )
    return found


def remember(
    connection: sa.Connection,
    owner: str,
    idempotency_key: str,
    asked: str,
    *,
    event_id: str | None = None,
    new: bool = True,
    answer: str | None = None,
) -> None:
    """Store the answer of a key, within the transaction of the request."""
    connection.execute(
        sa.insert(ANSWERS).values(
            key_id=owner,
            idempotency_key=idempotency_key,
            asked=asked,
            event_id=event_id,
            new=new,
            answered_at=utc_now(),
            answer=answer,
        )
    )
