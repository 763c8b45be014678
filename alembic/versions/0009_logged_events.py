"""Events are kept in the relational store until they are in the event store."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projection_log", sa.Column("events", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("projection_log", "events")
