"""Alembic's entry: runs the revisions on the connection that `homeward.storage.sql.schema` hands over."""

from alembic import context

from homeward.storage.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds all revisions
)
context.run_migrations()
