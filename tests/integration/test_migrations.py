"""The migrations lead to the tables that the product uses, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hedgerow.adapters import migrations
from hedgerow.adapters.relational import engine as engines
from hedgerow.adapters.relational.tables import Row
from sqlalchemy import Engine, inspect

from .databases import blank_postgresql

HEAD = max(file.name[:4] for file in Path(__file__).parents[2].glob("alembic/versions/[0-9]*.py"))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database without any table."""
    if request.param == "postgresql":
        yield blank_postgresql()
        return
    engine = engines.create(f"sqlite:///{tmp_path / '100% new.db'}")
    yield engine
    engine.dispose()


def test_an_upgrade_makes_every_table_as_the_product_uses_it(engine: Engine) -> None:
    assert not migrations.is_current(engine)

    assert migrations.upgrade(engine) == HEAD

    assert migrations.is_current(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_a_second_upgrade_finds_nothing_to_do(engine: Engine) -> None:
    migrations.upgrade(engine)

    assert migrations.upgrade(engine) == HEAD


def test_processes_that_start_together_upgrade_once(engine: Engine) -> None:
    reached: list[str] = []
    threads = [Thread(target=lambda: reached.append(migrations.upgrade(engine))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reached == [HEAD] * 3


def test_names_of_constraints_and_indexes_follow_the_convention(engine: Engine) -> None:
    migrations.upgrade(engine)

    found = inspect(engine)
    for table in Row.metadata.tables.values():
        assert {index["name"] for index in found.get_indexes(table.name) if "duplicates_constraint" not in index} == {
            index.name for index in table.indexes
        }
        assert {key["name"] for key in found.get_foreign_keys(table.name)} == {
            key.name for key in table.foreign_key_constraints
        }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_indexes_hold_the_rows_that_the_product_means_them_to(engine: Engine, tmp_path: Path) -> None:
    migrations.upgrade(engine)
    meant = engines.create(f"sqlite:///{tmp_path}/meant.db")
    Row.metadata.create_all(meant)

    assert _indexes(engine) == _indexes(meant)
    meant.dispose()


def _indexes(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(
            connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql <> ''").scalars()
        )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_tables_are_strict(engine: Engine) -> None:
    migrations.upgrade(engine)

    found = inspect(engine)
    for name in Row.metadata.tables:
        assert found.get_table_options(name)["sqlite_strict"], name
