"""Routes that read persons otherwise than as a list: values of a property, many persons at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Response
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.errors import InvalidInput
from ..domain.persons import Person, anonymous_last
from .api import PrivateBlueprint, json_response
from .auth import scoped
from .bootstrap import services
from .schemas.person_lookups import (
    DistinctIdsSchema,
    PersonsByKeySchema,
    UuidsSchema,
    ValuesArguments,
    ValuesSchema,
)
from .schemas.persons import person_body

blueprint = PrivateBlueprint("person_lookups", __name__, description="Persons by their ids, and their values.")

MAX_ENTRIES = 200
MAX_IDS = 10


@blueprint.route("/persons/values")
class Values(MethodView):
    """The values of a property."""

    @scoped("person:read")
    @blueprint.arguments(ValuesArguments, location="query")
    @blueprint.response(200, ValuesSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List the most frequent values of a property"""
        key, part = arguments.get("key", ""), arguments.get("value", "")
        counts: dict[str, int] = {}
        if key and not key.startswith("$virt"):
            for text, count in services().persons.values(project.id, key, part=part):
                name = _sorted_keys(text)
                counts[name] = counts.get(name, 0) + count
        results = [{"name": name, "count": count} for name, count in counts.items()]
        return json_response({"results": results, "refreshing": False})


@blueprint.route("/persons/batch_by_distinct_ids")
class BatchByDistinctIds(MethodView):
    """Persons by distinct ids."""

    @scoped("person:read")
    @blueprint.arguments(DistinctIdsSchema)
    @blueprint.response(200, PersonsByKeySchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Retrieve up to 200 persons by distinct ids"""
        wanted = [one for one in _entries(body.get("distinct_ids")) if isinstance(one, str)]
        found = services().persons.by_distinct_ids(project.id, wanted)
        return json_response({"results": {one: _body(person, project) for one, person in found.items()}})


@blueprint.route("/persons/batch_by_uuids")
class BatchByUuids(MethodView):
    """Persons by uuids."""

    @scoped("person:read")
    @blueprint.arguments(UuidsSchema)
    @blueprint.response(200, PersonsByKeySchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Retrieve up to 200 persons by uuids"""
        wanted = [_uuid(one) for one in _entries(body.get("uuids"))]
        found = services().persons.by_uuids(project.id, wanted)
        return json_response({"results": {str(one): _body(person, project) for one, person in found.items()}})


def _entries(value: object) -> list[Any]:
    return value[:MAX_ENTRIES] if isinstance(value, list) else []


def _uuid(value: object) -> UUID:
    try:
        return UUID(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("One or more UUIDs are invalid.") from None


def _body(person: Person, project: Project) -> dict[str, Any]:
    body = person_body(person, project, every_id=True)
    return {**body, "distinct_ids": anonymous_last(person.distinct_ids)[:MAX_IDS]}


def _sorted_keys(text: str) -> str:
    """Objects and lists with their keys in order; other texts as they are."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return text
