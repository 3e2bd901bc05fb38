"""The tables of the database. Times are UTC; a change of a table is a migration too."""

import sqlalchemy as sa

METADATA = sa.MetaData()

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("enterprise_id", sa.Text, index=True),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("need_id", sa.Text),
    sa.Column("zone_id", sa.Text),
    sa.Column("amount", sa.Double),
    sa.Column("note", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("recorded_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Column("project_id", sa.Text, index=True),
    sa.Column("reason", sa.Text),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("list_id", sa.Text),
    sa.Column("rank", sa.Integer),
    sa.Column("model_version", sa.Text),
)
"""Recorded events: never changed, only retracted.

An event that came from a list of leads names the list, the rank of the enterprise there and its
model.

Moves of projects are events too. If a project's enterprise becomes known later, it is copied to the
moves; until then they have none, and nothing is learnt from them. `number` is increasing, so that
only new events need to be read.
"""
sa.Index("ix_events_number", EVENTS.c.number, unique=True)

RETRACTIONS = sa.Table(
    "retractions",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("need_id", sa.Text, primary_key=True),
    sa.Column("zone_id", sa.Text, primary_key=True),
    sa.Column("retracted_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
)
"""Retracted events, recorded or imported, with their need and zone ("" for none)."""

ANSWERS = sa.Table(
    "answers",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text),
    sa.Column("new", sa.Boolean, nullable=False),
    sa.Column("answered_at", sa.DateTime, nullable=False, index=True),
    sa.Column("answer", sa.Text),
)
"""The result of the request under an Idempotency-Key: an event, or the answer (JSON).

`asked` is a hash of the request."""

KEYS = sa.Table(
    "keys",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("zones", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("expires_at", sa.DateTime),
    sa.Column("revoked_at", sa.DateTime),
)
"""API keys; `zones` is a JSON list."""

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("at", sa.DateTime, nullable=False, index=True),
    sa.Column("key_id", sa.Text),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("target", sa.Text),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("request_id", sa.Text),
    sa.Column("times", sa.Integer, nullable=False),
)
"""The audit log; equal reads within a second are one row with a count."""

PROJECTS = sa.Table(
    "projects",
    METADATA,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("likeness", sa.Text),
    sa.Column("code", sa.Text),
    sa.Column("project", sa.Text),
    sa.Column("enterprise_id", sa.Text, index=True),
    sa.Column("enterprise", sa.Text),
    sa.Column("zone_id", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("need_id", sa.Text),
    sa.Column("industry", sa.Text),
    sa.Column("amount", sa.Double),
    sa.Column("unit", sa.Text),
    sa.Column("handler", sa.Text),
    sa.Column("due", sa.Date),
    sa.Column("source", sa.Text),
    sa.Column("list_id", sa.Text),
    sa.Column("production_site", sa.Text),
    sa.Column("research_site", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("moved", sa.Date, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Index("ix_projects_likeness", "likeness", unique=True),
    sa.Index("ix_projects_zone_pools", "zone_id", "stage", "moved", "project_id"),
    sa.Index("ix_projects_zone_sums", "zone_id", "stage", "amount", "due"),
    sa.Index("ix_projects_zone_moved", "zone_id", "moved", "project_id"),
    sa.Index("ix_projects_pools", "stage", "moved", "project_id"),
    sa.Index("ix_projects_sums", "stage", "amount", "due"),
    sa.Index("ix_projects_revision", "revision", unique=True),
)
"""Projects. `stage`, `since` (when that stage was reached) and `moved` (the last move) follow from
the project's events, and are set in the transaction that records or retracts one. `version` counts
the changes of a project, `revision` those of all projects. `likeness` identifies a row of a list
when the list is imported again."""

TASKS = sa.Table(
    "tasks",
    METADATA,
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("blocks", sa.Boolean, nullable=False),
    sa.Column("unit", sa.Text),
    sa.Column("start", sa.Date),
    sa.Column("due", sa.Date),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("closed_on", sa.Date),
    sa.Column("meeting_id", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Index("ix_tasks_due", "state", "due"),
)
"""Tasks and blockers of a project. Whether a task is late is never stored."""

MEETINGS = sa.Table(
    "meetings",
    METADATA,
    sa.Column("meeting_id", sa.Text, primary_key=True),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("unit", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
)
"""Meetings on several projects (联合会诊)."""

DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column("meeting_id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, primary_key=True, index=True),
    sa.Column("decision", sa.Text),
)
"""The projects of a meeting, and its decision on each."""

TALK_ORDERS = sa.Table(
    "talk_orders",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("enterprise_id", sa.Text, nullable=False, index=True),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("zone_id", sa.Text),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("key_id", sa.Text),
)
"""Talks with an enterprise that a city assigned to one of its zones, or released."""

NOTICES = sa.Table(
    "notices",
    METADATA,
    sa.Column("notice_id", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", sa.DateTime, index=True),
    sa.Column("delivered_at", sa.DateTime),
)
"""Reminders to be sent to the webhook."""

STATE = sa.Table(
    "state",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
)
"""Random versions of the events, projects and keys, renewed with every change; `rewritten` changes
when events are altered or removed, but not when one is added."""
