"""The capture protocol case by case: what an SDK may send, what it is answered, and what is kept of it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hedgerow.domain.persons import person_uuid
from sqlalchemy import text

from tests.e2e.conftest import World

LZ64 = (
    "N4IgLg9g1gpgdiAXCADgCwMYH0wwM5ggA0IMAbvIcjAIzEgAmAlgU3BmFkw0iAK50SfPt14AGGgE4xAQzEAjMQFoxq5QHY1SgBxa1+tTJkgAvkA="
)
"""An event e1 of u1 for the project `phc_test`, in lz-string's base64."""


def an_event(name: str = "e1", distinct_id: Any = "u1", **rest: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": distinct_id, **rest}


def a_set(distinct_id: str = "u1", **values: Any) -> dict[str, Any]:
    return an_event("$set", distinct_id, properties={"$set": values})


def identify(distinct_id: str, anon: Any, **properties: Any) -> dict[str, Any]:
    return an_event("$identify", distinct_id, properties={"$anon_distinct_id": anon, **properties})


def stored(world: World) -> list[dict[str, Any]]:
    """The project's events as they are kept, in the order of their times."""
    query = text("SELECT * FROM events WHERE project_id = :project ORDER BY timestamp, event").bindparams(
        project=world.project.id
    )
    with world.services.events._transaction() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]
    return [{**row, "properties": json.loads(row["properties"])} for row in rows]


