"""The world of the access tests: owner ADA, members MEL, NIA and XIA, projects P and P2 open to all, Q closed to all
but XIA, insights i1 of MEL and i2 of NIA in P."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from hedgerow.domain.access import Resource, Target, project_target
from hedgerow.domain.accounts import MemberLevel, Project, User
from hedgerow.domain.activity import Entry
from hedgerow.domain.ports import UnitOfWork
from hedgerow.entrypoints.bootstrap import Services, now
from hedgerow.entrypoints.web import create_app
from hedgerow.services.access_rules import AccessRuleService
from hedgerow.services.accounts import AccountService
from werkzeug.test import TestResponse

_numbers = itertools.count(1)


@dataclass
class Somebody:
    """A user, and the world that they call the API in."""

    world: AccessWorld
    user: User

    @property
    def member_id(self) -> str:
        return str(self.user.member_id)

    def key(self, *scopes: str, projects: tuple[int, ...] = ()) -> str:
        return self.world.services.accounts.create_key(self.user.email, scopes=scopes, projects=projects)[1]

    def call(
        self, method: str, path: str, body: Any = None, *, scopes: tuple[str, ...] = ("*",), **options: Any
    ) -> TestResponse:
        """Call the API with a key of these scopes; a path without a leading slash is under P."""
        key = self.world.keys.get((self.user.id, scopes)) or self.key(*scopes)
        self.world.keys[self.user.id, scopes] = key
        if not path.startswith("/"):
            path = f"/api/projects/{self.world.p.id}/{path}"
        headers = {"Authorization": f"Bearer {key}"}
        return self.world.client.open(path, method=method, headers=headers, json=body, **options)


class AccessWorld:
    """See the module. `entries` are those of the audit log so far."""

    def __init__(self, services: Services, *, limit: int = 1000) -> None:
        self.entries: list[Entry] = []
        begin = services.relational.begin
        accounts = AccountService(begin, now, self._record)
        rules = AccessRuleService(begin, now, self._find, self._record, limit)
        self.services = replace(
            services, relational=replace(services.relational, accounts=accounts, access_rules=rules)
        )
        self.client: FlaskClient = create_app(self.services).test_client()
        self.keys: dict[tuple[int, tuple[str, ...]], str] = {}
        self.ada = self.somebody("ada", MemberLevel.OWNER)
        self.mel, self.nia, self.xia = (self.somebody(name) for name in ("mel", "nia", "xia"))
        self.p, self.p2, self.q = (self.project(name) for name in ("P", "P2", "Q"))
        self.i1, self.i2 = (str(next(_numbers)) for _ in range(2))
        self.insights = {self.i1: self.mel.user.id, self.i2: self.nia.user.id}
        closed = f"/api/projects/{self.q.id}/access_controls"
        self.ada.call("PUT", closed, {"access_level": "none"})
        self.ada.call("PUT", closed, {"access_level": "member", "organization_member": self.xia.member_id})
        self.entries.clear()

    def somebody(self, name: str, level: MemberLevel = MemberLevel.MEMBER) -> Somebody:
        return Somebody(self, self.services.accounts.create_user(f"{name}-{uuid4()}@example.com", level=level))

    def project(self, name: str) -> Project:
        return self.services.accounts.create_project(name)

    def role(self, *members: Somebody) -> str:
        """A new role's id."""
        roles = self.services.relational.roles
        role = roles.create(f"R{uuid4()}")
        for who in members:
            roles.add(role.name, who.user.email)
        return str(role.id)

    def rule(self, path: str, level: str | None, **body: Any) -> None:
        """ADA sets a rule."""
        response = self.ada.call("PUT", path, {"access_level": level, **body})
        assert response.status_code in (200, 204), response.text

    def _find(self, work: UnitOfWork, project_id: int, resource: Resource, reference: str) -> Target | None:
        if resource is Resource.PROJECT:
            return project_target(project_id)
        if resource is not Resource.INSIGHT or project_id != self.p.id or reference not in self.insights:
            return None
        return Target(project_id, resource, reference, self.insights[reference])

    def _record(self, work: UnitOfWork, entries: Any) -> None:
        self.entries += entries
