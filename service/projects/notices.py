"""Reminders to a webhook: signed, sent once, retried for hours, without blocking requests.

Reminders are first written to the database, by one worker, and then sent by any worker. So they
survive a restart, and a hanging receiver blocks no request.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import sqlalchemy as sa

from features.errors import LianzhaoError
from service.access.keys import NOBODY
from service.database.connection import utc_now
from service.database.schema import NOTICES
from service.projects.agenda import agenda
from service.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from service.database.connection import Database
    from service.projects.projects import Projects
    from service.serving.interfaces import Document

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0
_AHEAD_DAYS = 1
_AT_ONCE = 50
_LEASE = timedelta(minutes=2)
"""Lease of a reminder by a worker."""
_FIRST_WAIT = timedelta(minutes=1)
_ATTEMPTS = 12
"""Maximum number of attempts, with waits doubling up to two hours: about ten hours in all."""
_LONGEST_WAIT = timedelta(hours=2)
_KEPT = timedelta(days=30)


class Webhook(NamedTuple):
    """The receiver of reminders, and the secret that signs them."""

    url: str
    secret: str


class Reminders:
    """Sends reminders in the background of a worker, from `open` to `close`.

    Parameters
    ----------
    projects
    webhook
    every
        Interval in seconds.
    """

    def __init__(self, projects: Projects, webhook: Webhook, every: float = 60.0) -> None:
        self.projects = projects
        self.webhook = webhook
        self._stopping = threading.Event()
        self._looking = Pulse(every, self._look)

    def open(self) -> None:
        """Begin."""
        self._looking.open()

    async def close(self) -> None:
        """Stop; a reminder being sent may still arrive."""
        self._stopping.set()
        await self._looking.close()

    async def _look(self) -> None:
        try:
            await asyncio.to_thread(self._send)
        except LianzhaoError as error:
            log.warning("reminders cannot be sent now: %s", error.message)

    def _send(self) -> None:
        remind(self.projects)
        deliver(self.projects.database, self.webhook, stopping=self._stopping.is_set)


def remind(projects: Projects) -> int:
    """Write reminders for items due by tomorrow or overdue, once each; return how many are new."""
    found = agenda(projects, NOBODY, days=_AHEAD_DAYS)
    now = utc_now()
    rows = [
        {"notice_id": _name(item, kind), "body": orjson.dumps({"kind": kind, **item}).decode()}
        for kind in ("late", "due")
        for item in found[kind]
    ]

    def work(connection: sa.Connection) -> int:
        ids = [row["notice_id"] for row in rows]
        asked = sa.select(NOTICES.c.notice_id).where(NOTICES.c.notice_id.in_(ids))
        known = set(connection.execute(asked).scalars())
        new = [row for row in rows if row["notice_id"] not in known]
        if new:
            first = {"attempts": 0, "next_at": now}
            connection.execute(sa.insert(NOTICES), [{**row, **first} for row in new])
        old = sa.delete(NOTICES).where(NOTICES.c.delivered_at < now - _KEPT)
        connection.execute(old)
        return len(new)

    return projects.database.write(work) if rows else 0


def deliver(
    database: Database,
    webhook: Webhook,
    post: Callable[[str, bytes, Mapping[str, str]], None] | None = None,
    now: Callable[[], datetime] = utc_now,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send pending reminders; return how many arrived.

    Parameters
    ----------
    post
        Sends a body with headers, and raises OSError if it did not arrive.
    now
        The time in UTC.
    stopping
        Returns whether to stop.
    """
    arrived = 0
    for _ in range(_AT_ONCE if database.exists else 0):
        if stopping():
            break
        taken = database.write(lambda connection: _take(connection, now()))
        if taken is None:
            break
        body = taken.body.encode()
        try:
            (post or _post)(
                webhook.url, body, signed_headers(webhook.secret, body, taken.notice_id, now())
            )
        except OSError as error:
            _put_off(database, taken, now())
            log.warning("a reminder did not arrive at the webhook: %s", type(error).__name__)
            continue
        _set(database, taken, delivered_at=now(), next_at=None)
        arrived += 1
    return arrived


def signed_headers(secret: str, body: bytes, notice_id: str, at: datetime) -> dict[str, str]:
    """Return the headers of a reminder.

    `X-Lianzhao-Signature` is HMAC-SHA256 with the secret over the timestamp, a full stop and the
    body: receivers with the secret can check origin and age.
    """
    stamp = str(int(at.replace(tzinfo=UTC).timestamp()))
    code = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Lianzhao-Notice": notice_id,
        "X-Lianzhao-Timestamp": stamp,
        "X-Lianzhao-Signature": f"sha256={code}",
    }


def _take(connection: sa.Connection, now: datetime) -> Any:
    """Lease the oldest pending reminder, so that no other worker sends it meanwhile."""
    waiting = (
        sa.select(NOTICES.c.notice_id, NOTICES.c.body, NOTICES.c.attempts)
        .where(NOTICES.c.next_at <= now)
        .order_by(NOTICES.c.next_at, NOTICES.c.notice_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(waiting).first()
    if found is not None:
        own = sa.update(NOTICES).where(NOTICES.c.notice_id == found.notice_id)
        connection.execute(own.values(next_at=now + _LEASE))
    return found


def _put_off(database: Database, taken: Any, now: datetime) -> None:
    attempts = taken.attempts + 1
    wait = min(_FIRST_WAIT * 2**taken.attempts, _LONGEST_WAIT)
    if attempts >= _ATTEMPTS:
        log.error("a reminder was given up after %s attempts: %s", attempts, taken.notice_id)
    next_at = None if attempts >= _ATTEMPTS else now + wait
    _set(database, taken, attempts=attempts, next_at=next_at)


def _set(database: Database, taken: Any, **values: object) -> None:
    which = sa.update(NOTICES).where(NOTICES.c.notice_id == taken.notice_id)
    database.write(lambda connection: connection.execute(which.values(values)))


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read(1)


def _name(item: Document, kind: str) -> str:
    return f"{item['task_id'] or item['project_id']}-{item['due']}-{kind}"