def uuid_of(world: World, distinct_id: str) -> str:
    return str(person_uuid(world.project.id, distinct_id))


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def seconds_from_now(moment: datetime) -> float:
    return (moment.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()


def own(person: dict[str, Any]) -> dict[str, Any]:
    """A person's properties without what capture adds by itself."""
    return {key: value for key, value in person["properties"].items() if key != "$creator_event_uuid"}


# --- envelopes and encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/batch", "/i/v0/e", "/e", "/capture", "/track", "/engage", "/i/v0/ai/batch"])
def test_every_path_takes_every_shape_with_and_without_a_slash__cases_1_to_6(world: World, path: str) -> None:
    token = world.token
    shapes: list[Any] = [
        {"api_key": token, "batch": [an_event()], "historical_migration": False, "sent_at": at()},
        {"token": token, "batch": [an_event()]},
        {"api_key": token, **an_event()},
        {"token": token, "event": "e", "properties": {"distinct_id": "u1"}},
        {"event": "e", "properties": {"token": token, "distinct_id": "u1"}},
        [an_event(token=token), an_event(properties={"token": token})],
    ]
    for slash in ("", "/"):
        for shape in shapes:
            response = world.send(shape, path + slash)
            assert (response.status_code, response.json) == (200, {"status": "Ok"}), (shape, response.text)
            assert response.content_type == "application/json"
    assert world.count() == 14
    assert world.person("u1")["uuid"] == uuid_of(world, "u1")


def test_engage_makes_an_object_without_event_an_identify(world: World) -> None:
    engage = {"token": world.token, "distinct_id": "u1", "$set": {"plan": "pro"}}
    assert world.send(engage, "/engage/").status_code == 200
    assert own(world.person("u1")) == {"plan": "pro"}
    assert [row["event"] for row in stored(world)] == ["$identify"]
    assert world.send(engage, "/e/").status_code == 400


def test_a_null_root_id_gives_way_to_the_properties__case_10(world: World) -> None:
    world.capture(an_event(distinct_id=None, properties={"distinct_id": "b"}))
    assert world.person("b")


ENCODINGS: dict[str, Callable[[World, bytes], Any]] = {
    "11 gzip by header": lambda w, raw: w.client.post(
        "/batch/", data=gzip.compress(raw), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
    ),
    "gzip in text/plain": lambda w, raw: w.client.post("/e/", data=gzip.compress(raw), content_type="text/plain"),
    "gzip by query": lambda w, raw: w.client.post("/e/?compression=gzip-js", data=gzip.compress(raw)),
    "15 base64 body": lambda w, raw: w.client.post("/e/", data=base64.b64encode(raw)),
    "15 base64 in the URL": lambda w, raw: w.client.get("/e/?data=" + quote(base64.b64encode(raw))),
    "base64 form": lambda w, raw: w.client.post("/e/", data={"data": base64.b64encode(raw)}),
    "base64 beacon form": lambda w, raw: w.client.post("/e/?compression=base64", data={"data": base64.b64encode(raw)}),
    "gzip in base64 form": lambda w, raw: w.client.post("/e/", data={"data": base64.b64encode(gzip.compress(raw))}),
    "plain form": lambda w, raw: w.client.post("/e/", data={"data": raw, "_": "1"}),
    "plain in the URL": lambda w, raw: w.client.get("/e/", query_string={"data": raw, "ip": "1"}),
    "octet-stream": lambda w, raw: w.client.post("/e/", data=raw, content_type="application/octet-stream"),
    "21 unknown names": lambda w, raw: w.client.post("/e/?ip=1&ver=1.2&retry_count=3&compression=zip", data=raw),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_read(world: World, encoding: str) -> None:
    event = an_event(token=world.token, type="capture", library="x", properties={"text": "ä+ /=&%€"})
    response = ENCODINGS[encoding](world, json.dumps(event).encode())
    assert (response.status_code, response.json) == (200, {"status": "Ok"}), response.text
    (row,) = stored(world)
    assert row["properties"]["text"] == "ä+ /=&%€"
    assert not {"type", "library", "ip"} & row["properties"].keys()


def test_lz64_is_read_from_a_form_and_from_the_url__case_16(world: World) -> None:
    with world.services.relational.engine.begin() as connection:
        statement = text("UPDATE projects SET api_token = 'phc_test' WHERE id = :id")
        connection.execute(statement, {"id": world.project.id})
    fields = {"compression": "lz64", "data": LZ64}
    assert world.client.post("/e/", data=fields).json == {"status": "Ok"}
    assert world.client.get("/e/", query_string=fields).json == {"status": "Ok"}
    (row,) = stored(world)
    assert (row["event"], row["distinct_id"]) == ("e1", "u1")


def test_a_beacon_is_answered_204_and_stored(world: World) -> None:
    event = json.dumps(an_event(token=world.token)).encode()
    response = world.client.post("/e/?beacon=1&compression=base64", data={"data": base64.b64encode(event)})
    assert (response.status_code, response.data) == (204, b"")
    assert world.count() == 1


def test_recordings_are_taken_and_not_kept(world: World) -> None:
    response = world.send({"api_key": world.token, "batch": [an_event("$snapshot")]}, "/s/")
    assert (response.status_code, response.json) == (200, {"status": "Ok"})
    world.capture(an_event("$snapshot_items"), an_event("$performance_event"))
    assert world.count() == 0
    assert world.persons() == []


@pytest.mark.parametrize(
    ("path", "body", "encoding", "status", "text_"),
    [
        ("/batch/", b"", "", 400, "request missing data payload"),
        ("/batch/", b"{}", "gzip", 400, "failed to decode request: invalid GZIP data"),
        ("/batch/", b"\x1f\x8b\x08broken", "", 400, "failed to decode request: invalid GZIP data"),
        ("/batch/", b'{"a": "\xff"}', "", 400, "failed to decode request: invalid UTF8 in request payload"),
        ("/batch/", b"garbage", "", 400, "failed to parse request: expected value at line 1 column 1"),
        ("/batch/", b"[]", "", 400, "request holds no event"),
    ],
)
def test_what_cannot_be_read_is_refused__cases_30_and_41(
    world: World, path: str, body: bytes, encoding: str, status: int, text_: str
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    response = world.client.post(path, data=body, headers=headers)
    assert (response.status_code, response.text) == (status, text_)
    assert response.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("event", "status", "text_"),
    [
        ({"distinct_id": "u"}, 400, "failed to hydrate events from request: non-engage request missing event name"),
        (an_event(timestamp=1_700_000_000), 400, "failed to hydrate"),
        (an_event(uuid="not one"), 400, "failed to hydrate"),
        (an_event(properties=None), 400, "failed to hydrate"),
        ({**an_event(), "$set": 1}, 400, "failed to hydrate"),
        ({**an_event(), "$distinct_id": "other"}, 400, "failed to hydrate"),
        (an_event(""), 400, "event submitted with an empty event name"),
        (an_event(distinct_id=""), 400, "event submitted without a distinct_id"),
        (an_event(distinct_id=None), 400, "event submitted without a distinct_id"),
        (an_event(distinct_id="   "), 400, "event submitted without a distinct_id"),
        (
            an_event(properties={"$cookieless_mode": "yes"}),
            400,
            "event submitted with invalid cookieless mode",
        ),
    ],
    ids=["30 no name", "time", "uuid", "properties", "$set", "two ids", "35", "36", "36 null", "36 blank", "40"],
)
def test_one_bad_event_refuses_all_and_nothing_is_stored(
    world: World, event: dict[str, Any], status: int, text_: str
) -> None:
    response = world.send({"api_key": world.token, "batch": [an_event(), event]})
    assert response.status_code == status
    assert response.text.startswith(text_)
    assert world.count() == 0
    assert world.persons() == []


@pytest.mark.parametrize(
    ("payload", "text_"),
    [
        (an_event(), "event submitted without an api_key"),
        ([an_event(token="phc_a"), an_event(token="phc_b")], "batch submitted with inconsistent api_key values"),
        (an_event(token=" "), "API key is not valid: empty"),
        (an_event(token="x" * 65), "API key is not valid: too_long"),
        (an_event(token="phc_ü"), "API key is not valid: not_ascii"),
        (an_event(token="a\0b"), "API key is not valid: null_byte"),
        (an_event(token="phc_nobody"), "API key is not valid: unknown project API key"),
    ],
    ids=["31", "two", "empty", "long", "ascii", "nul", "unknown"],
)
def test_tokens_that_are_none_are_401(world: World, payload: Any, text_: str) -> None:
    response = world.send(payload)
    assert (response.status_code, response.text) == (401, text_)


# --- what is stored -----------------------------------------------------------------------------------------


def test_odd_values_are_stored_without_loss__case_26(world: World) -> None:
    raw = rb'{"a":"x\u0000y","b":"\ud800z","c":"\ud83c\udf31","d":9007199254740993,"e":[null,{"f":1.5}]}'
    event = b'{"api_key":"%s","event":"e","distinct_id":"u1","properties":%s}' % (world.token.encode(), raw)
    assert world.client.post("/capture/", data=event).status_code == 200
    (row,) = stored(world)
    expected = {"a": "x\ufffdy", "b": "\ufffdz", "c": "🌱", "d": 2**53 + 1, "e": [None, {"f": 1.5}]}
    assert {key: row["properties"][key] for key in "abcde"} == expected


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (42, "42"),
        (23.4, "23.4"),
        (True, "true"),
        (["a", "b"], '["a","b"]'),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        (" x ", " x "),
        ("a\0b", "a\ufffdb"),
        ("x" * 250, "x" * 200),
        ("€" * 150, "€" * 150),
    ],
    ids=["45 int", "45 float", "45 bool", "45 list", "object", "blanks", "NUL", "46 long", "46 wide"],
)
def test_distinct_ids_become_text(world: World, given: Any, kept: str) -> None:
    world.capture(an_event(distinct_id=given))
    assert world.person(kept)["distinct_ids"] == [kept]


