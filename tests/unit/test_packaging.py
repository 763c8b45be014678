"""What is listed by hand must match what is there, or it is silently missing from an installation."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = {
    "requirements.lock": ["build"],
    "requirements-dev.lock": ["build", "dev"],
    "requirements-bench.lock": ["bench"],
}


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_folder_of_modules_is_a_listed_package(pyproject: dict[str, Any]) -> None:
    folders = {module.parent.relative_to(ROOT / "src") for module in (ROOT / "src").rglob("*.py")}
    found = {".".join(("hedgerow", *folder.parts)) for folder in folders}
    migrations = {"hedgerow.migrations", "hedgerow.migrations.versions"}

    assert set(pyproject["tool"]["setuptools"]["packages"]) == found | migrations


def test_every_package_has_an_init_module() -> None:
    folders = {module.parent for module in (ROOT / "src").rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_migrations_folder_never_shadows_the_alembic_library() -> None:
    assert list((ROOT / "alembic").rglob("__init__.py")) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_direct_dependency_within_its_range(lock: str, pyproject: dict[str, Any]) -> None:
    groups = [pyproject["dependency-groups"][group] for group in LOCKS[lock]]
    wanted = [entry for group in groups for entry in group if isinstance(entry, str)]
    if lock != "requirements-bench.lock":
        wanted += pyproject["project"]["dependencies"]

    pins = _pins(lock)

    for requirement in map(Requirement, wanted):
        assert requirement.name in pins
        assert pins[requirement.name] in requirement.specifier


def test_the_product_is_tested_with_the_releases_it_runs_on() -> None:
    assert _pins("requirements.lock").items() <= _pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock: str) -> None:
    assert re.findall(r"\S*://\S*|--\S*index\S*|--find-links|\s/\S+", (ROOT / lock).read_text()) == []


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE))
