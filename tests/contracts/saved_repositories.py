"""What repositories of actions, cohorts and insights promise. A subclass gives the fixture `begin`, units of work on
an empty store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hedgerow.domain.access import Listing
from hedgerow.domain.cohorts import Cohort
from hedgerow.domain.insights import Insight, InsightQuery
from hedgerow.domain.ports import PersonQuery, UnitOfWorkFactory
from hedgerow.domain.saved_actions import SavedAction

from ..builders import an_event
from .account_repository import a_user
from .person_repository import NOON, a_project, capture

STEP: dict[str, Any] = {"event": "sign up", "properties": [{"key": "plan", "value": "pro"}], "url": None}


def an_action(project_id: int, name: str = "signed up") -> SavedAction:
    return SavedAction(0, project_id, name, "", ("a", "b"), (STEP,), False, NOON, None)


def a_cohort(project_id: int, name: str = "friends", *, is_static: bool = True) -> Cohort:
    return Cohort(0, project_id, name, "", is_static, {}, False, NOON, None)


def an_insight(project_id: int, short_id: str = "aB3dE6gH", **fields: Any) -> Insight:
    insight = Insight(
        id=0,
        project_id=project_id,
        short_id=short_id,
        name="",
        derived_name=None,
        description="",
        tags=("a",),
        favorited=False,
        saved=True,
        deleted=False,
        order=None,
        dashboards=(3, 4),
        query={"kind": "InsightVizNode"},
        filters={},
        created_at=NOON,
        created_by=None,
        last_modified_at=NOON,
        last_modified_by=None,
    )
    return replace(insight, **fields)


class SavedRepositoriesContract:
    """See the module."""

    @pytest.mark.parametrize(
        ("repository", "build"), [("actions", an_action), ("cohorts", a_cohort), ("insights", an_insight)]
    )
    def test_it_is_found_by_id_in_its_project_and_kept_as_saved(
        self, begin: UnitOfWorkFactory, repository: str, build: Any
    ) -> None:
        project, other = a_project(begin), a_project(begin)
        with begin() as work:
            kept = getattr(work, repository).add(build(project))
            assert kept == replace(build(project), id=kept.id)
            work.commit()
        with begin() as work:
            found = getattr(work, repository)
            assert found.get(project, kept.id) == kept
            assert found.get(other, kept.id) is None
            assert found.get(project, 10**30) is None
            found.save(replace(kept, name="new", deleted=True))
            assert found.get(project, kept.id) == replace(kept, name="new", deleted=True)

    @pytest.mark.parametrize(("repository", "build"), [("actions", an_action), ("cohorts", a_cohort)])
    def test_pages_have_the_newest_first_and_no_deleted_ones(
        self, begin: UnitOfWorkFactory, repository: str, build: Any
    ) -> None:
        project, other = a_project(begin), a_project(begin)
        with begin() as work:
            kept = getattr(work, repository)
            rows = [kept.add(build(project, f"{number}")) for number in range(4)]
            kept.add(build(other))
            kept.save(replace(rows[1], deleted=True))
            page = kept.page(project, limit=2, offset=0)
            assert ([row.name for row in page.rows], page.count) == (["3", "2"], 3)
            assert [row.name for row in kept.page(project, limit=2, offset=2).rows] == ["0"]

    @pytest.mark.parametrize(
        ("repository", "build"), [("actions", an_action), ("cohorts", a_cohort), ("insights", an_insight)]
    )
    @pytest.mark.parametrize("everything", [True, False])
    def test_pages_have_what_a_listing_shows_and_count_no_more(
        self, begin: UnitOfWorkFactory, repository: str, build: Any, everything: bool
    ) -> None:
        project = a_project(begin)
        with begin() as work:
            kept, user = getattr(work, repository), a_user(work)
            rows = [
                kept.add(replace(build(project, f"number{number}"), created_by=by))
                for number, by in enumerate([user.id, None, None, user.id])
            ]
            for creator, exceptions in ((None, ()), (None, (0, 1)), (user.id, ()), (user.id, (1, 3))):
                shown = Listing(creator, everything, frozenset(str(rows[one].id) for one in exceptions))
                if repository == "insights":
                    page = kept.find(InsightQuery(project, shown=shown), limit=10, offset=0)
                else:
                    page = kept.page(project, limit=10, offset=0, shown=shown)
                assert list(page.rows) == [row for row in rows[::-1] if shown.shows(str(row.id), row.created_by)]
                assert page.count == len(page.rows)

    @pytest.mark.parametrize(("repository", "build"), [("actions", an_action), ("cohorts", a_cohort)])
    def test_the_revision_grows_with_every_change_of_the_project(
        self, begin: UnitOfWorkFactory, repository: str, build: Any
    ) -> None:
        project, other = a_project(begin), a_project(begin)
        with begin() as work:
            kept = getattr(work, repository)
            seen = [kept.revision(project)]
            one = kept.add(build(project))
            seen.append(kept.revision(project))
            kept.save(replace(one, version=2, deleted=True))
            seen.append(kept.revision(project))
            kept.add(build(other))
            assert kept.revision(project) == seen[-1]
        assert seen == sorted(set(seen))

    def test_insights_are_found_by_what_they_are(self, begin: UnitOfWorkFactory) -> None:
        project, other = a_project(begin), a_project(begin)
        with begin() as work:
            user = a_user(work)
            insights = work.insights
            first = insights.add(an_insight(project, "one", name="Sign-UPS", favorited=True, created_by=user.id))
            second = insights.add(an_insight(project, "two", name="Orders", saved=False, order=7))
            insights.add(an_insight(project, "three", deleted=True))
            insights.add(an_insight(other, "one"))

            def found(**conditions: Any) -> list[Insight]:
                page = insights.find(InsightQuery(project, **conditions), limit=10, offset=0)
                assert page.count == len(page.rows)
                return list(page.rows)

            assert found() == [second, first]
            assert found(short_id="one") == [first]
            assert found(search="sign-up") == [first]
            assert found(search="%") == []
            assert found(saved=False) == [second]
            assert found(favorited=True) == [first]
            assert found(created_by=user.id) == [first]
            assert found(created_by=user.id + 1) == []
            assert insights.by_short_id(project, "two") == second
            assert insights.by_short_id(other, "two") is None

    def test_members_are_persons_of_the_project_named_by_uuid_or_distinct_id(self, begin: UnitOfWorkFactory) -> None:
        project, other = a_project(begin), a_project(begin)
        capture(begin, *(an_event(distinct_id=name, project_id=project) for name in ("ann", "ben", "cid")))
        capture(begin, an_event(distinct_id="ann", project_id=other))
        with begin() as work:
            ann, ben = (_one(work, project, name) for name in ("ann", "ben"))
            stranger = _one(work, other, "ann")
            cohort = work.cohorts.add(a_cohort(project))
            work.cohorts.add_members(cohort, [ann.uuid, stranger.uuid, uuid4()], ["ben", "nobody"])
            work.cohorts.add_members(cohort, [ann.uuid], [])
            assert list(work.cohorts.members(cohort)) == sorted([ann.uuid, ben.uuid])
            assert work.cohorts.sizes([cohort.id, cohort.id + 1]) == {cohort.id: 2}
            assert work.cohorts.static_of(ann.id) == {cohort.id}

    def test_a_membership_moves_with_a_merge(self, begin: UnitOfWorkFactory) -> None:
        project = a_project(begin)
        capture(begin, *(an_event(distinct_id=name, project_id=project) for name in ("ann", "anon", "ben")))
        with begin() as work:
            cohorts = [work.cohorts.add(a_cohort(project, name)) for name in ("one", "two")]
            work.cohorts.add_members(cohorts[0], [], ["anon"])
            work.cohorts.add_members(cohorts[1], [], ["anon", "ann"])
            work.commit()
        merge: dict[str, Any] = {"alias": "anon"}
        capture(begin, an_event("$merge_dangerously", "ann", merge, project_id=project))
        with begin(write=False) as work:
            ann = _one(work, project, "ann")
            assert set(ann.distinct_ids) == {"ann", "anon"}
            assert [list(work.cohorts.members(cohort)) for cohort in cohorts] == [[ann.uuid], [ann.uuid]]


def _one(work: Any, project_id: int, distinct_id: str) -> Any:
    return work.persons.page(PersonQuery(project_id, distinct_id=distinct_id), limit=1).rows[0]
