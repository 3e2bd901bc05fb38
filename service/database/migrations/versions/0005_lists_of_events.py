"""Which list of leads an event came of: its id, the rank there and the model that made it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; of events that there are, nothing is known of a list."""
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("list_id", sa.Text))
        events.add_column(sa.Column("rank", sa.Integer))
        events.add_column(sa.Column("model_version", sa.Text))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("events") as events:
        events.drop_column("model_version")
        events.drop_column("rank")
        events.drop_column("list_id")
