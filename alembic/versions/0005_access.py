"""The organisation, roles and their members, access rules."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = NUMBER
GUID = sa.Uuid().with_variant(sa.Text(), "sqlite")
STRICT = {"sqlite_strict": True}
KEPT_IDS = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    organizations = op.create_table(
        "organizations",
        sa.Column("id", GUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        **STRICT,
    )
    sqlite = op.get_context().dialect.name == "sqlite"
    made = uuid4()
    op.bulk_insert(organizations, [{"id": made.hex if sqlite else made, "name": "Hedgerow", "slug": "hedgerow"}])
    op.create_table(
        "roles",
        sa.Column("id", GUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("name", name="uq_roles_name"),
        **STRICT,
    )
    op.create_table(
        "role_members",
        sa.Column("role_id", GUID, nullable=False),
        sa.Column("user_id", NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("role_id", "user_id", name="pk_role_members"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_role_members_role_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_role_members_user_id", ondelete="CASCADE"),
        **STRICT,
    )
    op.create_index("ix_role_members_user_id", "role_members", ["user_id"])
    op.create_table(
        "access_controls",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("organization_member", GUID, nullable=True),
        sa.Column("role", GUID, nullable=True),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_controls"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_access_controls_project_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_member"],
            ["users.member_id"],
            name="fk_access_controls_organization_member",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["role"], ["roles.id"], name="fk_access_controls_role", ondelete="CASCADE"),
        **KEPT_IDS,
    )
    for kind, subject, where in (
        ("default", [], "organization_member IS NULL AND role IS NULL"),
        ("member", ["organization_member"], "organization_member IS NOT NULL"),
        ("role", ["role"], "role IS NOT NULL"),
    ):
        op.create_index(
            f"ix_access_controls_{kind}",
            "access_controls",
            ["project_id", "resource", "resource_id", *subject],
            unique=True,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    for table in ("access_controls", "role_members", "roles", "organizations"):
        op.drop_table(table)
