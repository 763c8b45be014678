"""What every `PeopleIndex` promises, as cases that each event store runs. `store` gives one that holds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import pytest
from hedgerow.domain.conditions import Comparison, Condition, Contains, IsSet, Matches, Not, NumberIs, OneOf
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.events import JsonValue, Properties
from hedgerow.domain.people_index import FoundPage, PeopleIndex
from hedgerow.domain.ports import EventStore, PersonQuery, Position, Projection
from hedgerow.domain.properties import And, CohortFilter, Filter, FilterTree, Operand, Or, Source

from tests.builders import NOON, a_copy

SECOND = timedelta(seconds=1)
ODD_KEY = 'it\'s "quoted" $a.b \\ 🌿'


class Store(EventStore, Protocol):
    """An event store, and the persons it finds."""

    @property
    def people(self) -> PeopleIndex: ...


def put(store: Store, number: int, properties: Properties, *ids: str, project_id: int = 1, version: int = 1) -> UUID:
    """A person who came `number` seconds after noon, with these distinct ids."""
    uuid = UUID(int=number)
    at = NOON + number * SECOND
    copy = a_copy(project_id, uuid, properties, version=version, id=number, created_at=at, updated_at=at)
    store.write([], Projection([copy], ids=[(project_id, one, uuid) for one in ids]))
    return uuid


def found(store: Store, query: PersonQuery) -> list[int]:
    """The integer ids of all who match, as a page, as a count and as a stream tell them."""
    page = store.people.page(query, limit=100)
    ids = [place.id for place in page.places]
    assert not page.has_more
    assert store.people.count(query) == page.count == len(ids)
    assert list(store.people.ids(query)) == ids
    return ids


def searched(store: Store, search: str) -> list[int]:
    return found(store, PersonQuery(1, search=search))


def by(key: str, condition: Condition) -> FilterTree:
    return Filter(Operand(Source.PERSON, key), condition)


def filtered(store: Store, where: FilterTree) -> list[int]:
    return found(store, PersonQuery(1, where=where))


class PeopleIndexCases:
    """See the module."""

    def test_a_search_finds_parts_of_email_name_and_ids_in_any_case(self, store: Store) -> None:
        put(store, 1, {"email": "Ärger@Example.com", "x": "none"}, "first")
        put(store, 2, {"name": "50% Off_", "nick": "none"}, "second")
        put(store, 3, {}, "third", "ANON-3")
        put(store, 4, {"email": "Ärger@Example.com"}, "first", project_id=2)
        for search, expected in (
            ("äRGER@example", [1]),
            ("FIRST", [1]),
            ("50%", [2]),
            ("%o", []),
            ("f_", [2]),
            ("_f", []),
            ("anon", [3]),
            ("none", []),
            ("ir", [3, 1]),
            ("", [3, 2, 1]),
            (str(UUID(int=2)), [2]),
            (UUID(int=2).hex.upper(), [2]),
            (str(UUID(int=2))[:-1], []),
            ("m\x0050", []),
        ):
            assert searched(store, search) == expected, search

    def test_email_and_name_are_not_one_text(self, store: Store) -> None:
        put(store, 1, {"email": "ab", "name": "cd"})
        assert searched(store, "bc") == []

    def test_numbers_and_objects_are_searched_as_text(self, store: Store) -> None:
        put(store, 1, {"email": 5, "name": {"First": True}})
        assert searched(store, "5") == searched(store, '{"first":tr') == [1]

    def test_a_search_goes_by_the_present_value(self, store: Store) -> None:
        put(store, 1, {"email": "old"}, "a")
        put(store, 1, {"email": "new"}, version=2)
        assert (searched(store, "old"), searched(store, "new"), searched(store, "a")) == ([], [1], [1])

    def test_an_id_finds_who_holds_it_now(self, store: Store) -> None:
        kept, gone = put(store, 1, {}, "kept"), put(store, 2, {}, "moved")
        store.write([], Projection(gone=[(1, gone)], holders=[(1, "moved", kept)]))
        assert searched(store, "moved") == [1]
        assert found(store, PersonQuery(1, distinct_id="moved")) == [1]

    def test_an_id_of_a_person_that_was_deleted_finds_nobody_even_if_its_uuid_lives_again(self, store: Store) -> None:
        again = put(store, 1, {}, "again", "never")
        store.write([], Projection(gone=[(1, again)], holders=[(1, "again", again), (1, "never", UUID(int=9))]))
        assert searched(store, "again") == searched(store, "never") == []
        put(store, 1, {}, "again")
        assert searched(store, "again") == [1]
        assert searched(store, "never") == []

    def test_a_projection_applied_twice_finds_the_same(self, store: Store) -> None:
        for _ in range(2):
            put(store, 1, {"email": "a"}, "x")
        assert searched(store, "x") == searched(store, "a") == [1]

    def test_ids_email_and_times_are_matched_exactly(self, store: Store) -> None:
        put(store, 1, {"email": "A@b.c"}, "u1")
        put(store, 2, {"email": 5}, "u2")
        assert found(store, PersonQuery(1, distinct_id="u1", where=And(()))) == [1]
        assert found(store, PersonQuery(1, distinct_id="u", where=And(()))) == []
        assert found(store, PersonQuery(1, email="A@b.c")) == [1]
        assert found(store, PersonQuery(1, email="a@b.c")) == []
        assert found(store, PersonQuery(1, email="5")) == [2]
        assert found(store, PersonQuery(1, updated_after=NOON + SECOND)) == [2]
        assert found(store, PersonQuery(1, updated_after=NOON + 2 * SECOND)) == []
        assert found(store, PersonQuery(1, search="u", email="5", updated_after=NOON)) == [2]

    def test_an_email_is_matched_exactly_however_long_it_is(self, store: Store) -> None:
        long = "x" * 5000
        for number in (1, 2):
            put(store, number, {"email": f"{long}{number}"})
        assert found(store, PersonQuery(1, email=f"{long}2")) == [2]
        assert found(store, PersonQuery(1, email=long)) == []

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (OneOf(("5",)), [2, 1]),
            (Not(OneOf(("5",))), [6, 5, 4, 3]),
            (IsSet(), [6, 3, 2, 1]),
            (Not(IsSet()), [5, 4]),
            (Contains("über"), [6]),
            (Matches("^ÜBER"), [6]),
            (NumberIs(Comparison.GTE, 5.0), [2, 1]),
        ],
    )
    def test_a_property_meets_a_condition_whatever_its_key(
        self, store: Store, condition: Condition, expected: list[int]
    ) -> None:
        values: list[JsonValue] = [5, "5", {"a": 1}, None]
        for number, value in enumerate(values, start=1):
            put(store, number, {ODD_KEY: value})
        put(store, 5, {"other": 5})
        put(store, 6, {ODD_KEY: "ÜBER 100"})
        assert filtered(store, by(ODD_KEY, condition)) == expected

    def test_conditions_combine(self, store: Store) -> None:
        for number in (1, 2, 3):
            put(store, number, {"k": number})
        one, three = by("k", OneOf(("1",))), by("k", OneOf(("3",)))
        assert filtered(store, And(())) == [3, 2, 1]
        assert filtered(store, Or(())) == []
        assert filtered(store, Or((one, three))) == [3, 1]
        assert filtered(store, And((one, three))) == []
        assert filtered(store, And((one, Or((one, three))))) == [1]

    def test_what_is_no_filter_of_persons_is_refused(self, store: Store) -> None:
        put(store, 1, {})
        for where in (CohortFilter(1), Filter(Operand(Source.EVENT, "k"), IsSet())):
            with pytest.raises(InvalidInput):
                store.people.count(PersonQuery(1, where=where))

    def test_pages_follow_each_other_also_where_times_are_the_same(self, store: Store) -> None:
        for number in range(1, 8):
            at = NOON + number // 3 * SECOND
            copy = a_copy(1, UUID(int=number), {}, id=number, created_at=at)
            store.write([], Projection([copy]))
        query = PersonQuery(1, where=And(()))
        pages = [store.people.page(query, limit=2)]
        while pages[-1].has_more:
            pages.append(store.people.page(query, limit=2, after=pages[-1].places[-1]))
        assert [_ids(page) for page in pages] == [[7, 6], [5, 4], [3, 2], [1]]
        first = pages[2].places[0]
        back = store.people.page(query, limit=2, after=Position(first.created_at, first.id, backward=True))
        assert back == FoundPage(pages[1].places, has_more=True, count=pages[0].count)
        assert _ids(store.people.page(query, limit=3, offset=5)) == [2, 1]
        assert list(store.people.ids(query, limit=3)) == [7, 6, 5]

    def test_pages_of_a_search_follow_each_other_whatever_was_found(self, store: Store) -> None:
        for number in range(1, 8):
            put(store, number, {"email": "ada"} if number % 3 else {}, "ada" if number == 3 else f"u{number}ada")
        query = PersonQuery(1, search="ADA")
        pages = [store.people.page(query, limit=3)]
        while pages[-1].has_more:
            pages.append(store.people.page(query, limit=3, after=pages[-1].places[-1]))
        assert [_ids(page) for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]
        first = pages[-1].places[0]
        back = store.people.page(query, limit=3, after=Position(first.created_at, first.id, backward=True))
        assert back == FoundPage(pages[1].places, has_more=True, count=pages[0].count)
        for offset in range(8):
            assert _ids(store.people.page(query, limit=2, offset=offset)) == [7, 6, 5, 4, 3, 2, 1][offset : offset + 2]

    @pytest.mark.parametrize("query", [PersonQuery(1, where=And(())), PersonQuery(1, search="EXAMPLE")])
    def test_pages_of_a_great_many_follow_each_other(self, store: Store, query: PersonQuery) -> None:
        copies = [
            a_copy(1, UUID(int=number), {"email": "a@example.com"}, id=number, created_at=NOON + number // 3 * SECOND)
            for number in range(1, 1_206)
        ]
        store.write([], Projection(copies))
        pages = [store.people.page(query, limit=300)]
        while pages[-1].has_more:
            pages.append(store.people.page(query, limit=300, after=pages[-1].places[-1]))
        assert [number for page in pages for number in _ids(page)] == [*range(1_205, 0, -1)]
        assert {page.count for page in pages} == {1_205}
        back = store.people.page(query, limit=300, after=replace(pages[2].places[0], backward=True))
        assert back == pages[1]
        assert _ids(store.people.page(query, limit=3, offset=1_203)) == [2, 1]
        assert store.people.page(query, limit=3, offset=10**30) == FoundPage([], False, 1_205)

    def test_a_page_without_anybody_tells_how_many_there_are(self, store: Store) -> None:
        for number in (1, 2, 3):
            put(store, number, {"email": "a@b.c"})
        query = PersonQuery(1, search="a@b")
        first, last = (Position(NOON + number * SECOND, number) for number in (3, 1))
        assert store.people.page(query, limit=2, offset=3) == FoundPage([], False, 3)
        assert store.people.page(query, limit=2, offset=10**30) == FoundPage([], False, 3)
        assert store.people.page(query, limit=2, after=last) == FoundPage([], False, 3)
        assert store.people.page(query, limit=2, after=replace(first, backward=True)) == FoundPage([], False, 3)
        assert store.people.page(PersonQuery(1, search="nobody"), limit=2) == FoundPage([], False, 0)

    def test_a_search_finds_everybody_whose_id_contains_it_however_many(self, store: Store) -> None:
        numbers = range(1, 1_206)
        copies = [a_copy(1, UUID(int=number), {}, id=number, created_at=NOON) for number in numbers]
        given = [(1, f"u{number}", UUID(int=number)) for number in numbers]
        store.write([], Projection(copies, ids=given))
        for search, found in (("U", [*numbers]), ("u120", [120, *range(1200, 1206)]), ("u1205", [1205]), ("x", [])):
            query = PersonQuery(1, search=search)
            page = store.people.page(query, limit=3)
            assert _ids(page) == found[::-1][:3]
            assert page.count == store.people.count(query) == len(found)
            assert list(store.people.ids(query)) == found[::-1]

    def test_values_are_the_most_frequent_texts(self, store: Store) -> None:
        for number, value in enumerate(["b", "b", "A", "a", "", None, 5], start=1):
            put(store, number, {"k": value})
        put(store, 8, {"k": "foreign"}, project_id=2)
        assert _values(store, "k", "") == [("b", 2), ("5", 1), ("A", 1), ("a", 1)]
        assert _values(store, "k", "a") == [("A", 1), ("a", 1)]
        assert _values(store, "k", "%") == _values(store, "unknown", "") == []
        assert list(store.people.values(1, "k", part="", limit=1)) == [("b", 2)]


def _ids(page: FoundPage) -> list[int]:
    return [place.id for place in page.places]


def _values(store: Store, key: str, part: str) -> Sequence[tuple[str, int]]:
    return list(store.people.values(1, key, part=part, limit=20))
