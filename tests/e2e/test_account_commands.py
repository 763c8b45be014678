"""`hedgerow users`, `roles`, `projects update` and `access explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.live import run, run_json, set_up
from tests.e2e.test_commands import refused


def test_users_are_listed_change_their_level_and_end(tmp_path: Path) -> None:
    ada = run_json(tmp_path, "users", "create", "ada@example.com")
    mel = run_json(tmp_path, "users", "create", "mel@example.com", "--first-name", "Mel")
    admin = run_json(tmp_path, "users", "update", "ada@example.com", "--level", "admin")
    assert admin == {**ada, "level": "admin"}
    assert run_json(tmp_path, "users", "update", "ada@example.com") == admin
    assert run_json(tmp_path, "users", "deactivate", "mel@example.com") == mel
    assert run_json(tmp_path, "users", "list") == [admin, mel]


def test_roles_have_members(tmp_path: Path) -> None:
    run_json(tmp_path, "users", "create", "mel@example.com")
    role = run_json(tmp_path, "roles", "create", "Analysts")
    assert list(role) == ["id", "name"]
    for _ in range(2):
        assert run_json(tmp_path, "roles", "add", "Analysts", "mel@example.com") == role
    assert run_json(tmp_path, "roles", "remove", "Analysts", "mel@example.com") == role
    assert refused(tmp_path, "roles", "remove", "Analysts", "mel@example.com") == (
        "Error: mel@example.com is not in the role 'Analysts'."
    )
    assert "already a role" in refused(tmp_path, "roles", "create", "Analysts")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("users", "update", "nobody@example.com", "--level", "admin"), "no user"),
        (("users", "deactivate", "nobody@example.com"), "no user"),
        (("roles", "create", " "), "blank"),
        (("roles", "add", "Nothing", "owner@example.com"), "no role"),
        (("projects", "update", "999", "--name", "x"), "no project 999"),
        (("projects", "update", "1", "--timezone", "Mars/Olympus"), "not a known time zone"),
        (("projects", "update", "1", "--name", " "), "blank"),
        (("projects", "update", "1", "--test-account-filters", "{"), "not JSON"),
        (("projects", "update", "1", "--test-account-filters", "{}"), "list of filters"),
        (("projects", "update", "1", "--drop-events-older-than", "soon"), "number of days"),
        (("access", "explain", "--user", "nobody@example.com", "--resource", "person"), "no user"),
        (("access", "explain", "--user", "owner@example.com", "--resource", "insight", "--id", "7"), "no insight 7"),
        (("access", "explain", "--user", "owner@example.com", "--resource", "project", "--id", "7"), "no project 7"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    set_up(tmp_path)
    assert words in refused(tmp_path, *arguments)


def test_wrong_usage_exits_with_two(tmp_path: Path) -> None:
    assert run(tmp_path, "users", "update", "ada@example.com", "--level", "king").exit_code == 2
    assert run(tmp_path, "access", "explain", "--user", "a@b.c", "--resource", "rockets").exit_code == 2
    assert run(tmp_path, "projects", "update", "one").exit_code == 2


def test_a_projects_settings_are_changed(tmp_path: Path) -> None:
    project, _ = set_up(tmp_path)
    changed = run_json(
        tmp_path,
        *("projects", "update", str(project["id"]), "--name", "Store", "--timezone", "Europe/Berlin"),
        *("--week-start", "monday", "--person-display-name-properties", "nick, email"),
        *("--test-account-filters", '[{"key":"email","value":"@me.io","operator":"icontains","type":"person"}]'),
        *("--drop-events-older-than", "90"),
    )
    assert changed == {**project, "name": "Store", "timezone": "Europe/Berlin", "week_start_day": 1}
    assert run_json(tmp_path, "projects", "update", str(project["id"]), "--drop-events-older-than", "never") == changed
    assert run_json(tmp_path, "projects", "list") == [changed]


def explain(data: Path, *arguments: str) -> Any:
    return run_json(data, "access", "explain", "--user", *arguments)


def test_a_level_is_explained_step_by_step(tmp_path: Path) -> None:
    project, _ = set_up(tmp_path)
    run_json(tmp_path, "users", "create", "ada@example.com", "--level", "owner")
    found = explain(tmp_path, "owner@example.com", "--resource", "person")
    assert found == {
        "user": "owner@example.com",
        "project": project["id"],
        "resource": "person",
        "id": None,
        "access_level": "editor",
        "source": "system_default",
        "source_subject": None,
        "rule": None,
        "ladder": [
            {"source": "org_membership", "source_subject": None, "access_level": None},
            {"source": "creator", "source_subject": None, "access_level": None},
            {"source": "org_admin", "source_subject": None, "access_level": None},
            {"source": "resource", "source_subject": "member", "access_level": None},
            {"source": "resource", "source_subject": "role", "access_level": None},
            {"source": "resource", "source_subject": "default", "access_level": None},
            {"source": "system_default", "source_subject": None, "access_level": "editor"},
        ],
    }
    found = explain(tmp_path, "ada@example.com", "--resource", "project", "--id", str(project["id"]))
    assert (found["access_level"], found["source"], found["id"]) == ("admin", "org_admin", str(project["id"]))
    run_json(tmp_path, "users", "deactivate", "ada@example.com")
    found = explain(tmp_path, "ada@example.com", "--resource", "project")
    assert (found["access_level"], found["source"]) == ("none", "org_membership")
    assert (
        "org_membership"
        in run(tmp_path, "access", "explain", "--user", "ada@example.com", "--resource", "project").stdout
    )


def test_among_several_projects_one_must_be_named(tmp_path: Path) -> None:
    set_up(tmp_path)
    other = run_json(tmp_path, "projects", "create", "Other")
    arguments = ("access", "explain", "--user", "owner@example.com", "--resource", "person")
    assert "There are 2 projects" in refused(tmp_path, *arguments)
    assert run_json(tmp_path, *arguments, "--project", str(other["id"]))["project"] == other["id"]
