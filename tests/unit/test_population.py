"""Laws of batches: whatever the events and however they are cut into batches, the same persons come of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from time import process_time
from typing import Any
from uuid import UUID

from hedgerow.domain.events import Event, Properties
from hedgerow.domain.identity import process
from hedgerow.domain.population import Population
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON, People, an_event

IDS = ("a", "b", "c", "d", "e", "anonymous")
CHANGES: tuple[Properties, ...] = (
    {},
    {"$set": {"$os": "x", "plan": None}},
    {"$set": {"$os": "y"}},
    {"$set": {"$os": "y", "plan": [1]}, "$set_once": {"n": 1}},
    {"$set": {"n": True}, "$set_once": {"plan": "x", "n": 2}},
    {"$set": {"plan": "y"}, "$unset": ["plan", "n"]},
    {"$unset": ["$os"]},
)
PERSONLESS: Properties = {"$process_person_profile": False}
NAMED: tuple[tuple[str, Properties], ...] = (
    *((name, changes) for name in ("viewed", "$set", "$exception", "$groupidentify") for changes in CHANGES),
    *[("viewed", PERSONLESS)] * len(CHANGES),
    *(
        (name, {key: other, **changes})
        for name, key in (
            ("$identify", "$anon_distinct_id"),
            ("$create_alias", "alias"),
            ("$merge_dangerously", "alias"),
        )
        for other in IDS
        for changes in CHANGES
    ),
)
EVENTS = st.builds(
    lambda named, own, part: an_event(named[0], own, named[1], at=NOON + timedelta(minutes=20 * part)),
    st.sampled_from(NAMED),
    st.sampled_from(IDS),
    st.integers(0, 9),
)


@st.composite
def batches(draw: st.DrawFn) -> list[list[Event]]:
    sequence = draw(st.lists(EVENTS, max_size=16))
    cuts = sorted(draw(st.sets(st.integers(0, len(sequence)), max_size=4)))
    return [sequence[start:end] for start, end in zip([0, *cuts], [*cuts, len(sequence)], strict=True)]


def captured(some: Sequence[Sequence[Event]]) -> People:
    people = People()
    for batch in some:
        people.capture(*batch)
    return people


def outcome(people: People) -> dict[str, Any]:
    return {
        "ids": {
            key: (number and people.profiles[number].uuid, personless)
            for key, (number, personless) in people.ids.items()
        },
        "persons": {
            profile.uuid: (
                profile.properties,
                profile.created_at,
                profile.is_identified,
                profile.version,
                profile.last_seen_at,
            )
            for profile in people.profiles.values()
        },
        "events": people.events,
        "warnings": people.warnings,
        "revisions": [
            (one.profile.uuid, one.version, one.at, one.set_properties, one.unset_properties, one.snapshot)
            for one in people.revisions
        ],
    }


@given(batches())
def test_batches_do_what_single_events_would(some: list[list[Event]]) -> None:
    one_by_one = captured([[event] for batch in some for event in batch])
    assert outcome(captured(some)) == outcome(one_by_one)


@given(batches())
def test_every_event_belongs_to_whoever_holds_its_id_now(some: list[list[Event]]) -> None:
    people = captured(some)
    for stored in people.events:
        assert people.owner(stored) == people.current(stored.event)


@given(batches())
def test_every_person_holds_an_id_and_every_id_a_living_person(some: list[list[Event]]) -> None:
    people = captured(some)
    holding = {number for number, _ in people.ids.values() if number is not None}
    assert holding == people.profiles.keys()
    assert len({profile.uuid for profile in people.profiles.values()}) == len(people.profiles)
    assert people.went.keys().isdisjoint(profile.uuid for profile in people.profiles.values())


@given(batches())
def test_history_tells_the_properties_at_every_event(some: list[list[Event]]) -> None:
    people = captured(some)
    for stored, properties in zip(people.events, people.at_event, strict=True):
        if properties is not None:
            assert people.history(stored.person_id, stored.person_version) == properties
    for profile in people.profiles.values():
        assert people.history(profile.uuid, profile.version) == profile.properties


@given(batches())
def test_versions_and_identification_only_ever_grow(some: list[list[Event]]) -> None:
    people = People()
    for event in (event for batch in some for event in batch):
        before = {key: people.find(key[1]) for key in people.ids}
        people.capture(event)
        for (_, distinct_id), old in before.items():
            new = people.find(distinct_id)
            if old is None:
                continue
            assert new is not None
            assert new.version >= old.version
            assert new.is_identified >= old.is_identified
            assert new.created_at <= old.created_at
            assert old.last_seen_at is not None
            assert new.last_seen_at is not None
            assert new.last_seen_at >= old.last_seen_at


@given(batches())
def test_a_person_is_as_old_as_the_oldest_merged_into_it(some: list[list[Event]]) -> None:
    people = captured(some)
    began = {revision.profile.uuid: revision.at for revision in people.revisions if revision.snapshot}
    for profile in people.profiles.values():
        parts = [uuid for uuid in began if _survivor(uuid, people.went) == profile.uuid]
        assert profile.created_at == min(began[uuid] for uuid in parts)


def test_merges_cost_the_same_however_many_ids_move() -> None:
    def seconds(merges: list[tuple[str, str]]) -> float:
        population = Population({}, set(), {})
        ids = [f"id{number}" for number in range(len(merges) + 1)]
        for one in ids:
            process(an_event(distinct_id=one), population, now=NOON, warn=print)
        events = [an_event("$merge_dangerously", own, {"alias": other}) for own, other in merges]
        began = process_time()
        for event in events:
            process(event, population, now=NOON, warn=print)
        assert len(population.merged) == len(merges)
        assert len(set(population.merged.values())) == 1
        assert len(population.reattributed) == len(merges)
        return process_time() - began

    chain = [(f"id{number + 1}", f"id{number}") for number in range(3_000)]
    star = [("id0", f"id{number + 1}") for number in range(3_000)]
    # Moving ids one by one takes seconds for the chain.
    assert seconds(chain) < 1
    assert seconds(star) < 1


def _survivor(uuid: UUID, went: dict[UUID, UUID]) -> UUID:
    while uuid in went:
        uuid = went[uuid]
    return uuid
