"""DELETE persons/:id, POST persons/bulk_delete, delete_events, delete_recordings, reset_person_distinct_id,
GET persons/deletion_status."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hedgerow.domain.persons import person_uuid

from tests.e2e.conftest import World, assert_error


def a_person(world: World, first: str, *others: str, **properties: Any) -> Any:
    """A person with these ids, each of which has an event of its own."""
    world.capture({"event": "seen", "distinct_id": first, "properties": {"$set": properties}})
    for other in others:
        world.capture(
            {"event": "$create_alias", "distinct_id": first, "properties": {"alias": other}},
            {"event": "seen", "distinct_id": other},
        )
    return world.person(first)


def queue(world: World, **query: Any) -> Any:
    return world.get("persons/deletion_status", **query)["results"]


def test_it_works(world: World) -> None:
    person = a_person(world, "u1", "a1", plan="free")

    answer = world.call("DELETE", f"persons/{person['uuid']}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert world.persons() == []
    assert_error(world.call("GET", f"persons/{person['id']}"), 404, "not_found", "Not found.")
    assert_error(world.call("DELETE", f"persons/{person['uuid']}"), 404, "not_found", "Not found.")
    assert world.count(event="seen") == 2
    assert queue(world) == []


def test_the_events_of_a_deleted_person_belong_to_their_ids(world: World) -> None:
    person = a_person(world, "u1", "a1", plan="free")
    assert world.count("dau", "seen") == 1
    world.call("DELETE", f"persons/{person['id']}")
    assert world.count("dau", "seen") == 2
    assert world.count(event="seen", properties=[{"key": "plan", "value": "free", "type": "person"}]) == 0


def test_a_distinct_id_used_again_makes_a_new_person_with_the_same_uuid(world: World) -> None:
    person = a_person(world, "u1", "a1", plan="free")
    world.call("DELETE", f"persons/{person['id']}")

    for distinct_id in ("u1", "a1"):
        world.capture({"event": "seen", "distinct_id": distinct_id, "properties": {"$set": {"new": True}}})
        again = world.person(distinct_id)
        assert again["uuid"] == str(person_uuid(world.project.id, distinct_id))
        assert again["id"] > person["id"]
        assert (again["distinct_ids"], "plan" in again["properties"]) == ([distinct_id], False)
    assert world.count("dau", "seen") == 2
    assert world.count("dau", "seen", properties=[{"key": "new", "value": "true", "type": "person"}]) == 2


def test_ids_of_a_deleted_person_that_are_merged_anew_bring_their_events_along(world: World) -> None:
    person = a_person(world, "u1", "a1")
    world.call("DELETE", f"persons/{person['id']}")
    world.capture({"event": "$identify", "distinct_id": "fresh", "properties": {"$anon_distinct_id": "a1"}})
    world.capture({"event": "$identify", "distinct_id": "fresh", "properties": {"$anon_distinct_id": "u1"}})
    assert len(world.persons()) == 1
    assert world.count("dau", "seen") == 1


def test_41_with_delete_events_one_row_is_queued(world: World) -> None:
    person = a_person(world, "u1", "a1")
    answer = world.call("DELETE", f"persons/{person['uuid']}/?delete_events=true")
    assert (answer.status_code, answer.data) == (204, b"")
    (row,) = queue(world)
    assert list(row) == ["person_uuid", "created_at", "status", "delete_verified_at"]
    assert row == row | {"person_uuid": person["uuid"], "status": "pending", "delete_verified_at": None}
    with world.services.relational.begin(write=False) as work:
        (deletion,) = (one for one in work.deletions.pending() if one.request.key == person["uuid"])
    assert deletion.request.distinct_ids == ("u1", "a1")
    assert deletion.request.person_ids == (person["id"],)
    assert world.count(event="seen") == 2


@pytest.mark.parametrize(
    ("flag", "queued"),
    [("true", 1), ("1", 1), ("Yes", 1), ("TRUE", 1), ("false", 0), ("0", 0), ("no", 0), ("False", 0)],
)
def test_the_flags_are_parsed(world: World, flag: str, queued: int) -> None:
    person = a_person(world, "u1")
    query = {"delete_events": flag, "keep_person": "no", "delete_recordings": flag}
    assert world.call("DELETE", f"persons/{person['id']}", query_string=query).status_code == 204
    assert len(queue(world)) == queued


@pytest.mark.parametrize("flag", ["delete_events", "keep_person", "delete_recordings"])
@pytest.mark.parametrize("text", ["", "2", "on", "nope"])
def test_other_flags_are_refused_and_nothing_happens(world: World, flag: str, text: str) -> None:
    person = a_person(world, "u1")
    answer = world.call("DELETE", f"persons/{person['id']}", query_string={flag: text})
    assert_error(answer, 400, "invalid_input", "Must be a valid boolean.", flag)
    assert world.persons() == [person]


def test_keep_person_keeps_it_and_is_not_audited(world: World) -> None:
    person = a_person(world, "u1")
    assert world.call("DELETE", f"persons/{person['id']}?keep_person=true").status_code == 204
    assert queue(world) == []
    assert world.call("DELETE", f"persons/{person['id']}?keep_person=true&delete_events=yes").status_code == 204
    assert len(queue(world)) == 1
    assert world.persons() == [person]
    assert world.get("persons/activity")["total_count"] == 0


def test_a_pending_deletion_is_extended_instead_of_queued_twice(world: World) -> None:
    person = a_person(world, "u1")
    world.call("POST", f"persons/{person['id']}/delete_events")
    first = queue(world)[0]["created_at"]
    a_person(world, "u1", "a1")
    world.call("DELETE", f"persons/{person['id']}?delete_events=true")
    (row,) = queue(world)
    assert row["created_at"] > first
    with world.services.relational.begin(write=False) as work:
        (deletion,) = (one for one in work.deletions.pending() if one.request.key == person["uuid"])
    assert deletion.request.distinct_ids == ("u1", "a1")


# --- bulk_delete --------------------------------------------------------------------------------------------


def bulk(world: World, **body: Any) -> Any:
    answer = world.call("POST", "persons/bulk_delete", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json


def test_45_bulk_delete_by_uuid_with_events(world: World) -> None:
    one, other, kept = (a_person(world, name) for name in ("u1", "u2", "u3"))
    assert bulk(world, ids=[one["uuid"], other["uuid"]], delete_events=True) == {
        "persons_found": 2,
        "persons_deleted": 2,
        "events_queued_for_deletion": True,
        "recordings_queued_for_deletion": False,
        "deletion_errors": [],
    }
    assert world.persons() == [kept]
    assert {row["person_uuid"] for row in queue(world)} == {one["uuid"], other["uuid"]}
    activity = world.get("persons/activity")["results"]
    assert {entry["item_id"] for entry in activity} == {str(one["id"]), str(other["id"])}
    assert {entry["activity"] for entry in activity} == {"deleted"}


def test_46_bulk_delete_by_any_distinct_id_keeps_events(world: World) -> None:
    a_person(world, "person_1", "anonymous_id")
    a_person(world, "person_2")
    done = bulk(world, distinct_ids=["anonymous_id", "person_2", "person_1"])
    assert (done["persons_found"], done["persons_deleted"], done["events_queued_for_deletion"]) == (2, 2, False)
    assert world.persons() == []
    assert queue(world) == []
    assert world.count(event="seen") == 3


def test_bulk_delete_with_keep_person_deletes_nobody(world: World) -> None:
    person = a_person(world, "u1")
    done = bulk(world, distinct_ids=["u1"], keep_person="Yes", delete_events="1")
    assert (done["persons_found"], done["persons_deleted"], done["events_queued_for_deletion"]) == (1, 0, True)
    assert world.persons() == [person]
    assert world.get("persons/activity")["total_count"] == 0


def test_unknown_ids_are_not_counted(world: World) -> None:
    foreign = a_person(World(world.services, world.client), "elsewhere")
    for body in ({"ids": [str(UUID(int=1)), foreign["uuid"]]}, {"distinct_ids": ["elsewhere", "no\0body", ""]}):
        assert bulk(world, **body, delete_events=True) == {
            "persons_found": 0,
            "persons_deleted": 0,
            "events_queued_for_deletion": False,
            "recordings_queued_for_deletion": False,
            "deletion_errors": [],
        }
    assert queue(world) == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param({"delete_events": True}, "You need to specify either distinct_ids or ids", id="50"),
        pytest.param({"ids": [], "distinct_ids": []}, "You need to specify either distinct_ids or ids", id="empty"),
        pytest.param(
            {"ids": [str(UUID(int=1))], "distinct_ids": ["x"]},
            "You must provide either distinct_ids or ids, not both",
            id="51",
        ),
        pytest.param({"ids": ["x"] * 1001}, "You can only pass 1000 ids in one call", id="ids"),
        pytest.param({"distinct_ids": ["x"] * 1001}, "You can only pass 1000 distinct_ids in one call", id="distinct"),
    ],
)
def test_bulk_deletes_of_none_both_or_too_many_are_refused(world: World, body: object, detail: str) -> None:
    assert_error(world.call("POST", "persons/bulk_delete", json=body), 400, "invalid_input", detail)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"ids": ["x"]}, "ids"),
        ({"ids": "x"}, "ids"),
        ({"distinct_ids": [1]}, "distinct_ids__0"),
        ({"distinct_ids": ["x"], "delete_events": "maybe"}, "delete_events"),
        ({"distinct_ids": ["x"], "keep_person": 3}, "keep_person"),
    ],
)
def test_bulk_deletes_name_what_is_wrong(world: World, body: object, attr: str) -> None:
    assert_error(world.call("POST", "persons/bulk_delete", json=body), 400, "invalid_input", attr=attr)


# --- delete_events, delete_recordings, reset_person_distinct_id ---------------------------------------------


def test_delete_events_queues_and_keeps_the_person(world: World) -> None:
    person = a_person(world, "u1")
    answer = world.call("POST", f"persons/{person['uuid']}/delete_events/")
    assert (answer.status_code, answer.data) == (202, b"")
    assert [row["person_uuid"] for row in queue(world)] == [person["uuid"]]
    assert world.persons() == [person]
    assert world.get("persons/activity")["total_count"] == 0


def test_60_delete_events_of_nobody(world: World) -> None:
    answer = world.call("POST", "persons/11111111-1111-1111-1111-111111111111/delete_events/")
    assert_error(answer, 404, "not_found", "Not found.")


def test_a_pending_deletion_of_events_is_taken_back(world: World) -> None:
    kept, gone = a_person(world, "u1"), a_person(world, "u2")
    world.call("POST", f"persons/{kept['uuid']}/delete_events")
    world.call("DELETE", f"persons/{gone['uuid']}?delete_events=true")
    for reference in (kept["id"], gone["uuid"]):
        answer = world.call("DELETE", f"persons/{reference}/delete_events")
        assert (answer.status_code, answer.data) == (204, b"")
    assert queue(world) == []
    world.services.deletions.drain()
    assert world.count(event="seen") == 2


def test_what_is_not_pending_cannot_be_taken_back(world: World) -> None:
    person, foreigner = a_person(world, "u1"), a_person(elsewhere := World(world.services, world.client), "u1")
    elsewhere.call("POST", f"persons/{foreigner['uuid']}/delete_events")
    for reference in (person["uuid"], person["id"], foreigner["uuid"], UUID(int=1), 0):
        answer = world.call("DELETE", f"persons/{reference}/delete_events")
        assert_error(answer, 404, "not_found", "Not found.")
    assert len(queue(elsewhere)) == 1
    world.call("POST", f"persons/{person['uuid']}/delete_events")
    world.services.deletions.drain()
    answer = world.call("DELETE", f"persons/{person['uuid']}/delete_events")
    assert_error(answer, 404, "not_found", "Not found.")
    assert_error(world.call("DELETE", "persons/u1/delete_events"), 400, "invalid_input")


def test_delete_recordings_does_nothing(world: World) -> None:
    person = a_person(world, "u1")
    answer = world.call("POST", f"persons/{person['uuid']}/delete_recordings")
    assert (answer.status_code, answer.data) == (202, b"")
    assert queue(world) == []


def test_reset_is_for_scripts_and_does_nothing(world: World) -> None:
    answer = world.call("POST", "persons/reset_person_distinct_id", json={"distinct_id": "unknown"})
    assert (answer.status_code, answer.data) == (202, b"")
    for body in ({}, {"distinct_id": ""}, {"distinct_id": 1}, {"distinct_id": None}):
        answer = world.call("POST", "persons/reset_person_distinct_id", json=body)
        assert_error(answer, 400, "invalid_input", "distinct_id is required")


# --- deletion_status ----------------------------------------------------------------------------------------


def test_55_deletions_are_found_by_status(world: World) -> None:
    done, pending = a_person(world, "u1"), a_person(world, "u2")
    world.call("POST", f"persons/{done['id']}/delete_events")
    world.services.deletions.drain()
    world.call("POST", f"persons/{pending['id']}/delete_events")
    assert [row["person_uuid"] for row in queue(world, status="pending")] == [pending["uuid"]]
    (completed,) = queue(world, status="completed")
    assert (completed["person_uuid"], completed["status"]) == (done["uuid"], "completed")
    assert completed["delete_verified_at"].endswith("Z")
    assert len(queue(world)) == len(queue(world, status="all")) == 2


def test_56_deletions_are_found_by_person(world: World) -> None:
    one, other = a_person(world, "u1"), a_person(world, "u2")
    bulk(world, ids=[one["uuid"], other["uuid"]], delete_events=True)
    for text in (one["uuid"], one["uuid"].replace("-", "").upper()):
        assert [row["person_uuid"] for row in queue(world, person_uuid=text)] == [one["uuid"]]


def test_a_receipt_does_not_block_a_new_request(world: World) -> None:
    person = a_person(world, "u1")
    world.call("POST", f"persons/{person['id']}/delete_events")
    world.services.deletions.drain()
    world.call("POST", f"persons/{person['id']}/delete_events")
    assert [row["status"] for row in queue(world)] == ["pending", "completed"]


def test_deletions_are_paged_newest_first_and_only_the_projects_own(world: World) -> None:
    for name in ("u1", "u2", "u3"):
        world.call("POST", f"persons/{a_person(world, name)['id']}/delete_events")
    first = world.get("persons/deletion_status", limit=2)
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    assert first["next"].endswith("/persons/deletion_status?limit=2&offset=2")
    second = world.get(first["next"].removeprefix("http://localhost"))
    assert (second["count"], len(second["results"]), second["next"]) == (3, 1, None)
    assert second["previous"].endswith("/persons/deletion_status?limit=2")
    rows = [*first["results"], *second["results"]]
    assert rows == sorted(rows, key=lambda row: row["created_at"], reverse=True)
    assert queue(World(world.services, world.client)) == []


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        ({"status": "invalid"}, "invalid_choice", '"invalid" is not a valid choice.', "status"),
        ({"person_uuid": "x"}, "invalid_input", "Must be a valid UUID.", "person_uuid"),
        ({"limit": "0"}, "invalid_input", None, "limit"),
        ({"offset": "-1"}, "invalid_input", None, "offset"),
    ],
)
def test_bad_parameters_are_named(world: World, query: dict[str, str], code: str, detail: str, attr: str) -> None:
    assert_error(world.call("GET", "persons/deletion_status", query_string=query), 400, code, detail, attr)
