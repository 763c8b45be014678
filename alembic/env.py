"""Runs the migrations: on a connection that the product hands over, or from alembic's command line on the
database that HEDGEROW_DATABASE_URL names."""

import os

from alembic import context
from hedgerow.adapters.relational import engine, unit_of_work  # noqa: F401 - every table, whoever keeps it
from hedgerow.adapters.relational.tables import Row
from sqlalchemy import Connection


def migrate(connection: Connection) -> None:
    # Batch mode: SQLite alters a table by copying it.
    context.configure(connection=connection, target_metadata=Row.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    url = os.environ.get("HEDGEROW_DATABASE_URL")
    if not url:
        raise SystemExit("Set HEDGEROW_DATABASE_URL to the database to migrate.")
    with engine.create(url).begin() as own:
        migrate(own)
