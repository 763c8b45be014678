"""What every `DeletionRepository` promises. A subclass gives the fixture `begin`, units of work on an empty store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hedgerow.domain.deletions import (
    Backlog,
    Deletion,
    DeletionKind,
    DeletionQuery,
    DeletionRequest,
    DeletionStatus,
)
from hedgerow.domain.ports import UnitOfWorkFactory

from .account_repository import NOON, a_user

ADA, BOB = UUID(int=1), UUID(int=2)
LATER = NOON + timedelta(hours=1)


def of(
    uuid: UUID = ADA,
    *,
    at: datetime = NOON,
    project_id: int = 1,
    by: int | None = None,
    ids: tuple[str, ...] = ("u1",),
    persons: tuple[int, ...] = (7,),
) -> DeletionRequest:
    return DeletionRequest(project_id, DeletionKind.PERSON, str(uuid), at, by, distinct_ids=ids, person_ids=persons)


def of_group(index: int | None, key: str = "acme") -> DeletionRequest:
    return DeletionRequest(1, DeletionKind.GROUP, key, NOON, None, group_type_index=index)


def ask(begin: UnitOfWorkFactory, *requests: DeletionRequest) -> None:
    with begin() as work:
        work.deletions.request(requests)
        work.commit()


def pending(begin: UnitOfWorkFactory) -> list[Deletion]:
    with begin(write=False) as work:
        return list(work.deletions.pending())


def page(begin: UnitOfWorkFactory, query: DeletionQuery, *, limit: int = 100, offset: int = 0) -> list[Deletion]:
    with begin(write=False) as work:
        return list(work.deletions.page(query, limit=limit, offset=offset))


def verify(begin: UnitOfWorkFactory, deletion: Deletion) -> bool:
    with begin() as work:
        begun = work.deletions.begin([replace(deletion, events_deleted=3, content_hash="cafe")])
        done = work.deletions.finish([replace(deletion, events_left=0, verified_at=LATER)])
        work.commit()
    assert begun == done
    return done == {deletion.id}


class DeletionRepositoryContract:
    """See the module."""

    def test_a_request_waits_as_it_was_made(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            user = a_user(work)
            request = of(by=user.id, ids=("u1", "日本"), persons=(7, 8))
            work.deletions.request([request])
            work.commit()
        (deletion,) = pending(begin)
        assert deletion == Deletion(deletion.id, request)
        assert deletion.status is DeletionStatus.PENDING

    def test_a_pending_request_is_extended(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of(), of(BOB))
        ask(begin, of(at=LATER, ids=("u2", "u1"), persons=(9,)))
        assert [one.request for one in pending(begin)] == [
            of(at=LATER, ids=("u1", "u2"), persons=(7, 9)),
            of(BOB),
        ]
        ask(begin, of(at=NOON))
        assert pending(begin)[0].request.at == LATER

    def test_requests_of_other_projects_kinds_and_groups_are_others(self, begin: UnitOfWorkFactory) -> None:
        team = DeletionRequest(1, DeletionKind.TEAM, str(ADA), NOON, None)
        asked = [of(), of(project_id=2), team, of_group(0), of_group(1), of_group(0, "other")]
        for _ in range(2):
            ask(begin, *asked)
        assert [one.request for one in pending(begin)] == asked

    def test_a_verified_request_is_a_receipt_and_blocks_nothing(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of())
        (first,) = pending(begin)
        assert verify(begin, first)
        assert not verify(begin, first)
        assert pending(begin) == []
        ask(begin, of(at=LATER))
        second, receipt = page(begin, DeletionQuery(1))
        assert (receipt.id, receipt.verified_at, receipt.events_deleted) == (first.id, LATER, 3)
        assert receipt.status is DeletionStatus.COMPLETED
        assert pending(begin) == [second]
        assert second.id > first.id

    def test_a_request_extended_meanwhile_is_not_verified(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of())
        (seen,) = pending(begin)
        ask(begin, of(at=LATER))
        assert not verify(begin, seen)
        assert [one.request.at for one in pending(begin)] == [LATER]

    def test_what_is_to_be_erased_is_noted_once_for_a_time(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of())
        (asked,) = pending(begin)
        noted = replace(asked, events_deleted=3, content_hash="cafe")
        with begin() as work:
            assert work.deletions.begin([noted]) == {asked.id}
            assert work.deletions.begin([replace(noted, events_deleted=2)]) == set()
            work.commit()
        assert pending(begin) == [replace(noted, erased_until=NOON)]
        ask(begin, of(at=LATER))
        with begin() as work:
            assert work.deletions.begin([noted]) == set()  # extended since
            assert work.deletions.finish([replace(noted, events_left=0, verified_at=LATER)]) == set()
            (extended,) = work.deletions.pending()
            assert work.deletions.begin([replace(extended, events_deleted=4)]) == {asked.id}
            assert work.deletions.finish([replace(extended, events_left=1)]) == {asked.id}
            work.commit()
        (left,) = pending(begin)
        assert (left.events_deleted, left.events_left, left.erased_until) == (4, 1, LATER)

    def test_a_receipt_names_no_ids_and_tells_whether_files_may_have_them(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of(), of(BOB))
        first, second = pending(begin)
        assert verify(begin, first)
        with begin() as work:
            assert work.deletions.unpurged() == [first.id]
            work.deletions.purged([first.id], at=LATER)
            work.commit()
        with begin(write=False) as work:
            assert work.deletions.unpurged() == []
            receipt, waiting = work.deletions.get(first.id), work.deletions.get(second.id)
            assert work.deletions.get(10**30) is work.deletions.get(0) is None
        assert receipt
        assert waiting
        assert (receipt.request, receipt.purged_at) == (replace(first.request, distinct_ids=()), LATER)
        assert waiting.request.distinct_ids == ("u1",)

    def test_only_what_has_not_been_begun_is_cancelled(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of(), of(BOB), of_group(0))
        first, second, third = pending(begin)
        verify(begin, first)
        with begin() as work:
            work.deletions.begin([second])
            cancelled = [work.deletions.cancel(number) for number in (first.id, second.id, third.id, third.id, 0)]
            work.commit()
        assert cancelled == [False, False, True, False, False]
        assert [one.id for one in pending(begin)] == [second.id]

    def test_the_queue_is_read_in_parts(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, *(of_group(0, str(number)) for number in range(5)))
        everything = pending(begin)
        with begin(write=False) as work:
            assert work.deletions.pending(after=everything[1].id, limit=2) == everything[2:4]
            assert work.deletions.page(DeletionQuery(None, kind=None), limit=10) == everything[::-1]
            assert work.deletions.count(DeletionQuery(1, kind=DeletionKind.GROUP)) == 5
            assert work.deletions.count(DeletionQuery(None)) == 0

    def test_pages_have_the_newest_first(self, begin: UnitOfWorkFactory) -> None:
        people = [UUID(int=number) for number in range(4)]
        ask(begin, *(of(uuid, at=NOON + timedelta(seconds=at)) for uuid, at in zip(people, (1, 3, 2, 3), strict=True)))
        ask(begin, of_group(0), of(project_id=2))
        keys = [one.request.key for one in page(begin, DeletionQuery(1))]
        assert keys == [str(people[number]) for number in (3, 1, 2, 0)]
        assert [one.request.key for one in page(begin, DeletionQuery(1), limit=2, offset=1)] == keys[1:3]
        assert page(begin, DeletionQuery(1), offset=10**30) == []

    def test_deletions_are_found_by_status_and_person(self, begin: UnitOfWorkFactory) -> None:
        ask(begin, of(), of(BOB))
        verify(begin, pending(begin)[0])
        for query, found in (
            (DeletionQuery(1), [BOB, ADA]),
            (DeletionQuery(1, DeletionStatus.PENDING), [BOB]),
            (DeletionQuery(1, DeletionStatus.COMPLETED), [ADA]),
            (DeletionQuery(1, person_uuid=ADA), [ADA]),
            (DeletionQuery(1, DeletionStatus.PENDING, ADA), []),
            (DeletionQuery(2), []),
        ):
            assert [UUID(one.request.key) for one in page(begin, query)] == found
            with begin(write=False) as work:
                assert work.deletions.count(query) == len(found)

    def test_without_commit_nothing_is_asked(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            work.deletions.request([of()])
        assert pending(begin) == []

    def test_it_tells_how_many_are_pending_and_since_when(self, begin: UnitOfWorkFactory) -> None:
        with begin(write=False) as work:
            assert work.deletions.backlog() == Backlog(0, None)
        ask(begin, of(ADA, at=LATER), of(BOB, at=NOON), of_group(1))
        with begin() as work:
            assert work.deletions.backlog() == Backlog(3, NOON)
            early = [one for one in work.deletions.pending() if one.request.at == NOON]
            work.deletions.begin(early)
            work.deletions.finish([replace(one, events_left=0, verified_at=LATER) for one in early])
            assert work.deletions.backlog() == Backlog(1, LATER)
