"""The audit log, and the queue of event deletions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = NUMBER
GUID = sa.Uuid().with_variant(sa.Text(), "sqlite")
JSON = sa.JSON().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("id", GUID, nullable=False),
        sa.Column("project_id", NUMBER, nullable=True),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activity"),
        sqlite_strict=True,
    )
    op.create_index("ix_activity_project_id_created_at_id", "activity", ["project_id", "created_at", "id"])
    op.create_index(
        "ix_activity_project_id_scope_item_id_created_at_id",
        "activity",
        ["project_id", "scope", "item_id", "created_at", "id"],
    )
    op.create_table(
        "event_deletions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("deletion_type", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("group_type_index", NUMBER, nullable=False),
        sa.Column("distinct_ids", JSON, nullable=False),
        sa.Column("person_ids", JSON, nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("delete_verified_at", MOMENT, nullable=True),
        sa.Column("events_deleted", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_event_deletions"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_event_deletions_created_by", ondelete="SET NULL"
        ),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_event_deletions_project_id_created_at_id", "event_deletions", ["project_id", "created_at", "id"]
    )
    op.create_index(
        "ix_event_deletions_pending",
        "event_deletions",
        ["project_id", "deletion_type", "key", "group_type_index"],
        unique=True,
        sqlite_where=sa.text("delete_verified_at IS NULL"),
        postgresql_where=sa.text("delete_verified_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("event_deletions")
    op.drop_table("activity")
