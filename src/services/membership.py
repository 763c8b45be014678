"""A user as a member, with the rules that concern them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..domain.access import Member, Resource, Rules, project_target, visible
from ..domain.accounts import Project, User
from ..domain.ports import UnitOfWork


def known(
    work: UnitOfWork,
    user: User,
    project_id: int | None,
    *,
    wholes: Collection[Resource] = (),
    objects: Collection[Resource] = (),
) -> tuple[Member, Rules]:
    """The member and what decides about them: rules on projects and on the resources asked for, in one query.

    Of their roles only those that such a rule names matter, so the rules tell them.
    """
    found = work.rules.for_member(user, project_id, wholes=wholes, objects={Resource.PROJECT, *objects})
    return Member(user, frozenset(rule.role for rule in found if rule.role)), Rules(found)


def enterable(work: UnitOfWork, user: User) -> Sequence[Project]:
    """The projects that a user may enter, oldest first."""
    member, rules = known(work, user, None)
    return visible(work.accounts.projects(), rules, member, lambda project: project_target(project.id))
