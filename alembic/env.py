"""Runs migrations on the connection that the service hands over (`app/kit/migrations.py`)."""

from alembic import context

from app.models import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_server_default=True, include_schemas=False)
with context.begin_transaction():
    context.run_migrations()
