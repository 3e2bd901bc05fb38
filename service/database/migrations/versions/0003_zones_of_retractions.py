"""What a retracted event was about: a retraction counts for that zone alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WITH_ZONES = """
INSERT INTO retractions_of_zones (event_id, need_id, zone_id, retracted_at, key_id)
SELECT r.event_id, COALESCE(e.need_id, ''), COALESCE(e.zone_id, ''), r.retracted_at, r.key_id
FROM retractions r LEFT JOIN events e ON e.event_id = r.event_id
"""
_WITHOUT = """
INSERT INTO retractions_of_ids (event_id, retracted_at, key_id)
SELECT event_id, MIN(retracted_at), MIN(key_id) FROM retractions GROUP BY event_id
"""


def upgrade() -> None:
    """Make the table with what an event was about, as far as that is recorded."""
    op.create_table(
        "retractions_of_zones",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("need_id", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("retracted_at", sa.DateTime, nullable=False),
        sa.Column("key_id", sa.Text),
    )
    op.execute(_WITH_ZONES)
    op.drop_table("retractions")
    op.rename_table("retractions_of_zones", "retractions")


def downgrade() -> None:
    """Make the table with ids alone."""
    op.create_table(
        "retractions_of_ids",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("retracted_at", sa.DateTime, nullable=False),
        sa.Column("key_id", sa.Text),
    )
    op.execute(_WITHOUT)
    op.drop_table("retractions")
    op.rename_table("retractions_of_ids", "retractions")
