"""The tables of the database. Times are UTC; a change of a table is a migration too."""

import sqlalchemy as sa

METADATA = sa.MetaData()

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("enterprise_id", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("need_id", sa.Text),
    sa.Column("zone_id", sa.Text),
    sa.Column("amount", sa.Double),
    sa.Column("note", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("recorded_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
)
"""Events as they were recorded: never changed, only retracted."""

RETRACTIONS = sa.Table(
    "retractions",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("need_id", sa.Text, primary_key=True),
    sa.Column("zone_id", sa.Text, primary_key=True),
    sa.Column("retracted_at", sa.DateTime, nullable=False),
    sa.Column("key_id", sa.Text),
)
"""Events taken back, recorded or imported ones, with what they were about ("" for nothing)."""

ANSWERS = sa.Table(
    "answers",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("new", sa.Boolean, nullable=False),
    sa.Column("answered_at", sa.DateTime, nullable=False, index=True),
)
"""What was recorded under an Idempotency-Key; `asked` is a hash of the request."""

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
"""Who asked for and changed what; equal reads within a second are one row, counted."""

STATE = sa.Table(
    "state",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
)
"""A random version of the events and one of the keys, new with every change of them."""
