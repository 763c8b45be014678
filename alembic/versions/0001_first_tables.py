"""Accounts, persons with their ids and history, groups, property definitions, the projection log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = NUMBER
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
GUID = sa.Uuid().with_variant(sa.Text(), "sqlite")
JSON = sa.JSON().with_variant(sa.Text(), "sqlite")
STRICT = {"sqlite_strict": True}
KEPT_IDS = {"sqlite_strict": True, "sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("uuid", GUID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("is_active", FLAG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("member_id", GUID, nullable=False),
        sa.Column("level", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("uuid", name="uq_users_uuid"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("member_id", name="uq_users_member_id"),
        **KEPT_IDS,
    )
    op.create_table(
        "projects",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("uuid", GUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("api_token", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("week_start_day", NUMBER, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("person_display_name_properties", JSON, nullable=True),
        sa.Column("test_account_filters", JSON, nullable=False),
        sa.Column("path_cleaning_filters", JSON, nullable=False),
        sa.Column("anonymize_ips", FLAG, nullable=False),
        sa.Column("person_processing_opt_out", FLAG, nullable=False),
        sa.Column("person_properties_update_all", FLAG, nullable=False),
        sa.Column("drop_events_older_than", NUMBER, nullable=True),
        sa.Column("aggregate_by_distinct_id", FLAG, nullable=False),
        sa.Column("human_friendly_comparison_periods", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("uuid", name="uq_projects_uuid"),
        sa.UniqueConstraint("api_token", name="uq_projects_api_token"),
        **KEPT_IDS,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("mask_value", sa.Text(), nullable=False),
        sa.Column("secure_value", sa.Text(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("scoped_projects", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("secure_value", name="uq_api_keys_secure_value"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id"),
        **STRICT,
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])
    op.create_table(
        "persons",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("uuid", GUID, nullable=False),
        sa.Column("properties", JSON, nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("is_identified", FLAG, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("project_id", "uuid", name="uq_persons_project_id_uuid"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_persons_project_id"),
        **KEPT_IDS,
    )
    op.create_index(
        "ix_persons_project_id_email_created_at_id",
        "persons",
        ["project_id", "email", "created_at", "id"],
        sqlite_where=sa.text("email IS NOT NULL"),
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.create_index("ix_persons_project_id_created_at_id", "persons", ["project_id", "created_at", "id"])
    op.create_table(
        "distinct_ids",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("distinct_id", sa.Text(), nullable=False),
        sa.Column("person_id", NUMBER, nullable=True),
        sa.Column("personless", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_distinct_ids"),
        sa.UniqueConstraint("project_id", "distinct_id", name="uq_distinct_ids_project_id_distinct_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_distinct_ids_project_id"),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["persons.id"],
            name="fk_distinct_ids_person_id",
            deferrable=True,
            initially="DEFERRED",
        ),
        **KEPT_IDS,
    )
    op.create_index(
        "ix_distinct_ids_person_id_id",
        "distinct_ids",
        ["person_id", "id"],
        sqlite_where=sa.text("person_id IS NOT NULL"),
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_table(
        "person_history",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("person_uuid", GUID, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("snapshot", FLAG, nullable=False),
        sa.Column("set_properties", JSON, nullable=False),
        sa.Column("unset_properties", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_history"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_person_history_project_id"),
        **KEPT_IDS,
    )
    op.create_index(
        "ix_person_history_project_id_person_uuid_version",
        "person_history",
        ["project_id", "person_uuid", "version"],
    )
    op.create_table(
        "group_types",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("index", NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "index", name="pk_group_types"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_group_types_project_id"),
        **STRICT,
    )
    op.create_table(
        "groups",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("index", NUMBER, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("properties", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "index", "key", name="pk_groups"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_groups_project_id"),
        **STRICT,
    )
    op.create_table(
        "property_definitions",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("slot", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("project_id", "kind", "key", name="pk_property_definitions"),
        sa.UniqueConstraint("project_id", "kind", "slot", name="uq_property_definitions_project_id_kind_slot"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_property_definitions_project_id"),
        **STRICT,
    )
    op.create_table(
        "projection_log",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projection_log"),
        **KEPT_IDS,
    )


def downgrade() -> None:
    for table in (
        "projection_log",
        "property_definitions",
        "groups",
        "group_types",
        "person_history",
        "distinct_ids",
        "persons",
        "api_keys",
        "projects",
        "users",
    ):
        op.drop_table(table)
