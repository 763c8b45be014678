"""What is noted of erasures, who was merged into whom, and projects that wait for theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = NUMBER
GUID = sa.Uuid().with_variant(sa.Text(), "sqlite")
NOTED = (
    ("content_hash", sa.Text()),
    ("erased_until", MOMENT),
    ("events_left", NUMBER),
    ("purged_at", MOMENT),
)


def upgrade() -> None:
    for name, kind in NOTED:
        op.add_column("event_deletions", sa.Column(name, kind, nullable=True))
    op.add_column("event_deletions", sa.Column("person_version", NUMBER, nullable=False, server_default="0"))
    op.add_column("person_history", sa.Column("person_id", NUMBER, nullable=True))
    op.add_column("person_history", sa.Column("merged_into", GUID, nullable=True))
    op.create_index(
        "ix_person_history_project_id_merged_into",
        "person_history",
        ["project_id", "merged_into"],
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.add_column("projects", sa.Column("deleted_at", MOMENT, nullable=True))


def downgrade() -> None:
    op.drop_column("projects", "deleted_at")
    op.drop_index("ix_person_history_project_id_merged_into", "person_history")
    op.drop_column("person_history", "merged_into")
    op.drop_column("person_history", "person_id")
    op.drop_column("event_deletions", "person_version")
    for name, _ in NOTED:
        op.drop_column("event_deletions", name)
