"""What every `PersonRepository` promises. A subclass gives the fixture `begin`, units of work on an empty store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hedgerow.domain import identity
from hedgerow.domain.events import Event, PersonMode, Properties, StoredEvent
from hedgerow.domain.groups import Group
from hedgerow.domain.people_index import EMAIL_PREFIX
from hedgerow.domain.persons import Person, person_uuid
from hedgerow.domain.ports import PersonPage, PersonQuery, Position, Projection, UnitOfWorkFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import an_event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)

# Every example makes a project of its own, so a store may serve them all.
on_one_store = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def a_project(begin: UnitOfWorkFactory) -> int:
    with begin() as work:
        project = work.accounts.add_project(name="Shop", timezone="UTC", week_start_day=0, at=NOON)
        work.commit()
    return project.id


def capture(begin: UnitOfWorkFactory, *events: Event, at: datetime = NOON) -> Projection:
    """Let events change persons, as one batch."""
    with begin() as work:
        population = work.persons.population({(e.project_id, one) for e in events for one in identity.ids_of(e)})
        for event in events:
            identity.process(event, population, now=at, warn=lambda _: None)
        projection = work.persons.log((), work.persons.save(population, at=at))
        work.commit()
    return projection


def unapplied(begin: UnitOfWorkFactory, *, after: int = 0) -> list[Projection]:
    """The projections of the log."""
    with begin(write=False) as work:
        return [projection for _, projection in work.persons.unapplied(after=after)]


def find(begin: UnitOfWorkFactory, project_id: int, distinct_id: str) -> Person:
    """The person who holds an id, with all ids."""
    with begin(write=False) as work:
        (row,) = work.persons.page(PersonQuery(project_id, distinct_id=distinct_id), limit=2).rows
        person = work.persons.get(project_id, row.id)
    assert person is not None
    return person


def page(
    begin: UnitOfWorkFactory,
    query: PersonQuery,
    *,
    limit: int = 100,
    offset: int = 0,
    after: Position | None = None,
) -> PersonPage:
    with begin(write=False) as work:
        return work.persons.page(query, limit=limit, offset=offset, after=after)


def names(persons: Iterable[Person]) -> list[str]:
    """Each person's first id."""
    return [person.distinct_ids[0] for person in persons]


def same(projection: Projection) -> tuple[object, ...]:
    """A projection without the order of its parts."""
    people = {(one.project_id, one.uuid, one.version, one.properties_json) for one in projection.people}
    groups = {(group.project_id, group.index, group.key, str(group.properties)) for group in projection.groups}
    return people, set(projection.gone), set(projection.holders), set(projection.ids), groups, projection.mark


