"""API keys in the database."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import sqlalchemy as sa

from features.errors import NotFoundError
from service.access.keys import Key, digest
from service.database.audit_log import of_command
from service.database.connection import renew, utc_now
from service.database.schema import KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.database.connection import Database

_SECRET_BYTES = 32


class KeyStore:
    """Keys in the database; only the hash of a token is stored."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        role: str,
        zones: Sequence[str] = (),
        *,
        name: str | None = None,
        days: int | None = None,
    ) -> tuple[str, str]:
        """Create a key and return its id and its token, which is shown only once."""
        key_id = secrets.token_hex(4)
        token = f"lz_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        now = utc_now()
        row = {
            "key_id": key_id,
            "digest": digest(token.encode()),
            "role": role,
            "zones": orjson.dumps(sorted(set(zones))).decode(),
            "name": name,
            "created_at": now,
            "expires_at": None if days is None else now + timedelta(days=days),
        }

        def work(connection: sa.Connection) -> None:
            known = sa.select(KEYS.c.key_id).where(KEYS.c.key_id == key_id)
            if connection.execute(known).first() is None:
                connection.execute(sa.insert(KEYS).values(row))
                of_command(connection, "keys add", key_id)
                renew(connection, "keys")

        self.database.write(work)
        return key_id, token

    def list(self) -> list[Key]:
        """Return all keys, oldest first, including revoked ones."""

        def work(connection: sa.Connection) -> list[Key]:
            asked = sa.select(KEYS).order_by(KEYS.c.created_at, KEYS.c.key_id)
            return [_key(row) for row in connection.execute(asked)]

        return self.database.read(work, [])

    def revoke(self, key_id: str) -> None:
        """Revoke a key; revoking it again has no effect.

        Raises
        ------
        NotFoundError
            When there is no key of that id.
        """

        def work(connection: sa.Connection) -> bool:
            asked = sa.select(KEYS.c.revoked_at).where(KEYS.c.key_id == key_id)
            found = connection.execute(asked).first()
            if found is not None and found.revoked_at is None:
                connection.execute(
                    sa.update(KEYS).where(KEYS.c.key_id == key_id).values(revoked_at=utc_now())
                )
                of_command(connection, "keys revoke", key_id)
                renew(connection, "keys")
            return found is not None

        if not (self.database.exists and self.database.write(work)):
            raise NotFoundError(
                f"no key has the id {key_id!r}",
                field="id",
                got=key_id,
                expected="an id that `lianzhao keys list` shows",
            )


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return Key(
        key_id=row.key_id,
        digest=bytes(row.digest),
        role=row.role,
        zones=tuple(orjson.loads(row.zones)),
        name=row.name,
        created_at=_seconds(row.created_at) or 0.0,
        expires_at=_seconds(row.expires_at),
        revoked_at=_seconds(row.revoked_at),
    )


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.replace(tzinfo=UTC).timestamp()
