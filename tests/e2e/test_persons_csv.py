"""GET persons as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.e2e.conftest import World, assert_error

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
FIXED = ("created_at", "id", "is_identified", "last_seen_at", "name", "uuid")
AT = "2021-08-25T22:09:14.252Z"


def a_person(world: World, distinct_id: str, **properties: Any) -> None:
    world.capture({"event": "e", "distinct_id": distinct_id, "properties": {"$set": properties}})


def text(world: World, path: str = "persons.csv", **query: Any) -> str:
    response = world.call("GET", path, query_string=query or None)
    assert response.status_code == 200, response.text
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="persons.csv"'
    return response.text


def rows(world: World, path: str = "persons.csv", **query: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(world, path, **query), newline="")))


def test_it_works(world: World) -> None:
    properties = {"name": 1, "$os": "Mac OS X", "$browser": "whatever", "nested": {"a": 1, "b": [True, None]}}
    world.capture({"event": "e", "distinct_id": "1", "timestamp": AT, "uuid": UUID, "properties": {"$set": properties}})
    world.capture({"event": "$identify", "distinct_id": "2", "properties": {"$anon_distinct_id": "1"}})
    row = world.person("1")
    last_seen = row["last_seen_at"].replace("T", " ").replace("Z", "+00:00")
    assert text(world) == (
        "created_at,distinct_ids.0,distinct_ids.1,id,is_identified,last_seen_at,name,properties.$browser,"
        "properties.$creator_event_uuid,properties.$os,properties.name,properties.nested.a,properties.nested.b.0,"
        "properties.nested.b.1,uuid\r\n"
        f"2021-08-25 22:09:14.252000+00:00,1,2,{row['id']},True,{last_seen},1,whatever,"
        f"{UUID},Mac OS X,1,1,True,,{row['uuid']}\r\n"
    )


@pytest.mark.parametrize("path", ["persons?format=csv", "persons.csv", "persons.csv/", "persons/?format=csv"])
def test_the_ways_to_ask_are_alike(world: World, path: str) -> None:
    a_person(world, "u1")
    assert text(world, path) == text(world)


def test_json_may_be_said_too(world: World) -> None:
    assert world.get("persons.json") == world.get("persons") == world.get("persons", format="json")
    assert_error(world.call("GET", "persons?format=xml"), 400, "invalid_choice", attr="format")
    assert_error(world.call("GET", "persons.xml"), 404, "not_found")


def test_without_a_person_there_is_a_header(world: World) -> None:
    assert text(world) == "created_at,id,is_identified,last_seen_at,name,uuid\r\n"
    a_person(world, "u1")
    assert text(world, email="nobody") == "created_at,id,is_identified,last_seen_at,name,uuid\r\n"


def test_the_header_is_the_union_of_all_rows_by_code_point(world: World) -> None:
    a_person(world, "u1", B=1, empty={}, none=[])
    a_person(world, "u2", a=1, é="x", plan={"x.y": {"z": "deep"}})
    (header, *_) = text(world).split("\r\n")
    assert header.split(",") == [
        "created_at",
        "distinct_ids.0",
        "id",
        "is_identified",
        "last_seen_at",
        "name",
        "properties.$creator_event_uuid",
        "properties.B",
        "properties.a",
        "properties.plan.x.y.z",
        "properties.é",
        "uuid",
    ]


def test_only_what_the_rows_have_makes_columns(world: World) -> None:
    a_person(world, "u1", plan="free", nested={"a": {"b": 1}})
    a_person(world, "u2", plan="team", mixed=[7], nothing=None)
    a_person(world, "u3", plan="team", mixed={})

    def columns(**query: Any) -> list[str]:
        (header, *_) = text(world, **query).split("\r\n")
        return [one for one in header.split(",") if one not in ("properties.$creator_event_uuid", *FIXED)]

    of_team = ["distinct_ids.0", "properties.mixed.0", "properties.nothing", "properties.plan"]
    assert columns(properties='[{"key":"plan","value":"team"}]') == of_team
    assert columns(distinct_id="u1") == ["distinct_ids.0", "properties.nested.a.b", "properties.plan"]
    assert columns(limit=1) == ["distinct_ids.0", "properties.plan"]
    assert columns(limit=2) == of_team
    a_person(world, "u4", mixed=None)
    assert columns(limit=3) == ["distinct_ids.0", "properties.mixed", *of_team[1:]]


def test_a_name_that_is_an_object_is_flattened(world: World) -> None:
    a_person(world, "u1", name={"first": "Ada", "more": ["x"]})
    a_person(world, "u2", name={"last": "Lovelace"}, email="ada@example.com")
    found = {row["distinct_ids.0"]: row for row in rows(world)}
    assert [name for name in found["u1"] if name.startswith("name")] == ["name", "name.first", "name.more.0"]
    assert [found["u1"][name] for name in ("name", "name.first", "name.more.0")] == ["", "Ada", "x"]
    assert [found["u2"][name] for name in ("name", "name.first")] == ["ada@example.com", ""]


def test_all_matching_rows_come_unless_there_is_a_limit(world: World) -> None:
    world.capture(
        *({"event": "e", "distinct_id": f"u{n}", "properties": {"$set": {"even": n % 2 == 0}}} for n in range(1205))
    )
    everybody = rows(world)
    assert len({row["id"] for row in everybody}) == len(everybody) == 1205
    assert [row["id"] for row in everybody] == sorted((row["id"] for row in everybody), key=int, reverse=True)
    assert rows(world, limit=1100) == everybody[:1100]
    assert rows(world, limit=5000, offset=7, cursor="any") == everybody
    even = '[{"key":"even","value":"true"}]'
    assert len(rows(world, properties=even)) == 603
    assert rows(world, properties=even, limit=2) == [row for row in everybody if row["properties.even"] == "True"][:2]
    assert_error(world.call("GET", "persons.csv?limit=0"), 400, "invalid_input", attr="limit")


def test_formulas_are_defused_unless_told_otherwise(world: World) -> None:
    a_person(world, "u1", a="=1+1", b="-5", c="-5+cmd", d="@x", e="\tx", f=-7, g='say "hi", you')
    (row,) = rows(world)
    assert [row[f"properties.{key}"] for key in "abcdefg"] == [
        "'=1+1",
        "-5",
        "'-5+cmd",
        "'@x",
        "'\tx",
        "-7",
        'say "hi", you',
    ]
    assert rows(world, csv_escape="none")[0]["properties.a"] == "=1+1"


def test_one_person_is_a_header_and_a_row(world: World) -> None:
    a_person(world, "u1", email="a@b.c")
    (listed,) = rows(world)
    assert rows(world, f"persons/{listed['uuid']}", format="csv") == [listed]
    assert_error(world.call("GET", "persons/999?format=csv"), 404, "not_found")


def test_a_bad_filter_is_refused_before_anything_is_sent(world: World) -> None:
    response = world.call(
        "GET", "persons.csv", query_string={"properties": '[{"key":"a","value":"(","operator":"regex"}]'}
    )
    assert_error(response, 400, "invalid_input", attr="properties__0")
