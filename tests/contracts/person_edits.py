"""What every `PersonRepository` promises about persons that are changed by hand.

A subclass gives the fixture `begin`, units of work on an empty store.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hedgerow.domain.persons import Person, person_uuid
from hedgerow.domain.population import Population, Profile
from hedgerow.domain.ports import PersonQuery, Projection, UnitOfWork, UnitOfWorkFactory

from tests.builders import an_event

from .person_repository import LATER, NOON, a_project, capture, find, page, same, unapplied


def change(
    begin: UnitOfWorkFactory, project: int, distinct_id: str, act: Callable[[UnitOfWork, Person], Population]
) -> Projection:
    """Let a population made from the person who holds an id be saved."""
    with begin() as work:
        (person,) = work.persons.lock(project, (), distinct_ids=[distinct_id])
        projection = work.persons.log((), work.persons.save(act(work, person), at=LATER))
        work.commit()
    return projection


def remove(begin: UnitOfWorkFactory, project: int, distinct_id: str) -> Projection:
    def act(work: UnitOfWork, person: Person) -> Population:
        population = Population({}, set(), {})
        population.remove(Profile.of(person))
        return population

    return change(begin, project, distinct_id, act)


def split(begin: UnitOfWorkFactory, project: int, distinct_id: str, *moved: str) -> Projection:
    def act(work: UnitOfWork, person: Person) -> Population:
        population = work.persons.population((), new=[(project, one) for one in moved])
        population.split(population.add(person), moved, LATER)
        return population

    return change(begin, project, distinct_id, act)


def a_person(begin: UnitOfWorkFactory, project: int, first: str, *others: str) -> Person:
    capture(begin, an_event(distinct_id=first, project_id=project, set={"plan": "free"}))
    for other in others:
        capture(begin, an_event("$create_alias", first, {"alias": other}, project_id=project))
    return find(begin, project, first)


class PersonEditContract:
    """See the module."""

    @pytest.fixture
    def project(self, begin: UnitOfWorkFactory) -> int:
        return a_project(begin)

    # --- finding --------------------------------------------------------------------------------------------

    def test_persons_are_found_by_any_reference_each_once_with_all_ids(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        one = a_person(begin, project, "a", "b")
        other = a_person(begin, project, "c")
        foreign = a_person(begin, a_project(begin), "a")
        with begin() as work:
            lock = work.persons.lock
            assert lock(project, [other.id, one.uuid, one.id]) == [one, other]
            assert lock(project, (), distinct_ids=["c", "b", "a", "nobody", "\0"]) == [one, other]
            assert lock(project, [foreign.id, uuid4(), 10**30, 0, -1]) == []
            assert lock(project, []) == []

    # --- editing --------------------------------------------------------------------------------------------

    def test_properties_are_rewritten_as_one_version(self, begin: UnitOfWorkFactory, project: int) -> None:
        before = a_person(begin, project, "a", "b")

        def act(work: UnitOfWork, person: Person) -> Population:
            population = Population({}, set(), {})
            population.rewrite(population.add(person), {"x": None, "y": [1]}, ["plan"], LATER)
            return population

        projection = change(begin, project, "b", act)

        after = find(begin, project, "a")
        assert after.version == before.version + 1
        assert after.properties == {
            "$creator_event_uuid": before.properties["$creator_event_uuid"],
            "x": None,
            "y": [1],
        }
        assert after.distinct_ids == ("a", "b")
        assert [(copy.uuid, copy.version) for copy in projection.people] == [(after.uuid, after.version)]
        assert (list(projection.gone), list(projection.holders)) == ([], [])
        assert [copy.updated_at for copy in projection.people] == [LATER]

    # --- removing -------------------------------------------------------------------------------------------

    def test_a_removed_person_is_gone_and_its_ids_are_nobodys(self, begin: UnitOfWorkFactory, project: int) -> None:
        person = a_person(begin, project, "a", "b")
        capture(begin, an_event(distinct_id="quiet", project_id=project, process_person_profile=False))
        capture(begin, an_event("$create_alias", "a", {"alias": "quiet"}, project_id=project))
        kept = a_person(begin, project, "c")

        projection = remove(begin, project, "b")

        assert page(begin, PersonQuery(project)).rows == [kept]
        assert projection.people == []
        assert projection.gone == [(project, person.uuid)]
        assert set(projection.holders) == {(project, one, person_uuid(project, one)) for one in ("a", "b", "quiet")}
        with begin() as work:
            population = work.persons.population([(project, one) for one in ("a", "b", "quiet")])
        assert {holder.profile for holder in population.holders.values()} == {None}
        assert [holder.personless for holder in population.holders.values()] == [False] * 3

    def test_whoever_comes_anew_has_the_uuid_but_a_history_of_its_own(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        gone = a_person(begin, project, "a", "b")
        assert gone.version > 0
        remove(begin, project, "a")

        capture(begin, an_event(distinct_id="a", project_id=project))

        anew = find(begin, project, "a")
        assert (anew.uuid, anew.distinct_ids) == (gone.uuid, ("a",))
        assert anew.id > gone.id
        assert anew.version > gone.version + 1
        assert anew.properties.keys() == {"$creator_event_uuid"}

    def test_ids_attached_after_a_removal_bring_their_events_along(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        a_person(begin, project, "a", "b")
        remove(begin, project, "a")
        projection = capture(begin, an_event("$identify", "new", project_id=project, anon_distinct_id="b"))
        assert projection.holders == [(project, "b", person_uuid(project, "new"))]

    def test_an_unapplied_removal_tells_whose_the_ids_are(self, begin: UnitOfWorkFactory, project: int) -> None:
        a_person(begin, project, "a", "b")
        last = remove(begin, project, "a")
        found = unapplied(begin)
        assert same(found[-1]) == same(last)
        # Earlier entries about the same ids tell no other story.
        assert {holder for one in found for holder in one.holders} == set(last.holders)
        assert {gone for one in found for gone in one.gone} == set(last.gone)

        capture(begin, an_event(distinct_id="a", project_id=project))
        now = [one for one in unapplied(begin) if one.mark == last.mark]
        assert now[0].gone == []
        assert [copy.uuid for copy in now[0].people] == [person_uuid(project, "a")]

    # --- splitting ------------------------------------------------------------------------------------------

    def test_split_off_ids_become_persons_without_properties(self, begin: UnitOfWorkFactory, project: int) -> None:
        before = a_person(begin, project, "a", "b", "c")

        projection = split(begin, project, "a", "c", "b")

        kept = find(begin, project, "a")
        assert (kept.id, kept.uuid, kept.properties) == (before.id, before.uuid, before.properties)
        assert (kept.distinct_ids, kept.version) == (("a",), before.version + 1)
        for one in ("b", "c"):
            part = find(begin, project, one)
            assert (part.uuid, part.distinct_ids) == (person_uuid(project, one), (one,))
            assert (part.properties, part.is_identified, part.created_at) == ({}, False, LATER)
        assert {copy.uuid for copy in projection.people} == {person_uuid(project, one) for one in "abc"}
        assert set(projection.holders) == {(project, one, person_uuid(project, one)) for one in "bc"}
        assert projection.gone == []

    def test_a_living_uuid_is_not_given_to_a_part(self, begin: UnitOfWorkFactory, project: int) -> None:
        person = a_person(begin, project, "a", "b")

        projection = split(begin, project, "a", "a")

        part = find(begin, project, "a")
        assert find(begin, project, "b").uuid == person.uuid == person_uuid(project, "a")
        assert part.uuid not in (person_uuid(project, "a"), person_uuid(project, "b"))
        assert projection.holders == [(project, "a", part.uuid)]

    def test_a_part_that_was_a_person_before_begins_a_history_of_its_own(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        a_person(begin, project, "a")
        old = a_person(begin, project, "b")
        capture(begin, an_event("$merge_dangerously", "a", {"alias": "b"}, project_id=project))

        split(begin, project, "a", "b")

        part = find(begin, project, "b")
        assert part.uuid == old.uuid
        assert part.version > old.version + 1

    def test_what_is_not_committed_did_not_happen(self, begin: UnitOfWorkFactory, project: int) -> None:
        person = a_person(begin, project, "a", "b")
        with begin() as work:
            population = Population({}, set(), {})
            population.remove(Profile.of(person))
            work.persons.save(population, at=NOON)
        assert find(begin, project, "b") == person
        assert isinstance(person.uuid, UUID)
