"""Projects, whose moves are events; their tasks, meetings, talks and notices."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables; number the events that there are, in any order."""
    with op.batch_alter_table("events") as events:
        events.alter_column("enterprise_id", existing_type=sa.Text, nullable=True)
        events.add_column(sa.Column("project_id", sa.Text))
        events.add_column(sa.Column("reason", sa.Text))
        events.add_column(sa.Column("number", sa.BigInteger))
    rows = op.get_bind().execute(
        sa.text("SELECT event_id FROM events ORDER BY recorded_at, event_id")
    )
    numbered = [{"id": row.event_id, "number": at} for at, row in enumerate(rows, 1)]
    if numbered:
        op.get_bind().execute(
            sa.text("UPDATE events SET number = :number WHERE event_id = :id"), numbered
        )
    with op.batch_alter_table("events") as events:
        events.alter_column("number", existing_type=sa.BigInteger, nullable=False)
        events.create_index("ix_events_number", ["number"], unique=True)
        events.create_index("ix_events_project_id", ["project_id"])
        events.create_index("ix_events_enterprise_id", ["enterprise_id"])
    with op.batch_alter_table("answers") as answers:
        answers.alter_column("event_id", existing_type=sa.Text, nullable=True)
        answers.add_column(sa.Column("answer", sa.Text))
    op.create_table(
        "projects",
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("likeness", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("project", sa.Text),
        sa.Column("enterprise_id", sa.Text),
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
    )
    op.create_index("ix_projects_likeness", "projects", ["likeness"], unique=True)
    for name, columns in (
        ("zone_pools", ["zone_id", "stage", "moved", "project_id"]),
        ("zone_sums", ["zone_id", "stage", "amount", "due"]),
        ("zone_moved", ["zone_id", "moved", "project_id"]),
        ("pools", ["stage", "moved", "project_id"]),
        ("sums", ["stage", "amount", "due"]),
    ):
        op.create_index(f"ix_projects_{name}", "projects", columns)
    op.create_index("ix_projects_enterprise_id", "projects", ["enterprise_id"])
    op.create_index("ix_projects_revision", "projects", ["revision"], unique=True)
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
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
    )
    op.create_index("ix_tasks_project_id", "tasks", ["project_id"])
    op.create_index("ix_tasks_due", "tasks", ["state", "due"])
    op.create_table(
        "meetings",
        sa.Column("meeting_id", sa.Text, primary_key=True),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("unit", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("key_id", sa.Text),
    )
    op.create_table(
        "decisions",
        sa.Column("meeting_id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("decision", sa.Text),
    )
    op.create_index("ix_decisions_project_id", "decisions", ["project_id"])
    op.create_table(
        "talk_orders",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("enterprise_id", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("zone_id", sa.Text),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("key_id", sa.Text),
    )
    op.create_index("ix_talk_orders_enterprise_id", "talk_orders", ["enterprise_id"])
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime),
        sa.Column("delivered_at", sa.DateTime),
    )
    op.create_index("ix_notices_next_at", "notices", ["next_at"])


def downgrade() -> None:
    """Drop the tables, and the events that only a project could have."""
    for table in ("notices", "talk_orders", "decisions", "meetings", "tasks", "projects"):
        op.drop_table(table)
    op.execute("DELETE FROM answers WHERE event_id IS NULL")
    op.execute("DELETE FROM events WHERE enterprise_id IS NULL")
    with op.batch_alter_table("answers") as answers:
        answers.drop_column("answer")
        answers.alter_column("event_id", existing_type=sa.Text, nullable=False)
    with op.batch_alter_table("events") as events:
        events.drop_index("ix_events_enterprise_id")
        events.drop_index("ix_events_project_id")
        events.drop_index("ix_events_number")
        for column in ("number", "reason", "project_id"):
            events.drop_column(column)
        events.alter_column("enterprise_id", existing_type=sa.Text, nullable=False)
