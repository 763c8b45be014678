"""Actions, cohorts with their members, insights."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = NUMBER
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(sa.Text(), "sqlite")
STRICT = {"sqlite_strict": True}
KEPT_IDS = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "actions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("deleted", FLAG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("version", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_actions_project_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_actions_created_by"),
        **KEPT_IDS,
    )
    op.create_index("ix_actions_project_id_id", "actions", ["project_id", "id"])
    op.create_table(
        "cohorts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_static", FLAG, nullable=False),
        sa.Column("filters", JSON, nullable=False),
        sa.Column("deleted", FLAG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("version", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cohorts"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_cohorts_project_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_cohorts_created_by"),
        **KEPT_IDS,
    )
    op.create_index("ix_cohorts_project_id_id", "cohorts", ["project_id", "id"])
    op.create_table(
        "cohort_members",
        sa.Column("cohort_id", NUMBER, nullable=False),
        sa.Column("person_id", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("cohort_id", "person_id", name="pk_cohort_members"),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohorts.id"], name="fk_cohort_members_cohort_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_cohort_members_person_id", ondelete="CASCADE"),
        **STRICT,
    )
    op.create_index("ix_cohort_members_person_id", "cohort_members", ["person_id"])
    op.create_table(
        "insights",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("short_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("derived_name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("favorited", FLAG, nullable=False),
        sa.Column("saved", FLAG, nullable=False),
        sa.Column("deleted", FLAG, nullable=False),
        sa.Column("order", NUMBER, nullable=True),
        sa.Column("dashboards", JSON, nullable=False),
        sa.Column("query", JSON, nullable=True),
        sa.Column("filters", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("last_modified_at", MOMENT, nullable=False),
        sa.Column("last_modified_by", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_insights"),
        sa.UniqueConstraint("project_id", "short_id", name="uq_insights_project_id_short_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_insights_project_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_insights_created_by"),
        sa.ForeignKeyConstraint(["last_modified_by"], ["users.id"], name="fk_insights_last_modified_by"),
        **KEPT_IDS,
    )
    op.create_index("ix_insights_project_id_id", "insights", ["project_id", "id"])


def downgrade() -> None:
    for table in ("insights", "cohort_members", "cohorts", "actions"):
        op.drop_table(table)