def test_long_event_names_are_cut(world: World) -> None:
    world.capture(an_event("n" * 250))
    assert stored(world)[0]["event"] == "n" * 200


@pytest.mark.parametrize("size", [100, 1_000])
def test_in_a_batch_the_last_set_wins__case_50(world: World, size: int) -> None:
    world.capture(*(a_set(n=n) for n in range(size)))
    assert own(world.person("u1")) == {"n": size - 1}
    assert world.count() == size


@pytest.mark.parametrize(
    ("event", "sent_at", "expected"),
    [
        (lambda: {"timestamp": at(hours=1, seconds=-10)}, lambda: at(hours=1), -10),
        (lambda: {"timestamp": at(hours=22)}, None, 22 * 3600),
        (lambda: {"timestamp": at(hours=24)}, None, 0),
        (lambda: {"timestamp": "garbage"}, None, 0),
        (dict, None, 0),
        (lambda: {"timestamp": at(hours=-3), "offset": 5_000}, None, -5),
        (lambda: {"timestamp": at(hours=-1), "properties": {"$ignore_sent_at": True}}, lambda: at(hours=5), -3600),
    ],
    ids=["51", "55 ahead", "55 far ahead", "56 garbage", "none", "56 offset", "ignored"],
)
def test_times_are_corrected(
    world: World, event: Callable[[], dict[str, Any]], sent_at: Callable[[], str] | None, expected: float
) -> None:
    envelope = {"api_key": world.token, "batch": [an_event(**event())]}
    assert world.send(envelope | ({"sent_at": sent_at()} if sent_at else {})).status_code == 200
    assert seconds_from_now(stored(world)[0]["timestamp"]) == pytest.approx(expected, abs=5)


def test_offsets_of_hours_are_read__case_56(world: World) -> None:
    world.capture(an_event(timestamp="2025-09-17T14:05:04.805+03"))
    assert stored(world)[0]["timestamp"] == datetime(2025, 9, 17, 11, 5, 4, 805_000)  # noqa: DTZ001 - as stored


