"""The persons routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.errors import InvalidInput
from ..domain.events import JsonValue
from ..domain.persons import Person
from ..domain.ports import Outline, PersonQuery, Position
from ..domain.properties import Scope, parse_filters_text, parse_path_rules
from ..domain.timestamps import parse_timestamp
from ..services.persons import INTEGER_ID_MAX
from .api import PrivateBlueprint, json_response, link
from .auth import scoped
from .bootstrap import services
from .csv import csv_response
from .description import also_as
from .person_csv import person_columns, person_rows
from .schemas.common import read_cursor, whole_number, write_cursor
from .schemas.persons import FormatArguments, PersonListArguments, PersonPageSchema, PersonSchema, person_body

blueprint = PrivateBlueprint("persons", __name__, description="The people that events are about.")

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


@blueprint.route("/persons", defaults={"suffix": ""})
@blueprint.route("/persons.<any(json, csv):suffix>", endpoint="persons_as_file")
class Persons(MethodView):
    """The persons of a project."""

    @scoped("person:read")
    @blueprint.arguments(PersonListArguments, location="query")
    @blueprint.response(200, PersonPageSchema)
    @blueprint.doc(**also_as("text/csv"))
    def get(self, arguments: dict[str, str], project: Project, suffix: str) -> Response:
        """List persons, newest first"""
        query = read_query(arguments, project)
        if (suffix or read_format(arguments)) == "csv":
            limit = whole_number(arguments.get("limit"), "limit", default=0, minimum=1) or None
            persons = services().persons
            columns = person_columns(persons.outlines(query, limit=limit), project)
            return csv_of(persons.stream(query, limit=limit), columns, arguments, project)
        return json_response(page_of(query, arguments, project))


@blueprint.route("/persons/<person_id>")
class OnePerson(MethodView):
    """One person, by uuid or integer id."""

    @scoped("person:read")
    @blueprint.arguments(FormatArguments, location="query")
    @blueprint.response(200, PersonSchema)
    @blueprint.doc(**also_as("text/csv"))
    def get(self, arguments: dict[str, str], person_id: str, project: Project) -> Response:
        """Retrieve a person"""
        person = services().persons.get(project.id, read_reference(person_id))
        if read_format(arguments) == "csv":
            columns = person_columns([Outline([person.properties], len(person.distinct_ids))], project)
            return csv_of([person], columns, arguments, project, every_id=True)
        return json_response(person_body(person, project, every_id=True))


def page_of(query: PersonQuery, arguments: dict[str, str], project: Project) -> dict[str, JsonValue]:
    """The page of persons that the arguments' `limit`, `offset` and `cursor` ask for, with links."""
    limit = whole_number(arguments.get("limit"), "limit", default=DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)
    offset = whole_number(arguments.get("offset"), "offset", default=0, minimum=0)
    position = read_position(arguments)
    page = services().persons.list(query, limit=limit, offset=offset, position=position)
    previous = link(cursor=write_cursor(page.previous), offset=None) if page.previous else None
    if position is None:
        previous = link(offset=(offset - limit) or None) if offset - limit >= 0 else None
    return {
        "results": [person_body(row, project, every_id=False) for row in page.rows],
        "next": link(cursor=write_cursor(page.next), offset=None) if page.next else None,
        "previous": previous,
        "count": page.count,
    }


def csv_of(
    persons: Iterable[Person],
    columns: Sequence[str],
    arguments: dict[str, str],
    project: Project,
    *,
    every_id: bool = False,
) -> Response:
    """Persons as a CSV download."""
    rows = person_rows(persons, columns, project, every_id=every_id)
    return csv_response(rows, "persons.csv", escape=arguments.get("csv_escape") != "none")


def read_format(arguments: dict[str, str]) -> str:
    """`json` or `csv`. Raises `InvalidInput` for another format."""
    name = arguments.get("format") or "json"
    if name not in ("json", "csv"):
        raise InvalidInput(f'"{name[:100]}" is not a valid choice.', "format", "invalid_choice")
    return name


def read_reference(text: str) -> int | UUID:
    """A uuid (dashes optional) or an integer id. Raises `InvalidInput` for anything else."""
    if len(text.replace("-", "")) == 32:
        try:
            return UUID(text)
        except ValueError:
            pass
    if text.isascii() and text.isdigit() and int(text[:20]) <= INTEGER_ID_MAX and len(text) < 20:
        return int(text)
    raise InvalidInput(
        "The ID provided does not look like a personID. If you are using a distinctId, "
        f"please use /persons?distinct_id={text} instead."
    )


def read_position(arguments: dict[str, str]) -> Position | None:
    """The cursor's position, or None. Raises `InvalidInput` for one beside an offset."""
    if not arguments.get("cursor"):
        return None
    if arguments.get("offset"):
        raise InvalidInput("cursor cannot be combined with offset", "cursor")
    return read_cursor(arguments["cursor"])


def read_query(arguments: dict[str, str], project: Project) -> PersonQuery:
    """The conditions of a list's query string."""
    where = None
    if arguments.get("properties"):
        where = parse_filters_text(
            arguments["properties"],
            Scope.PERSON,
            zone=ZoneInfo(project.timezone),
            path_rules=parse_path_rules([dict(rule) for rule in project.path_cleaning_filters]),
        )
    updated_after = None
    if arguments.get("updated_after"):
        updated_after = parse_timestamp(arguments["updated_after"])
        if updated_after is None:
            raise InvalidInput("A valid ISO 8601 time is required.", "updated_after")
    return PersonQuery(
        project.id,
        distinct_id=arguments.get("distinct_id") or None,
        email=arguments.get("email") or None,
        search=arguments.get("search") or None,
        where=where,
        updated_after=updated_after,
    )
