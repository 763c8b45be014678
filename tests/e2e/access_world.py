"""The world of the access tests: owner ADA, members MEL, NIA and XIA, projects P and P2 open to all, Q closed to all
but XIA, insights i1 of MEL and i2 of NIA in P."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from hedgerow.domain.accounts import MemberLevel, Project, User
from hedgerow.entrypoints.bootstrap import Services, now
from hedgerow.entrypoints.web import create_app
from hedgerow.services.access_rules import AccessRuleService
from werkzeug.test import TestResponse


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

    def insight(self) -> str:
        """The id of a new insight of theirs in P."""
        response = self.call("POST", "insights", {"name": f"of {self.user.email}"})
        assert response.status_code == 201, response.text
        return str(response.json["id"])  # type: ignore[index]

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
    """See the module. `limit`: so many insights may have rules."""

    def __init__(self, services: Services, *, limit: int = 1000) -> None:
        rules = AccessRuleService(services.relational.begin, now, limit)
        self.services = replace(services, relational=replace(services.relational, access_rules=rules))
        self.client: FlaskClient = create_app(self.services).test_client()
        self.keys: dict[tuple[int, tuple[str, ...]], str] = {}
        self.ada = self.somebody("ada", MemberLevel.OWNER)
        self.mel, self.nia, self.xia = (self.somebody(name) for name in ("mel", "nia", "xia"))
        self.p, self.p2, self.q = (self.project(name) for name in ("P", "P2", "Q"))
        self.i1, self.i2 = self.mel.insight(), self.nia.insight()
        closed = f"/api/projects/{self.q.id}/access_controls"
        self.ada.call("PUT", closed, {"access_level": "none"})
        self.ada.call("PUT", closed, {"access_level": "member", "organization_member": self.xia.member_id})

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

    def entries(self, **filters: str) -> Any:
        """What ADA reads in the audit log of P, oldest first."""
        response = self.ada.call("GET", "activity_log", query_string={"limit": "1000", **filters})
        assert response.status_code == 200, response.text
        return response.json["results"][::-1]  # type: ignore[index]
