"""Run by alembic. Works on the connection that `leadhub.store.schema` hands over, within its transaction."""

from alembic import context

from leadhub.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