class PersonRepositoryContract:
    """See the module."""

    @pytest.fixture
    def project(self, begin: UnitOfWorkFactory) -> int:
        return a_project(begin)

    # --- saving ---------------------------------------------------------------------------------------------

    def test_a_new_person_is_kept_with_all_that_is_known_of_it(self, begin: UnitOfWorkFactory, project: int) -> None:
        event = an_event(distinct_id="u1", at=NOON + timedelta(microseconds=7), project_id=project, set={"a": [1, {}]})

        capture(begin, event)

        assert find(begin, project, "u1") == Person(
            id=find(begin, project, "u1").id,
            project_id=project,
            uuid=person_uuid(project, "u1"),
            properties={"a": [1, {}], "$creator_event_uuid": str(event.uuid)},
            created_at=NOON + timedelta(microseconds=7),
            is_identified=False,
            version=0,
            last_seen_at=NOON,
            distinct_ids=("u1",),
        )

    def test_a_person_is_found_by_id_and_by_uuid_in_its_own_project_only(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        capture(begin, an_event(distinct_id="u1", project_id=project))
        person = find(begin, project, "u1")
        other = a_project(begin)

        with begin(write=False) as work:
            assert work.persons.get(project, person.id) == person
            assert work.persons.get(project, person.uuid) == person
            assert work.persons.get(other, person.id) is None
            assert work.persons.get(other, person.uuid) is None
            assert work.persons.get(project, person.id + 1) is None
            assert work.persons.get(project, 10**30) is None
            assert work.persons.get(project, uuid4()) is None

    def test_several_persons_are_read_at_once(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, *(an_event(distinct_id=one, project_id=project) for one in ("u1", "u2", "u3")))
        capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))
        capture(begin, an_event(distinct_id="quiet", project_id=project, process_person_profile=False))
        other = a_project(begin)
        capture(begin, an_event(distinct_id="u2", project_id=other))
        one, two, foreign = (find(begin, *at) for at in ((project, "u1"), (project, "u2"), (other, "u2")))

        with begin(write=False) as work:
            found = work.persons.several(project, [one.id, two.uuid, foreign.id, foreign.uuid, uuid4(), 10**6, two.id])
            held = work.persons.held(project, ["u1", "a1", "quiet", "nobody", "U1", "u1\0"])

            assert {person.id: person for person in found} == {one.id: one, two.id: two}
            assert held == {"u1": one.id, "a1": one.id}
            assert work.persons.several(project, []) == []
            assert work.persons.held(other, ["u1"]) == {}

    def test_the_history_of_a_person_is_read_up_to_a_version(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(project_id=project, set={"a": 1}))
        capture(begin, an_event("$set", project_id=project, set={"b": None}, unset=["a"]))
        capture(begin, an_event("$set", project_id=project, set={"c": 3}))
        uuid = person_uuid(project, "u1")

        with begin(write=False) as work:
            first, second = work.persons.history(project, uuid, 1)
            assert len(list(work.persons.history(project, uuid, 99))) == 3
            assert list(work.persons.history(a_project(begin), uuid, 99)) == []

        assert (first.version, first.snapshot, first.set_properties["a"]) == (0, True, 1)
        assert (second.version, second.snapshot, second.set_properties) == (1, False, {"b": None})
        assert list(second.unset_properties) == ["a"]

    def test_the_ids_that_a_person_got_are_told(self, begin: UnitOfWorkFactory, project: int) -> None:
        created = capture(begin, an_event(distinct_id="u1", project_id=project))
        added = capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))
        kept = capture(begin, an_event("$set", "u1", project_id=project, set={"a": 1}))

        uuid = person_uuid(project, "u1")
        assert [list(one.ids) for one in (created, added, kept)] == [
            [(project, "u1", uuid)],
            [(project, "a1", uuid)],
            [],
        ]
        assert [list(one.ids) for one in unapplied(begin)] == [list(one.ids) for one in (created, added, kept)]

    def test_without_commit_nothing_happened(self, begin: UnitOfWorkFactory, project: int) -> None:
        with begin() as work:
            population = work.persons.population([(project, "u1")])
            population.create(project, "u1", ["u1"], NOON, {})
            work.persons.save(population, at=NOON)

        assert page(begin, PersonQuery(project)).rows == []

    def test_an_error_undoes_everything(self, begin: UnitOfWorkFactory, project: int) -> None:
        def fail() -> None:
            with begin() as work:
                population = work.persons.population([(project, "u1")])
                population.create(project, "u1", ["u1"], NOON, {})
                work.persons.save(population, at=NOON)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()

        assert page(begin, PersonQuery(project)).rows == []

    def test_properties_are_set_and_unset_and_the_version_grows(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(project_id=project, set={"a": 1, "b": 2}))

        projection = capture(begin, an_event("$set", project_id=project, set={"c": None}, unset=["a"]))

        person = find(begin, project, "u1")
        assert person.properties.keys() - {"$creator_event_uuid"} == {"b", "c"}
        assert person.properties["c"] is None
        assert person.version == 1
        assert [(copy.uuid, copy.version) for copy in projection.people] == [(person.uuid, 1)]

    def test_what_changes_nothing_is_not_logged(self, begin: UnitOfWorkFactory, project: int) -> None:
        event = an_event(project_id=project)
        capture(begin, event)

        assert same(capture(begin, event)) == same(Projection())

    def test_a_population_knows_who_holds_an_id(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(distinct_id="u1", project_id=project, set={"a": 1}))
        capture(begin, an_event(distinct_id="quiet", project_id=project, process_person_profile=False))
        capture(begin, an_event("$exception", distinct_id="broken", project_id=project))

        with begin() as work:
            population = work.persons.population([(project, one) for one in ("u1", "quiet", "broken", "new")])

        known = population.find(project, "u1")
        assert known is not None
        assert known.properties["a"] == 1
        assert not known.changed
        assert {key: holder.personless for key, holder in population.holders.items()} == {
            (project, "u1"): False,
            (project, "quiet"): True,
            (project, "broken"): False,
        }

    def test_two_ids_of_one_person_are_one_profile(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))

        with begin() as work:
            population = work.persons.population([(project, "u1"), (project, "a1")])

        assert population.find(project, "u1") is population.find(project, "a1") is not None

    def test_a_uuid_of_a_living_person_is_not_given_again(self, begin: UnitOfWorkFactory, project: int) -> None:
        with begin() as work:
            population = work.persons.population([(project, "u1")])
            population.create(project, "u1", ["other"], NOON, {})
            work.persons.save(population, at=NOON)
            work.commit()

        capture(begin, an_event(distinct_id="u1", project_id=project))

        assert find(begin, project, "other").uuid == person_uuid(project, "u1")
        assert find(begin, project, "u1").uuid != person_uuid(project, "u1")

    def test_the_uuid_of_a_person_merged_away_in_the_same_batch_is_free(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        with begin() as work:
            population = work.persons.population([(project, "u1")])
            population.create(project, "u1", ["other"], NOON, {})
            population.create(project, "main", ["main"], NOON, {})
            work.persons.save(population, at=NOON)
            work.commit()

        with begin() as work:
            population = work.persons.population([(project, one) for one in ("u1", "other", "main")])
            gone, into = population.find(project, "other"), population.find(project, "main")
            assert gone is not None
            assert into is not None
            population.merge(gone, into)
            population.taken.clear()
            population.create(project, "u1", ["u1"], NOON, {})
            projection = work.persons.save(population, at=NOON)
            work.commit()

        assert find(begin, project, "u1").uuid == person_uuid(project, "u1")
        assert projection.gone == []

    def test_ids_are_in_the_order_in_which_the_person_got_them(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(distinct_id="a1", project_id=project, process_person_profile=False))

        capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))

        assert find(begin, project, "u1").distinct_ids == ("u1", "a1")

    # --- merging --------------------------------------------------------------------------------------------

    def test_a_merge_moves_all_ids_and_one_person_is_gone(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(distinct_id="u1", project_id=project, set={"a": 1, "b": 1}))
        capture(begin, an_event(distinct_id="a1", project_id=project, set={"b": 2, "c": 2}))
        capture(begin, an_event("$create_alias", "a1", project_id=project, properties={"alias": "a2"}))
        kept, gone = find(begin, project, "u1"), find(begin, project, "a1")

        projection = capture(
            begin, an_event("$merge_dangerously", "u1", project_id=project, properties={"alias": "a1"})
        )

        person = find(begin, project, "a2")
        assert (person.id, person.uuid) == (kept.id, kept.uuid)
        assert person.distinct_ids == ("u1", "a1", "a2")
        assert [person.properties[key] for key in "abc"] == [1, 1, 2]
        assert person.is_identified
        assert [copy.uuid for copy in projection.people] == [kept.uuid]
        assert projection.gone == [(project, gone.uuid)]
        assert set(projection.holders) == {(project, "a1", kept.uuid), (project, "a2", kept.uuid)}
        with begin(write=False) as work:
            assert work.persons.get(project, gone.uuid) is None

    def test_a_chain_of_merges_in_one_batch_ends_in_the_last(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, *(an_event(distinct_id=one, project_id=project) for one in ("a", "b")))
        survivor = person_uuid(project, "d")

        projection = capture(
            begin,
            an_event(distinct_id="c", project_id=project),
            an_event(distinct_id="d", project_id=project),
            *(
                an_event("$merge_dangerously", into, project_id=project, properties={"alias": gone})
                for gone, into in (("a", "b"), ("b", "c"), ("c", "d"))
            ),
        )

        person = find(begin, project, "a")
        assert person.uuid == survivor
        assert set(person.distinct_ids) == {"a", "b", "c", "d"}
        assert set(projection.gone) == {(project, person_uuid(project, "a")), (project, person_uuid(project, "b"))}
        assert set(projection.holders) == {(project, one, survivor) for one in ("a", "b", "c")}
        assert page(begin, PersonQuery(project)).rows == [person]

    def test_an_id_used_without_a_person_brings_its_events_along(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(distinct_id="u1", project_id=project))
        capture(begin, an_event(distinct_id="a1", project_id=project, process_person_profile=False))

        projection = capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))

        assert projection.holders == [(project, "a1", person_uuid(project, "u1"))]
        assert projection.gone == []

    def test_the_number_of_a_person_that_is_gone_is_never_given_again(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        capture(begin, an_event(distinct_id="u1", project_id=project))
        capture(begin, an_event(distinct_id="a1", project_id=project))
        gone = find(begin, project, "a1").id
        capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))

        capture(begin, an_event(distinct_id="u2", project_id=project))

        assert find(begin, project, "u2").id > gone

    # --- groups ---------------------------------------------------------------------------------------------

    def test_a_group_keeps_what_events_say_of_it_merged_shallowly(self, begin: UnitOfWorkFactory, project: int) -> None:
        def describe(key: str, properties: Properties) -> Event:
            return an_event(
                "$groupidentify", project_id=project, group_type="company", group_key=key, group_set=properties
            )

        capture(begin, describe("acme", {"name": "Acme", "size": {"a": 1}}), describe("ajax", {}))
        capture(begin, describe("acme", {"size": {"b": 2}}), describe("acme", {"plan": None}))
        with begin(write=False) as work:
            assert work.groups.types(project) == {"company": 0}
            acme = work.groups.get(project, 0, "acme")
            assert acme is not None
            assert acme.properties == {"name": "Acme", "size": {"b": 2}, "plan": None}
            assert work.groups.get(project, 1, "acme") is None
            assert work.groups.get(project, 0, "nobody") is None
            assert work.groups.get(project + 1, 0, "acme") is None
            assert work.groups.types(project + 1) == {}

    def test_group_types_are_known_to_the_next_batch(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(project_id=project, groups={"company": "x", "team": "y"}))
        other = a_project(begin)

        with begin() as work:
            assert work.persons.population([(project, "u1"), (other, "u1")]).group_types == {
                project: {"company": 0, "team": 1},
                other: {},
            }

    # --- the log --------------------------------------------------------------------------------------------

    def test_a_projection_is_kept_until_it_is_cleared(self, begin: UnitOfWorkFactory, project: int) -> None:
        first = capture(begin, an_event(distinct_id="u1", project_id=project, set={"a": 1}))
        acme = an_event(
            "$groupidentify", project_id=project, group_type="company", group_key="acme", group_set={"size": 5}
        )
        second = capture(begin, acme)
        assert second.groups == [Group(project, 0, "acme", {"size": 5})]

        assert [same(one) for one in unapplied(begin)] == [same(first), same(second)]
        assert first.mark is not None
        assert [one.mark for one in unapplied(begin, after=first.mark)] == [second.mark]

        with begin() as work:
            work.persons.clear(first.mark)
            work.commit()

        assert [one.mark for one in unapplied(begin)] == [second.mark]

    def test_an_unapplied_projection_tells_the_present_state(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(distinct_id="u1", project_id=project))
        capture(begin, an_event(distinct_id="a1", project_id=project))
        merge = capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="a1"))
        final = capture(begin, an_event("$set", "a1", project_id=project, set={"a": 1}))

        _, gone, merged, last = unapplied(begin)

        assert gone.people == []
        assert gone.gone == [(project, person_uuid(project, "a1"))]
        assert merged.people == last.people == final.people
        assert merged.gone == merge.gone
        assert merged.holders == merge.holders

    def test_events_are_kept_until_they_are_cleared_exactly_as_they_were(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        properties: Properties = {
            'a "key" \\ 🌿': [1.5, -0.0, 1e300, 2**80, None, True, {"": "\u2028"}],
            "$set": {"email": "ann@example.com"},
        }
        first = StoredEvent(
            Event(project, uuid4(), "paid", "ann", NOON + timedelta(microseconds=1), properties, "a:text", True),
            uuid4(),
            3,
            NOON - timedelta(days=400),
            PersonMode.FORCE_UPGRADE,
            LATER,
            {0: "acme", 4: "🌿"},
        )
        huge = Event(project, uuid4(), "long", "ben", NOON, {"text": "x" * 9_000_000})
        others = [StoredEvent(huge._replace(uuid=uuid4()), uuid4(), 0, None, PersonMode.FULL, NOON, {}) for _ in "ab"]
        with begin() as work:
            last = work.persons.log([first, *others], Projection())
            work.commit()

        with begin(write=False) as work:
            found = list(work.persons.unapplied())
        assert [event for events, _ in found for event in events] == [first, *others]
        assert found[-1][1].mark == last.mark

        assert last.mark is not None
        with begin() as work:
            work.persons.clear(last.mark)
            work.commit()
        assert unapplied(begin) == []

    def test_where_nothing_is_said_nothing_is_logged(self, begin: UnitOfWorkFactory, project: int) -> None:
        with begin() as work:
            assert work.persons.log((), Projection()).mark is None
            work.commit()
        assert unapplied(begin) == []

    # --- lists ----------------------------------------------------------------------------------------------

    def test_a_page_has_the_newest_first(self, begin: UnitOfWorkFactory, project: int) -> None:
        for hours, one in ((1, "u1"), (3, "u3"), (2, "u2")):
            capture(begin, an_event(distinct_id=one, at=NOON + timedelta(hours=hours), project_id=project))
        capture(begin, an_event(distinct_id="foreign", project_id=a_project(begin)))

        assert names(page(begin, PersonQuery(project)).rows) == ["u3", "u2", "u1"]
        assert names(page(begin, PersonQuery(project), limit=1, offset=1).rows) == ["u2"]
        with begin(write=False) as work:
            assert work.persons.count(PersonQuery(project)) == 3

    def test_there_are_more_only_if_there_are(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, *(an_event(distinct_id=f"u{number}", project_id=project) for number in range(4)))

        assert page(begin, PersonQuery(project), limit=3).has_more
        assert not page(begin, PersonQuery(project), limit=4).has_more
        assert page(begin, PersonQuery(project), limit=3, offset=0).has_more
        assert not page(begin, PersonQuery(project), limit=3, offset=1).has_more
        assert page(begin, PersonQuery(project), limit=3, offset=10**30) == PersonPage([], has_more=False)

    @on_one_store
    @given(times=st.lists(st.integers(0, 3), max_size=12), limit=st.integers(1, 5))
    def test_following_positions_shows_every_person_once_and_back_again(
        self, begin: UnitOfWorkFactory, times: list[int], limit: int
    ) -> None:
        project = a_project(begin)
        capture(
            begin,
            *(
                an_event(distinct_id=f"u{number}", at=NOON + timedelta(microseconds=after), project_id=project)
                for number, after in enumerate(times)
            ),
        )
        query = PersonQuery(project)
        everybody = list(page(begin, query, limit=100).rows)

        seen: list[Person] = []
        pages = [page(begin, query, limit=limit)]
        while pages[-1].has_more and len(pages) <= len(times):
            last = pages[-1].rows[-1]
            pages.append(page(begin, query, limit=limit, after=Position(last.created_at, last.id)))
        for one in pages:
            seen += one.rows
        assert seen == everybody == sorted(everybody, key=lambda one: (one.created_at, one.id), reverse=True)

        for before, one in pairwise(pages):
            first = one.rows[0]
            back = page(begin, query, limit=limit, after=Position(first.created_at, first.id, backward=True))
            assert back.rows == before.rows
            assert back.has_more == (before is not pages[0])

        ids: list[int] = []
        place: Position | None = None
        with begin(write=False) as work:
            while len(ids) < len(everybody):
                some, place = work.persons.ids(query, limit=limit, after=place)
                assert place == Position(everybody[len(ids) + len(some) - 1].created_at, some[-1])
                ids += some
            assert work.persons.ids(query, limit=limit, after=place) == ([], None)
        assert ids == [one.id for one in everybody]

    def test_a_page_shows_a_thousand_ids_of_a_person_and_a_person_all(
        self, begin: UnitOfWorkFactory, project: int
    ) -> None:
        ids = [f"u{number}" for number in range(1002)]
        with begin() as work:
            population = work.persons.population([(project, one) for one in ids])
            population.create(project, "u0", ids, NOON, {})
            work.persons.save(population, at=NOON)
            work.commit()

        (row,) = page(begin, PersonQuery(project)).rows

        assert list(row.distinct_ids) == ids[:1000]
        assert list(find(begin, project, "u1001").distinct_ids) == ids
        with begin(write=False) as work:
            assert work.persons.outline(project, [row.id]).most_ids == 1000

    def test_an_outline_has_the_properties_of_the_given_persons(self, begin: UnitOfWorkFactory, project: int) -> None:
        for one, value in (("u1", {"a": [1, {"x,y": None}]}), ("u2", '],["'), ("u3", None)):
            capture(begin, an_event(distinct_id=one, project_id=project, set={"v": value}))
        capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="A1"))
        persons = [find(begin, project, one) for one in ("u1", "u2")]
        foreign = a_project(begin)

        with begin(write=False) as work:
            outline = work.persons.outline(project, [one.id for one in persons])
            nobody = [work.persons.outline(project, []), work.persons.outline(foreign, [persons[0].id])]

        assert sorted(map(str, outline.properties)) == sorted(str(one.properties) for one in persons)
        assert outline.most_ids == 2
        assert [(len(one.properties), one.most_ids) for one in nobody] == [(0, 0)] * 2

    def test_any_id_of_a_person_finds_it_exactly(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event("$identify", "u1", project_id=project, anon_distinct_id="A1"))
        capture(begin, an_event(distinct_id="a1", project_id=a_project(begin)))

        for distinct_id, found in (("u1", 1), ("A1", 1), ("a1", 0), ("A", 0), ("%", 0), ("u1\0", 0)):
            assert len(page(begin, PersonQuery(project, distinct_id=distinct_id)).rows) == found

    def test_an_email_is_matched_exactly(self, begin: UnitOfWorkFactory, project: int) -> None:
        long = "x" * 5000
        emails = ["A@b.c", "a@b.c", long + "1", long + "2", 5, True, None, "é"]
        capture(
            begin,
            *(an_event(distinct_id=str(n), project_id=project, set={"email": one}) for n, one in enumerate(emails)),
        )

        for email, found in (("A@b.c", "0"), ("5", "4"), ("true", "5"), ("é", "7")):
            assert names(page(begin, PersonQuery(project, email=email)).rows) == [found]
        for email in ("", "a@b", long[: EMAIL_PREFIX - 1], "null", "A@b.c\0"):
            assert page(begin, PersonQuery(project, email=email)).rows == []

    def test_an_email_is_found_by_its_present_value(self, begin: UnitOfWorkFactory, project: int) -> None:
        capture(begin, an_event(project_id=project, set={"email": "old"}))
        capture(begin, an_event(project_id=project, set={"email": "new"}))

        assert page(begin, PersonQuery(project, email="old")).rows == []
        assert names(page(begin, PersonQuery(project, email="new")).rows) == ["u1"]

    def test_what_else_may_be_asked_is_not_for_the_repository(self, begin: UnitOfWorkFactory, project: int) -> None:
        for query in (PersonQuery(project, search="u"), PersonQuery(project, email="x" * EMAIL_PREFIX)):
            with pytest.raises(ValueError, match="index of people"):
                page(begin, query)

    # --- laws -----------------------------------------------------------------------------------------------

    @on_one_store
    @given(
        st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers(-(2**63), 2**64 - 1)
                | st.floats(allow_nan=False, allow_infinity=False)
                | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
                max_leaves=8,
            ),
            max_size=5,
        )
    )
    def test_properties_come_back_as_they_went_in(self, begin: UnitOfWorkFactory, properties: Properties) -> None:
        project = a_project(begin)

        with begin() as work:
            population = work.persons.population([(project, "u1")])
            population.create(project, "u1", ["u1"], NOON, properties)
            work.persons.save(population, at=NOON)
            work.commit()

        found = find(begin, project, "u1").properties
        assert found == properties
        assert repr(found) == repr(properties), "neither the order of keys nor the kind of a number may change"


