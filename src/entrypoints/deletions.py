"""The routes of the event-deletion queue."""

from __future__ import annotations

from flask import Response
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.deletions import DeletionQuery, DeletionStatus
from ..domain.errors import InvalidInput
from ..domain.uuids import parse_uuid
from .api import PrivateBlueprint, json_response, link
from .auth import scoped
from .bootstrap import services
from .schemas.common import whole_number
from .schemas.deletions import DeletionArguments, DeletionPageSchema, deletion_body

blueprint = PrivateBlueprint("deletions", __name__, description="What is to be erased, and what has been.")


@blueprint.route("/persons/deletion_status")
class DeletionStatuses(MethodView):
    """The deletions of a project's persons' events."""

    @scoped("person:read")
    @blueprint.arguments(DeletionArguments, location="query")
    @blueprint.response(200, DeletionPageSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List event deletions, newest first"""
        query = _read_query(arguments, project)
        limit = whole_number(arguments.get("limit"), "limit", default=100, minimum=1, maximum=1000)
        offset = whole_number(arguments.get("offset"), "offset", default=0, minimum=0)
        page = services().deletions.page(query, limit=limit, offset=offset)
        more = offset + len(page.rows) < page.count and page.rows
        return json_response(
            {
                "count": page.count,
                "next": link(limit=limit, offset=offset + limit) if more else None,
                "previous": link(limit=limit, offset=max(offset - limit, 0) or None) if offset else None,
                "results": [deletion_body(row) for row in page.rows],
            }
        )


def _read_query(arguments: dict[str, str], project: Project) -> DeletionQuery:
    status, person = arguments.get("status") or "all", None
    if status not in ("all", *DeletionStatus):
        raise InvalidInput(f'"{status}" is not a valid choice.', "status", "invalid_choice")
    if arguments.get("person_uuid"):
        person = parse_uuid(arguments["person_uuid"])
        if person is None:
            raise InvalidInput("Must be a valid UUID.", "person_uuid")
    return DeletionQuery(project.id, None if status == "all" else DeletionStatus(status), person)
