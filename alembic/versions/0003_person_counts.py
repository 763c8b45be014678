"""How many persons each project has, kept by triggers on persons."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# SQLite has triggers for each row only, PostgreSQL is faster with one for each statement.
SQLITE = (
    """
    CREATE TRIGGER persons_added AFTER INSERT ON persons BEGIN
      INSERT INTO person_counts (project_id, persons) VALUES (NEW.project_id, 1)
      ON CONFLICT (project_id) DO UPDATE SET persons = persons + 1;
    END
    """,
    """
    CREATE TRIGGER persons_removed AFTER DELETE ON persons BEGIN
      UPDATE person_counts SET persons = persons - 1 WHERE project_id = OLD.project_id;
    END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION count_persons() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO person_counts (project_id, persons)
      SELECT project_id, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
      FROM changed GROUP BY project_id ORDER BY project_id
      ON CONFLICT (project_id) DO UPDATE SET persons = person_counts.persons + excluded.persons;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER persons_added AFTER INSERT ON persons
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_persons()
    """,
    """
    CREATE TRIGGER persons_removed AFTER DELETE ON persons
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_persons()
    """,
)


def upgrade() -> None:
    op.create_table(
        "person_counts",
        sa.Column("project_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("persons", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_person_counts"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_person_counts_project_id", ondelete="CASCADE"
        ),
        sqlite_strict=True,
    )
    op.execute(
        "INSERT INTO person_counts (project_id, persons) SELECT project_id, count(*) FROM persons GROUP BY project_id"
    )
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER persons_removed")
        op.execute("DROP TRIGGER persons_added")
    else:
        op.execute("DROP TRIGGER persons_removed ON persons")
        op.execute("DROP TRIGGER persons_added ON persons")
        op.execute("DROP FUNCTION count_persons")
    op.drop_table("person_counts")
