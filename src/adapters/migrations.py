"""The schema of the relational store: bringing it up to date, and asking whether it is."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

_LOCK = 4_733_905_174  # any number, as long as it is always the same


def upgrade(engine: Engine) -> str:
    """Apply the migrations that are missing, all or none, and return the revision reached.

    Processes that start together take turns, and the later ones find nothing to do.
    """
    config = _config()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(ScriptDirectory.from_config(config).get_current_head())


def is_current(engine: Engine) -> bool:
    """Whether all migrations have been applied."""
    with engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_heads()
    return set(applied) == set(ScriptDirectory.from_config(_config()).get_heads())


def current(engine: Engine) -> str:
    """The revision that the database has; empty when it has no tables yet."""
    with engine.connect() as connection:
        return ",".join(sorted(MigrationContext.configure(connection).get_current_heads()))


def is_known(revision: str) -> bool:
    """Whether a database of that revision can be brought up to date: not one that a newer version made."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    # The configuration expands % in values.
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    return config


def _scripts() -> Path:
    """The wheel carries the scripts inside the package; in a checkout they are in the folder `alembic`."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "alembic"
