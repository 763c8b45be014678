"""What every `PropertyRepository` promises. A subclass gives the fixture `begin`, units of work on an empty store."""

from __future__ import annotations

from collections.abc import Collection

from hedgerow.domain.ports import MAX_PROPERTY_KEY, UnitOfWorkFactory
from hypothesis import given
from hypothesis import strategies as st

from .person_repository import a_project, on_one_store


def define(
    begin: UnitOfWorkFactory,
    project: int,
    keys: Collection[str],
    *,
    kind: str = "event",
    slots: int = 2,
    limit: int = 100,
) -> dict[str, int | None]:
    with begin() as work:
        work.properties.define(project, kind, keys, slots=slots, limit=limit)
        work.commit()
    with begin(write=False) as work:
        return work.properties.load(project, kind)


class PropertyRepositoryContract:
    """See the module."""

    def test_the_first_keys_get_the_slots_in_their_order(self, begin: UnitOfWorkFactory) -> None:
        assert define(begin, a_project(begin), ["c", "a", "b"]) == {"c": 0, "a": 1, "b": None}

    def test_a_known_key_keeps_its_slot(self, begin: UnitOfWorkFactory) -> None:
        project = a_project(begin)
        define(begin, project, ["a"])

        assert define(begin, project, ["b", "a", "c"]) == {"a": 0, "b": 1, "c": None}

    def test_a_key_that_came_too_late_stays_without_a_slot(self, begin: UnitOfWorkFactory) -> None:
        project = a_project(begin)
        define(begin, project, ["a", "b"], slots=1)

        assert define(begin, project, ["b", "c"], slots=3) == {"a": 0, "b": None, "c": 1}

    def test_projects_and_kinds_are_apart(self, begin: UnitOfWorkFactory) -> None:
        one, other = a_project(begin), a_project(begin)
        define(begin, one, ["a"])

        assert define(begin, one, ["b"], kind="person") == {"b": 0}
        assert define(begin, other, ["c"]) == {"c": 0}
        assert define(begin, one, []) == {"a": 0}

    def test_no_more_keys_than_the_limit(self, begin: UnitOfWorkFactory) -> None:
        project = a_project(begin)

        assert define(begin, project, ["a", "b", "c"], limit=2) == {"a": 0, "b": 1}
        assert define(begin, project, ["d"], limit=2) == {"a": 0, "b": 1}
        assert define(begin, project, ["d"], limit=1) == {"a": 0, "b": 1}

    def test_keys_differ_by_case_and_spaces_and_may_be_anything_up_to_a_length(self, begin: UnitOfWorkFactory) -> None:
        keys = ["a", "A", " a", "", "ä", "'; --", "日" * MAX_PROPERTY_KEY]

        assert define(begin, a_project(begin), [*keys, "x" * (MAX_PROPERTY_KEY + 1)], slots=9) == {
            key: slot for slot, key in enumerate(keys)
        }

    def test_without_commit_no_key_is_known(self, begin: UnitOfWorkFactory) -> None:
        project = a_project(begin)
        with begin() as work:
            work.properties.define(project, "event", ["a"], slots=1, limit=1)

        assert define(begin, project, []) == {}

    @on_one_store
    @given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), max_size=5))
    def test_no_slot_is_given_twice(self, begin: UnitOfWorkFactory, batches: list[list[str]]) -> None:
        project = a_project(begin)
        known: dict[str, int | None] = {}
        for keys in batches:
            after = define(begin, project, keys, slots=4)
            assert known.items() <= after.items()
            known = after

        slots = [slot for slot in known.values() if slot is not None]
        assert sorted(slots) == list(range(min(4, len(known))))
