"""Run by Alembic: the migrations, over the given connection."""

from alembic import context

from service.database.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