# --- persons ------------------------------------------------------------------------------------------------


def test_the_top_level_set_beats_that_of_the_properties__case_60(world: World) -> None:
    world.capture({**an_event(properties={"$set": {"a": 2, "z": 1}}), "$set": {"a": 1}})
    assert own(world.person("u1")) == {"a": 1, "z": 1}


def test_unset_works_in_the_properties_only__case_61(world: World) -> None:
    world.capture(a_set(b=2, c=3))
    world.capture({**an_event(), "$unset": ["b"]})
    assert own(world.person("u1")) == {"b": 2, "c": 3}
    world.capture(an_event(properties={"$unset": ["b", "nope"]}))
    assert own(world.person("u1")) == {"c": 3}
    world.capture(an_event(properties={"$unset": {"c": ""}}))
    assert own(world.person("u1")) == {}


def test_setting_the_same_again_writes_nothing__case_65(world: World) -> None:
    time = "2026-01-02T03:04:05Z"
    for _ in range(2):
        world.capture({**a_set(a=5), "timestamp": time})
    with world.services.relational.begin() as work:
        population = work.persons.population([(world.project.id, "u1")])
    profile = population.find(world.project.id, "u1")
    assert profile is not None
    assert (profile.version, profile.properties["a"]) == (0, 5)


def test_page_views_set_initial_properties_once__case_66(world: World) -> None:
    time = "2026-01-02T03:04:05Z"
    view = {"$current_url": "A", "$browser": "X", "utm_source": "g"}
    world.capture(an_event("$pageview", properties=view, timestamp=time))
    world.capture(an_event("$pageview", properties=view | {"$current_url": "B"}, timestamp=time))
    properties = world.person("u1")["properties"]
    assert (properties["$current_url"], properties["$initial_current_url"]) == ("A", "A")
    assert (properties["utm_source"], properties["$initial_utm_source"]) == ("g", "g")
    world.capture({**a_set(**{"$current_url": "C"}), "timestamp": time})
    assert world.person("u1")["properties"]["$current_url"] == "C"


def test_properties_that_grow_too_large_are_refused_and_small_ones_still_work__case_71(world: World) -> None:
    world.capture(a_set(a=1))
    world.capture(a_set(big="x" * 655_360))
    assert own(world.person("u1")) == {"a": 1}
    world.capture(a_set(b=2))
    assert own(world.person("u1")) == {"a": 1, "b": 2}
    assert world.count() == 3


def test_personless_events_change_nobody_and_count_to_their_person__case_75(world: World) -> None:
    world.capture(a_set("p1", a=1))
    world.capture(an_event(distinct_id="p1", properties={"$process_person_profile": False, "$set": {"a": 2}}))
    assert own(world.person("p1")) == {"a": 1}
    assert world.count("dau") == 1


def test_a_personless_past_becomes_the_persons__case_76(world: World) -> None:
    world.capture(an_event(distinct_id="anon1", properties={"$process_person_profile": False}))
    world.capture(identify("u1", "anon1"))
    person = world.person("u1")
    assert (person["uuid"], set(person["distinct_ids"])) == (uuid_of(world, "anon1"), {"anon1", "u1"})
    assert person["is_identified"] is True
    assert world.count("dau") == 1


def test_one_known_person_gets_the_other_id__case_80(world: World) -> None:
    world.capture(a_set("old", a=1))
    world.capture(identify("new", "old"))
    person = world.person("new")
    assert (person["uuid"], set(person["distinct_ids"])) == (uuid_of(world, "old"), {"old", "new"})
    assert person["is_identified"] is True


def test_two_persons_merge_into_the_identified_one__case_81(world: World) -> None:
    world.capture({**a_set("old", a=1, b=2), "timestamp": "2026-01-01T10:00:00Z"})
    world.capture({**a_set("new", b=3, c=4, d=5), "timestamp": "2026-01-02T10:00:00Z"})
    old = world.person("old")
    days = {"date_from": "2026-01-01", "date_to": "2026-01-02", "events": [{"id": None, "math": "dau"}]}
    assert world.count("dau") == 2
    world.capture(identify("new", "old", **{"$set": {"d": 6, "e": 7}, "$set_once": {"a": 8, "f": 9}}))
    person = world.person("old")
    assert own(person) == {"a": 1, "b": 3, "c": 4, "d": 6, "e": 7, "f": 9}
    assert person["uuid"] == uuid_of(world, "new")
    assert person["created_at"].startswith("2026-01-01T10:00:00")
    assert set(person["distinct_ids"]) == {"old", "new"}
    for gone in (old["id"], old["uuid"]):
        assert world.call("GET", f"persons/{gone}").status_code == 404
    assert world.count("dau") == 1
    assert world.get("insights/trend", **days)["result"][0]["data"] == [1, 1]


