"""What every `ActivityRepository` promises. A subclass gives the fixture `begin`, units of work on an empty store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hedgerow.domain.activity import Change, Entry, erased
from hedgerow.domain.activity_log import ActivityQuery, SignedEntry
from hedgerow.domain.events import JsonValue
from hedgerow.domain.ports import UnitOfWorkFactory

from .account_repository import NOON, a_user

DETAIL: dict[str, JsonValue] = {
    "changes": [Change("Person", "plan", {"a": [1, None]}, 1.5).body()],
    "trigger": None,
    "name": "Ada",
    "short_id": None,
    "type": None,
}
ENTRY = Entry(UUID(int=1), 1, None, "updated", "Person", "17", DETAIL, NOON)


def an_entry(
    number: int,
    *,
    at: datetime = NOON,
    project_id: int | None = 1,
    user_id: int | None = None,
    activity: str = "updated",
    scope: str = "Person",
    item_id: str = "17",
) -> Entry:
    return Entry(UUID(int=number), project_id, user_id, activity, scope, item_id, DETAIL, at)


class ActivityRepositoryContract:
    """See the module."""

    def test_an_entry_is_kept_as_it_is(self, begin: UnitOfWorkFactory) -> None:
        keep(begin, ENTRY)
        assert found(begin, ActivityQuery(1)) == [ENTRY]

    def test_an_entry_is_signed_by_its_author(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            user = a_user(work)
            work.activity.add([an_entry(1, user_id=user.id), an_entry(2), an_entry(3, user_id=user.id + 1)])
            work.commit()
        with begin(write=False) as work:
            rows = list(work.activity.page(ActivityQuery(1), limit=9))
        assert rows == [
            SignedEntry(an_entry(3, user_id=user.id + 1)),
            SignedEntry(an_entry(2)),
            SignedEntry(an_entry(1, user_id=user.id), "Ada", "ada@example.com"),
        ]

    def test_entries_are_newest_first_then_by_descending_id(self, begin: UnitOfWorkFactory) -> None:
        entries = [an_entry(number, at=NOON + timedelta(microseconds=at)) for number, at in ((4, 1), (1, 2), (3, 1))]
        keep(begin, *entries)
        assert [entry.id.int for entry in found(begin, ActivityQuery(1))] == [1, 4, 3]
        with begin(write=False) as work:
            assert [one.entry.id.int for one in work.activity.page(ActivityQuery(1), limit=1, offset=1)] == [4]
            assert work.activity.page(ActivityQuery(1), limit=1, offset=10**30) == []
            assert work.activity.count(ActivityQuery(1)) == 3

    def test_entries_are_found_by_what_they_are_about(self, begin: UnitOfWorkFactory) -> None:
        keep(
            begin,
            an_entry(1),
            an_entry(2, item_id="18"),
            an_entry(3, scope="Insight", item_id="17"),
            an_entry(4, activity="deleted", user_id=5),
            an_entry(5, project_id=2),
            an_entry(6, project_id=None, scope="PersonalAPIKey", item_id="k"),
        )
        for query, numbers in (
            (ActivityQuery(1), [6, 4, 3, 2, 1]),
            (ActivityQuery(1, ("Person",)), [4, 2, 1]),
            (ActivityQuery(1, ("Person", "PersonalAPIKey")), [6, 4, 2, 1]),
            (ActivityQuery(1, ("Nothing",)), []),
            (ActivityQuery(1, ("Person",), "17"), [4, 1]),
            (ActivityQuery(1, item_id="17"), [4, 3, 1]),
            (ActivityQuery(1, user_id=5), [4]),
            (ActivityQuery(1, activity="updated"), [6, 3, 2, 1]),
            (ActivityQuery(1, item_id="\0"), []),
            (ActivityQuery(2, ("Person",)), [5]),
        ):
            assert [entry.id.int for entry in found(begin, query)] == numbers, query
            with begin(write=False) as work:
                assert work.activity.count(query) == len(numbers)

    def test_erasing_empties_the_values_about_those_persons_only(self, begin: UnitOfWorkFactory) -> None:
        unnamed = replace(an_entry(2, activity="deleted"), detail={**DETAIL, "changes": None})
        others = [an_entry(3, item_id="18"), an_entry(4, scope="Insight"), an_entry(5, project_id=2)]
        keep(begin, an_entry(1), unnamed, *others)

        with begin() as work:
            work.activity.erase(1, [17, 99])
            work.commit()

        assert found(begin, ActivityQuery(1)) == [others[1], others[0], unnamed, erased(an_entry(1))]
        assert found(begin, ActivityQuery(2)) == [others[2]]

    def test_without_commit_there_is_no_entry(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            work.activity.add([ENTRY])
        assert found(begin, ActivityQuery(1)) == []


def keep(begin: UnitOfWorkFactory, *entries: Entry) -> None:
    with begin() as work:
        work.activity.add(entries)
        work.commit()


def found(begin: UnitOfWorkFactory, query: ActivityQuery) -> list[Entry]:
    with begin(write=False) as work:
        return [one.entry for one in work.activity.page(query, limit=100)]
