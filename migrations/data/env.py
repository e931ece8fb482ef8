"""Runs the data store's migrations on the connection that `storage.migrate` hands in."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
    transaction_per_migration=False,
    compare_server_default=True,
)
context.run_migrations()