def test_an_alias_is_merged_into_the_distinct_id__case_85(world: World) -> None:
    world.capture(a_set("u1", a=1), a_set("a1", b=2))
    world.capture(an_event("$create_alias", "u1", properties={"alias": "a1"}))
    assert world.person("a1")["uuid"] == uuid_of(world, "u1")
    assert own(world.person("u1")) == {"a": 1, "b": 2}


@pytest.mark.parametrize("identified", [True, False])
def test_the_python_sdks_alias_points_the_other_way__case_86(world: World, identified: bool) -> None:
    world.capture(an_event(distinct_id="anon1"), identify("u1", "before") if identified else an_event())
    world.capture(
        an_event("$create_alias", "anon1", properties={"distinct_id": "anon1", "alias": "u1"}),
    )
    if identified:
        assert len(world.persons()) == 2
    else:
        (person,) = world.persons()
        assert person["uuid"] == uuid_of(world, "anon1")


@pytest.mark.parametrize(
    "anon", [None, "null", "0", "Anonymous", "'guest'", '"undefined"', "[object Object]", "NaN", "  "], ids=repr
)
def test_ids_of_everybody_merge_nobody__case_90(world: World, anon: Any) -> None:
    world.capture(identify("u1", anon))
    (person,) = world.persons()
    assert (person["distinct_ids"], person["is_identified"]) == (["u1"], False)
    assert world.count() == 1


def test_other_spellings_of_them_are_merged__case_90(world: World) -> None:
    world.capture(identify("u1", "nan"), identify("u1", "NULL"))
    assert set(world.person("u1")["distinct_ids"]) == {"u1", "nan", "NULL"}


def test_anonymous_is_a_person_like_any_other__case_91(world: World) -> None:
    world.capture(an_event(distinct_id="anonymous"))
    assert world.person("anonymous")["distinct_ids"] == ["anonymous"]


def test_exceptions_and_heatmaps_are_stored_and_make_nobody(world: World) -> None:
    world.capture(an_event("$exception"), an_event("$$heatmap"), an_event("$$client_ingestion_warning"))
    assert world.count() == 2
    assert world.persons() == []


# --- groups -------------------------------------------------------------------------------------------------


def describe(group_type: str, key: str, distinct_id: str = "$company_acme", **properties: Any) -> dict[str, Any]:
    described = {"$group_type": group_type, "$group_key": key, "$group_set": properties, "$set": {"x": 1}}
    return an_event("$groupidentify", distinct_id, properties=described)


def test_groups_are_described_by_events__case_70(world: World) -> None:
    world.capture(describe("company", "acme", name="Acme", size={"a": 1}))
    world.capture(describe("company", "acme", size={"b": 2}, plan=None))
    with world.services.relational.begin(write=False) as work:
        group = work.groups.get(world.project.id, 0, "acme")
        assert group is not None
        assert group.properties == {"name": "Acme", "size": {"b": 2}, "plan": None}
        assert work.groups.get(world.project.id + 1, 0, "acme") is None
        assert work.groups.types(world.project.id) == {"company": 0}
    assert own(world.person("$company_acme")) == {}


def test_events_name_groups_of_at_most_five_types(world: World) -> None:
    world.capture(*(an_event(properties={"$groups": {f"t{n}": "x"}}) for n in range(6)))
    world.capture(describe("t5", "x", name="never"))
    rows = stored(world)
    named = [[row[f"group_{index}"] for index in range(5)] for row in rows if row["event"] == "e1"]
    assert sorted(map(str, named)) == sorted(str(["x" if index == n else None for index in range(5)]) for n in range(6))
    with world.services.relational.begin(write=False) as work:
        assert work.groups.types(world.project.id) == {f"t{n}": n for n in range(5)}


# --- duplicates ---------------------------------------------------------------------------------------------


def test_a_uuid_is_stored_once_by_whatever_way_it_comes(world: World) -> None:
    uuid = str(uuid4())
    world.capture(an_event(uuid=uuid, timestamp="2026-01-02T03:04:05Z"))
    world.capture(an_event(uuid=uuid.upper(), timestamp="2026-01-02T23:00:00Z", properties={"$set": {"a": 1}}))
    assert world.count() == 1
    assert own(world.person("u1")) == {}