def people(begin: UnitOfWorkFactory, project: int) -> list[tuple[object, ...]]:
    """All that can be seen of a project's persons, without their numbers and random uuids."""
    with begin(write=False) as work:
        return [
            (
                one.distinct_ids,
                one.uuid if one.uuid.version == 5 else None,
                one.properties,
                one.created_at,
                one.is_identified,
                one.version,
                one.last_seen_at,
            )
            for one in work.persons.page(PersonQuery(project), limit=1000).rows
        ]


Story = list[list[tuple[str, str, str, UUID]]]


def a_story() -> st.SearchStrategy[Story]:
    """Batches of (event name, distinct id, other id, uuid) on few ids, so that they meet."""
    ids = st.sampled_from(["a", "b", "c", "d", "0"])
    kinds = st.sampled_from(["viewed", "quiet", "$set", "$identify", "$create_alias", "$merge_dangerously"])
    event = st.tuples(kinds, ids, ids, st.uuids(version=4))
    return st.lists(st.lists(event, min_size=1, max_size=6), min_size=1, max_size=4)


def tell(begin: UnitOfWorkFactory, project: int, story: Story) -> list[Projection]:
    """Capture a story, batch by batch."""
    projections = []
    minutes = 0
    for batch in story:
        events = []
        for name, own, other, uuid in batch:
            minutes += 25
            properties: Properties = {"alias": other, "$anon_distinct_id": other, "$set": {own: minutes, "last": own}}
            if name == "quiet":
                properties = {"$process_person_profile": False}
            at = NOON + timedelta(minutes=minutes)
            events.append(an_event(name, own, properties, at=at, project_id=project, uuid=uuid))
        projections.append(capture(begin, *events))
    return projections
