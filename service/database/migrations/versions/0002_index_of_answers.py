"""An index on the time of answers: old ones are dropped by it."""

from alembic import op

revision = "0002"
down_revision = "0001"

_INDEX = "ix_answers_answered_at"


def upgrade() -> None:
    """Make the index."""
    op.create_index(_INDEX, "answers", ["answered_at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(_INDEX, "answers")
