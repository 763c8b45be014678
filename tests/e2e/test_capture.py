"""POST /batch and its kin: what is answered, what is stored."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from uuid import uuid4

import pytest
from hedgerow.domain.persons import person_uuid

from tests.e2e.conftest import World


def an_event(name: str = "e1", distinct_id: Any = "u1", **rest: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": distinct_id, **rest}


@pytest.mark.parametrize("path", ["/batch", "/batch/", "/e", "/e/", "/capture/", "/i/v0/e", "/i/v0/e/", "/track"])
def test_it_stores_a_batch_and_the_person_at_once(world: World, path: str) -> None:
    response = world.send({"api_key": world.token, "batch": [an_event()]}, path)
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.json == {"status": "Ok"}
    person = world.person("u1")
    assert person["uuid"] == str(person_uuid(world.project.id, "u1"))
    assert person["distinct_ids"] == ["u1"]
    assert world.count() == 1


def test_token_and_distinct_id_may_be_in_the_properties_only(world: World) -> None:
    event = {"event": "e", "properties": {"token": world.token, "distinct_id": "u1"}}
    assert world.send(event, "/capture/").status_code == 200
    assert world.send([event], "/e/").status_code == 200
    assert world.person("u1")
    assert world.count() == 2


def test_gzip_is_recognised_by_its_first_bytes_whatever_the_headers_say(world: World) -> None:
    body = gzip.compress(json.dumps({"api_key": world.token, "batch": [an_event()]}).encode())
    for headers in ({"Content-Encoding": "gzip"}, {"Content-Type": "text/plain"}, {}):
        assert world.client.post("/e/", data=body, headers=headers).status_code == 200
    assert world.count() == 3


def test_a_uuid_is_stored_once_whether_sent_by_post_base64_or_get(world: World) -> None:
    event = an_event(token=world.token, uuid=str(uuid4()))
    encoded = base64.b64encode(json.dumps(event).encode())
    assert world.client.post("/e/", data=encoded).status_code == 200
    assert world.client.get("/e/", query_string={"data": encoded}).status_code == 200
    assert world.send(event, "/e/").status_code == 200
    assert world.count() == 1


def test_a_repeated_uuid_has_no_effect_on_the_person(world: World) -> None:
    uuid = str(uuid4())
    world.capture(an_event(uuid=uuid, properties={"$set": {"plan": "free"}}))
    world.capture(an_event(uuid=uuid, properties={"$set": {"plan": "pro"}}))
    assert world.person("u1")["properties"]["plan"] == "free"


def test_a_beacon_is_answered_without_a_body(world: World) -> None:
    response = world.send({"api_key": world.token, "batch": [an_event()]}, "/e/?beacon=1")
    assert (response.status_code, response.data) == (204, b"")


def test_one_batch_of_a_thousand_events_keeps_their_order(world: World) -> None:
    world.capture(*(an_event(properties={"$set": {"n": n}}) for n in range(1_000)))
    assert world.person("u1")["properties"]["n"] == 999
    assert world.count() == 1_000


@pytest.mark.parametrize(
    ("payload", "status", "text"),
    [
        ({}, 400, "failed to hydrate events from request: non-engage request missing event name attribute"),
        ([], 400, "request holds no event"),
        ("text", 400, "failed to parse request: data did not match any variant of untagged enum RawRequest"),
        ({"event": "e", "distinct_id": "u"}, 401, "event submitted without an api_key"),
        ({"event": "e", "distinct_id": "u", "token": "phc_x"}, 401, "API key is not valid: unknown project API key"),
        ({"event": "e", "distinct_id": "u", "token": "phx_x"}, 401, "API key is not valid: personal_api_key"),
    ],
)
def test_bad_requests_are_refused_in_plain_text_and_change_nothing(
    world: World, payload: object, status: int, text: str
) -> None:
    response = world.send(payload, headers={"Origin": "https://a.b"})
    assert (response.status_code, response.text) == (status, text)
    assert response.mimetype == "text/plain"
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.b"
    assert world.persons() == []
    assert world.count() == 0


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (an_event(name=""), "event submitted with an empty event name"),
        (an_event(distinct_id=None), "event submitted without a distinct_id"),
        (an_event(distinct_id="  "), "event submitted without a distinct_id"),
    ],
)
def test_one_bad_event_refuses_the_whole_batch(world: World, event: dict[str, Any], text: str) -> None:
    response = world.send({"api_key": world.token, "batch": [an_event(), event]})
    assert (response.status_code, response.text) == (400, text)
    assert world.count() == 0


def test_a_body_over_the_limit_is_refused_and_the_next_request_works(world: World) -> None:
    big = {"api_key": world.token, "batch": [an_event(properties={"x": "y" * (20 * 1024 * 1024)})]}
    assert world.send(big).status_code == 413
    bomb = gzip.compress(b'{"x":"' + b" " * (64 * 1024 * 1024) + b'"}')
    assert world.client.post("/batch/", data=bomb).status_code == 413
    world.capture(an_event())
    assert world.count() == 1


def test_ten_thousand_keys_and_odd_texts_are_stored_without_loss(world: World) -> None:
    wide = {f"key {n}": n for n in range(10_000)}
    world.capture(an_event(properties={"$set": {"wide": 1, "nul": "a\0b", "emoji": "🌱", "big": 2**53 + 1}, **wide}))
    properties = world.person("u1")["properties"]
    assert properties["nul"] == "a\ufffdb"
    assert properties["emoji"] == "🌱"
    assert properties["big"] == 2**53 + 1
    filters = [{"key": "key 9999", "value": 9999, "operator": "exact", "type": "event"}]
    assert world.count(properties=filters) == 1


def test_preflight_mirrors_what_the_browser_asks_for(world: World) -> None:
    response = world.client.options(
        "/e/",
        headers={
            "Origin": "https://a.b",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-foo",
        },
    )
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.b"
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Access-Control-Allow-Headers"] == "x-foo"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]


def test_identify_joins_the_anonymous_past_to_the_person(world: World) -> None:
    world.capture(an_event(distinct_id="anon", properties={"$process_person_profile": False}))
    assert world.persons() == []
    world.capture(an_event("$identify", "u1", properties={"$anon_distinct_id": "anon", "$set": {"email": "a@x.io"}}))
    person = world.person("anon")
    assert person["uuid"] == str(person_uuid(world.project.id, "anon"))
    assert sorted(person["distinct_ids"]) == ["anon", "u1"]
    assert person["is_identified"] is True
    assert world.count("dau") == 1


def test_merging_two_people_makes_them_one_for_the_past_too(world: World) -> None:
    world.capture(an_event(distinct_id="old", properties={"$set": {"a": 1, "b": 2}}))
    world.capture(an_event(distinct_id="new", properties={"$set": {"b": 3, "c": 4}}))
    assert world.count("dau") == 2
    world.capture(an_event("$identify", "new", properties={"$anon_distinct_id": "old"}))
    assert world.count("dau") == 1
    (person,) = world.persons()
    assert {key: person["properties"][key] for key in "abc"} == {"a": 1, "b": 3, "c": 4}
    assert world.call("GET", f"persons/{person_uuid(world.project.id, 'old')}").status_code == 404
