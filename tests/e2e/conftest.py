"""A whole application on real embedded stores, and a client that speaks to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hedgerow.entrypoints.bootstrap import Services, open_services
from hedgerow.entrypoints.web import create_app
from werkzeug.test import TestResponse

from .stores import settings


class World:
    """A project of its own on the application, its token, and a user whose key may do everything."""

    def __init__(self, services: Services, client: FlaskClient) -> None:
        self.services = services
        self.client = client
        self.project = services.accounts.create_project("Shop")
        self.token = self.project.api_token
        self.email = f"owner{self.project.id}@example.com"
        services.accounts.create_user(self.email)
        self.key = self.new_key("*")

    def new_key(self, *scopes: str, projects: tuple[int, ...] = ()) -> str:
        """Another key of the same user."""
        return self.services.accounts.create_key(self.email, scopes=scopes, projects=projects)[1]

    def send(self, payload: object, path: str = "/batch/", **options: Any) -> TestResponse:
        """POST a payload as JSON to a capture route."""
        return self.client.post(path, data=json.dumps(payload), content_type="application/json", **options)

    def capture(self, *events: dict[str, Any], token: str | None = None) -> None:
        """Send a batch that must be accepted."""
        response = self.send({"api_key": token or self.token, "batch": list(events)})
        assert (response.status_code, response.json) == (200, {"status": "Ok"}), response.text

    def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> TestResponse:
        """Call the private API; a path without a leading slash is under the project."""
        if not path.startswith("/"):
            path = f"/api/projects/{self.project.id}/{path}"
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET that must succeed; lists and objects in the query become JSON texts."""
        query = {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in query.items()}
        response = self.call("GET", path, query_string=query or None)
        assert response.status_code == 200, response.text
        return response.json

    def person(self, distinct_id: str) -> Any:
        """The one person with a distinct id, or None."""
        rows = self.get("persons", distinct_id=distinct_id)["results"]
        assert len(rows) <= 1
        return rows[0] if rows else None

    def persons(self) -> Any:
        return self.get("persons")["results"]

    def count(self, math: str = "total", event: str | None = None, **query: Any) -> float:
        """One number of all events ever."""
        series = [{"id": event, "math": math}]
        answer = self.get(
            "insights/trend",
            events=series,
            date_from="1990-01-01",
            date_to="2050-01-01",
            display="BoldNumber",
            refresh="true",
            **query,
        )
        return float(answer["result"][0]["aggregated_value"])


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The stores; tests keep apart by having a project each."""
    services = open_services(settings(tmp_path_factory.mktemp("data"), rate_limits="off"))
    try:
        yield services
    finally:
        services.close()


@pytest.fixture(scope="session")
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


@pytest.fixture
def world(services: Services, client: FlaskClient) -> World:
    return World(services, client)


def assert_error(
    response: TestResponse, status: int, code: str, detail: str | None = None, attr: str | None = None
) -> None:
    """The one shape of every private error."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    body: Any = response.json
    assert list(body) == ["type", "code", "detail", "attr"]
    assert body["code"] == code
    assert body["attr"] == attr
    if detail is not None:
        assert body["detail"] == detail
