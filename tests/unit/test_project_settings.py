"""Settings of projects that no request can get wrong by its types alone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hedgerow.domain.accounts import Project
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.project_settings import SETTINGS, changed_project, settings_of

from .access_builders import NOON

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def project() -> Project:
    return Project(1, UUID(int=1), "Shop", "phc_secret", "UTC", 0, NOON, NOON)


def test_settings_go_through_json_and_back(project: Project) -> None:
    assert list(settings_of(project)) == SETTINGS
    assert changed_project(project, settings_of(project), LATER).updated_at == LATER
    changed = changed_project(project, {"person_display_name_properties": ["a", "b"]}, LATER)
    assert changed.person_display_name_properties == ("a", "b")
    assert settings_of(changed)["person_display_name_properties"] == ["a", "b"]
    assert changed_project(changed, {"person_display_name_properties": None}, LATER) == changed_project(
        project, {}, LATER
    )


def test_the_token_is_no_setting(project: Project) -> None:
    assert "phc_secret" not in str(settings_of(project))
    assert changed_project(project, {"api_token": "x", "id": 9}, LATER).api_token == "phc_secret"


def test_saved_filters_are_read_with_the_settings_that_come_with_them(project: Project) -> None:
    cleaned = {"key": "$pathname", "operator": "is_cleaned_path_exact", "value": "/:id", "type": "event"}
    rules = [{"regex": "/\\d+", "alias": "/:id"}]
    changed = changed_project(project, {"test_account_filters": [cleaned], "path_cleaning_filters": rules}, LATER)
    assert changed.test_account_filters == (cleaned,)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("name", "  "),
        ("week_start_day", 7),
        ("drop_events_older_than", -1),
        ("test_account_filters", "email"),
        ("path_cleaning_filters", "regex"),
    ],
)
def test_a_wrong_value_is_named(project: Project, setting: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        changed_project(project, {setting: value}, LATER)
    assert caught.value.attr == setting
