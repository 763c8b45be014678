"""The cases of the compatibility table about finding persons, by their numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hedgerow.adapters.relational.tables import ProjectRow
from hedgerow.domain.persons import person_uuid
from hedgerow.entrypoints.bootstrap import now
from sqlalchemy import update

from tests.e2e.conftest import World, assert_error


def a_person(world: World, *ids: str, token: str | None = None, **properties: Any) -> None:
    """A person with these distinct ids."""
    first, *others = ids
    world.capture({"event": "e", "distinct_id": first, "properties": {"$set": properties}}, token=token)
    for other in others:
        alias = {"event": "$create_alias", "distinct_id": first, "properties": {"alias": other}}
        world.capture(alias, token=token)


def three(world: World) -> None:
    a_person(world, "distinct_id", email="someone@gmail.com")
    a_person(world, "distinct_id_2", email="another@gmail.com", name="james")
    a_person(world, "distinct_id_3", name="jane")


def ids(answer: Any) -> list[str]:
    return [row["distinct_ids"][0] for row in answer["results"]]


def where(**item: Any) -> list[dict[str, Any]]:
    return [{"type": "person", **item}]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"search": "another@gm"}, ["distinct_id_2"], id="1"),
        pytest.param(
            {"properties": where(key="email", operator="is_set", value="is_set")},
            ["distinct_id_2", "distinct_id"],
            id="5",
        ),
        pytest.param(
            {"properties": where(key="email", operator="icontains", value="another@gm")}, ["distinct_id_2"], id="6"
        ),
        pytest.param(
            {"properties": where(key="email", operator="is_not", value="another@gmail.com")},
            ["distinct_id_3", "distinct_id"],
            id="10",
        ),
        pytest.param({"email": "another@gmail.com"}, ["distinct_id_2"], id="15"),
        pytest.param({"email": "inexistent"}, [], id="16"),
    ],
)
def test_three_persons_case(world: World, query: dict[str, Any], expected: list[str]) -> None:
    three(world)
    answer = world.get("persons", **query)
    assert ids(answer) == expected
    assert answer["count"] == len(expected)


@pytest.mark.parametrize("operator", ["regex", "not_regex"])
def test_an_invalid_pattern_names_its_filter_case_11(world: World, operator: str) -> None:
    query = {"properties": json.dumps(where(key="email", operator=operator, value="("))}
    assert_error(world.call("GET", "persons", query_string=query), 400, "invalid_input", attr="properties__0")


@pytest.mark.parametrize(("distinct_id", "found"), [pytest.param("u20", 1, id="20"), pytest.param("x", 0, id="21")])
def test_another_projects_ids_case(world: World, distinct_id: str, found: int) -> None:
    other = world.services.accounts.create_project("Other")
    a_person(world, "u20", "x", token=other.api_token)
    a_person(world, "u20")
    results = world.get("persons", distinct_id=distinct_id)["results"]
    assert [row["uuid"] for row in results] == [str(person_uuid(world.project.id, "u20"))] * found


def test_a_page_that_is_exactly_full_case_25(world: World) -> None:
    world.capture(*({"event": "e", "distinct_id": f"u{n}"} for n in range(10)))
    for query in ({}, {"search": "u"}):
        page = world.get("persons", limit=10, **query)
        assert (len(page["results"]), page["next"], page["count"]) == (10, None, 10)


@pytest.mark.parametrize("query", ["", "&search=u"])
def test_persons_of_one_moment_case_26(world: World, query: str) -> None:
    at = "2026-01-01T00:00:00Z"
    world.capture(*({"event": "e", "distinct_id": f"u{n}", "timestamp": at} for n in range(7)))
    url: str | None = f"/api/projects/{world.project.id}/persons?limit=2{query}"
    pages = []
    while url:
        page = world.get(url.removeprefix("http://localhost"))
        assert page["count"] == 7
        pages.append(ids(page))
        url = page["next"]
    assert [one for page in pages for one in page] == [f"u{n}" for n in reversed(range(7))]
    back = page["previous"]
    for expected in pages[-2::-1]:
        page = world.get(back.removeprefix("http://localhost"))
        assert ids(page) == expected
        back = page["previous"]
    assert back is None


def test_display_properties_of_the_project_case_30(world: World) -> None:
    with world.services.relational.begin() as work:
        project = work.accounts.add_project(name="Named", timezone="UTC", week_start_day=0, at=now())
        work.commit()
    _display(world, project.id, ["custom_name", "custom_email"])
    token = project.api_token
    a_person(world, "d1", token=token, custom_name="someone", custom_email="someone@custom.com", email="s@gmail.com")
    a_person(world, "d2", token=token, custom_email="another_one@custom.com", email="another_one@gmail.com")
    a_person(world, "distinct_id3", token=token, email="another_one@gmail.com")
    rows = world.get(f"/api/projects/{project.id}/persons")["results"]
    assert [row["name"] for row in rows[::-1]] == ["someone", "another_one@custom.com", "distinct_id3"]


def _display(world: World, project_id: int, keys: list[str]) -> None:
    with world.services.relational.engine.begin() as connection:
        connection.execute(
            update(ProjectRow).where(ProjectRow.id == project_id).values(person_display_name_properties=keys)
        )


def test_display_properties_by_default_case_31(world: World) -> None:
    a_person(world, "d1", name="someone", email="someone@gmail.com")
    a_person(world, "d2", name="another_one")
    a_person(world, "distinct_id3")
    names = [row["name"] for row in world.persons()[::-1]]
    assert names == ["someone@gmail.com", "another_one", "distinct_id3"]


def test_a_person_by_integer_and_by_uuid_cases_35_and_36(world: World) -> None:
    a_person(world, "123456789")
    listed = world.person("123456789")
    assert isinstance(listed["id"], int)
    for reference in (listed["id"], listed["uuid"]):
        person = world.get(f"persons/{reference}")
        assert (person["id"], person["uuid"]) == (listed["id"], listed["uuid"])
        assert person["distinct_ids"] == ["123456789"]


@pytest.mark.parametrize("key", ["it's", 'say "x"', "a.b", "back\\slash", "$set", "🌿", "a]b[0]", "~/x", "%", "{}", ""])
def test_any_key_may_be_asked_for(world: World, key: str) -> None:
    a_person(world, "u1", **{key: "value'; --"})
    a_person(world, "u2", other=1)
    assert ids(world.get("persons", properties=where(key=key, value="value'; --"))) == ["u1"]
    assert ids(world.get("persons", properties=where(key=key, operator="is_not_set"))) == ["u2"]
    assert world.get("persons/values", key=key)["results"] == ([{"name": "value'; --", "count": 1}] if key else [])
