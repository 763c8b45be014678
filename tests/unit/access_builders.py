"""The world of the access tests: owner ADA, members MEL, NIA and XIA, roles R and S, project P, insight I1 of MEL."""

from datetime import UTC, datetime
from uuid import UUID

from hedgerow.domain.access import Level, Member, Resource, Rule, Target, project_target
from hedgerow.domain.accounts import MemberLevel, User

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
P, P2 = 1, 2
R, S = UUID(int=901), UUID(int=902)


def a_member(number: int, level: MemberLevel = MemberLevel.MEMBER, *, roles: frozenset[UUID] = frozenset()) -> Member:
    user = User(
        id=number,
        uuid=UUID(int=number),
        email=f"user{number}@example.com",
        first_name="",
        last_name="",
        is_active=True,
        created_at=NOON,
        member_id=UUID(int=100 + number),
        level=level,
    )
    return Member(user, roles)


ADA = a_member(1, MemberLevel.OWNER)
MEL, NIA, XIA = a_member(2), a_member(3), a_member(4)

PROJECT = project_target(P)
I1 = Target(P, Resource.INSIGHT, "1", created_by=2)
I2 = Target(P, Resource.INSIGHT, "2", created_by=3)
INSIGHTS = Target(P, Resource.INSIGHT)


def a_rule(target: Target, level: Level, *, member: Member | None = None, role: UUID | None = None) -> Rule:
    """A rule that names a member, a role or nobody."""
    return Rule(
        target.project_id,
        target.resource,
        target.resource_id,
        member.user.member_id if member else None,
        role,
        level,
        created_by=1,
        created_at=NOON,
        updated_at=NOON,
    )
