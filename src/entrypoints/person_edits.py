"""The routes that change persons. Everything is done when the answer arrives."""

from __future__ import annotations

from typing import Any, cast

import structlog
from flask import Response, g
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.errors import InvalidInput
from ..domain.events import JsonValue, Properties
from ..domain.normalisation import without_nul
from ..domain.uuids import parse_uuid
from .api import PrivateBlueprint, envelope, json_response, required
from .auth import scoped
from .bootstrap import services
from .persons import read_reference
from .schemas import person_edits as schemas
from .schemas.persons import PersonSchema, person_body

log = structlog.get_logger()

blueprint = PrivateBlueprint("person_edits", __name__, description="Changing, splitting and deleting persons.")

MAX_BULK = 1000
_NO_CREATION = (
    "Creating persons via this API is not allowed. Please create persons by sending an $identify event. "
    "See https://posthog.com/docs/product-analytics/identify for details."
)


@blueprint.route("/persons")
class Creation(MethodView):
    """Persons come from events only."""

    @scoped("person:write")
    @blueprint.response(405)
    def post(self, project: Project) -> Response:
        """Not allowed: persons are created by events"""
        return envelope(405, "invalid_request", "method_not_allowed", _NO_CREATION)


@blueprint.route("/persons/<person_id>")
class PersonEdits(MethodView):
    """One person, by uuid or integer id."""

    @scoped("person:write")
    @blueprint.arguments(schemas.PropertiesBody)
    @blueprint.response(200, PersonSchema)
    def patch(self, body: dict[str, Any], person_id: str, project: Project) -> Response:
        """Set properties of a person; others stay"""
        return _set(project, person_id, body["properties"])

    @scoped("person:write")
    @blueprint.arguments(schemas.PropertiesBody)
    @blueprint.response(200, PersonSchema)
    def put(self, body: dict[str, Any], person_id: str, project: Project) -> Response:
        """Set properties of a person; others stay, as with PATCH"""
        return _set(project, person_id, body["properties"])

    @scoped("person:write")
    @blueprint.arguments(schemas.DeleteArguments, location="query")
    @blueprint.response(204)
    def delete(self, arguments: dict[str, bool], person_id: str, project: Project) -> Response:
        """Delete a person, and its events if asked for"""
        services().person_edits.delete(
            project.id,
            read_reference(person_id),
            keep_person=arguments["keep_person"],
            delete_events=arguments["delete_events"],
            by=_user_id(),
        )
        return Response(status=204)


@blueprint.route("/persons/<person_id>/update_property")
class PropertyUpdate(MethodView):
    """One property of a person."""

    @scoped("person:write")
    @blueprint.arguments(schemas.PropertyBody)
    @blueprint.response(200, PersonSchema)
    def post(self, body: dict[str, Any], person_id: str, project: Project) -> Response:
        """Set one property of a person"""
        return _set(project, person_id, {body["key"]: body["value"]})


@blueprint.route("/persons/<person_id>/delete_property")
class PropertyDeletion(MethodView):
    """Properties of a person."""

    @scoped("person:write")
    @blueprint.arguments(schemas.UnsetArguments, location="query")
    @blueprint.arguments(schemas.UnsetBody)
    @blueprint.response(200, schemas.SuccessSchema)
    def post(self, arguments: dict[str, Any], body: dict[str, Any], person_id: str, project: Project) -> Response:
        """Remove properties of a person"""
        keys = body.get("unset")
        if keys is None:
            keys = arguments.get("unset")
        if keys is None:
            raise required("$unset")
        keys = [keys] if isinstance(keys, str) else keys
        if not _are_texts(keys):
            raise InvalidInput("must be a text or a list of texts", "$unset")
        services().person_edits.unset_properties(project.id, read_reference(person_id), keys, by=_user_id())
        return json_response({"success": True})


@blueprint.route("/persons/<person_id>/split")
class Split(MethodView):
    """The ids of a person."""

    @scoped("person:write")
    @blueprint.arguments(schemas.SplitBody)
    @blueprint.response(201, schemas.SuccessSchema)
    def post(self, body: dict[str, Any], person_id: str, project: Project) -> Response:
        """Make ids of a person persons of their own"""
        only, main = body.get("distinct_ids_to_split"), body.get("main_distinct_id")
        if only is not None and main is not None:
            raise InvalidInput("main_distinct_id cannot be combined with distinct_ids_to_split")
        if only is not None and not _are_texts(only):
            raise InvalidInput("must be a list of strings", "distinct_ids_to_split")
        if only is not None and not only:
            raise InvalidInput("must not be empty", "distinct_ids_to_split")
        services().person_edits.split(project.id, read_reference(person_id), main=main, only=only, by=_user_id())
        return json_response({"success": True}, 201)


@blueprint.route("/persons/<person_id>/delete_events")
class EventDeletion(MethodView):
    """The events of a person."""

    @scoped("person:write")
    @blueprint.response(202)
    def post(self, person_id: str, project: Project) -> Response:
        """Queue the deletion of a person's events; the person stays"""
        services().person_edits.delete(
            project.id, read_reference(person_id), keep_person=True, delete_events=True, by=_user_id()
        )
        return Response(status=202)

    @scoped("person:write")
    @blueprint.response(204)
    def delete(self, person_id: str, project: Project) -> Response:
        """Take back the pending deletion of a person's events

        Of a person who is gone by uuid. 404 when none is pending, 409 when it has been begun.
        """
        services().deletions.cancel_for(project.id, read_reference(person_id))
        return Response(status=204)


@blueprint.route("/persons/<person_id>/delete_recordings")
class RecordingDeletion(MethodView):
    """The recordings of a person, of which there are none."""

    @scoped("person:write")
    @blueprint.response(202)
    def post(self, person_id: str, project: Project) -> Response:
        """Do nothing: there are no recordings"""
        services().persons.get(project.id, read_reference(person_id))
        return Response(status=202)


@blueprint.route("/persons/bulk_delete")
class BulkDelete(MethodView):
    """Several persons."""

    @scoped("person:write")
    @blueprint.arguments(schemas.BulkDeleteBody)
    @blueprint.response(202, schemas.BulkDeletionSchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Delete up to 1000 persons, and their events if asked for"""
        ids, distinct_ids = body.get("ids") or [], body.get("distinct_ids") or []
        if ids and distinct_ids:
            raise InvalidInput("You must provide either distinct_ids or ids, not both")
        if not ids and not distinct_ids:
            raise InvalidInput("You need to specify either distinct_ids or ids")
        if max(len(ids), len(distinct_ids)) > MAX_BULK:
            raise InvalidInput(f"You can only pass {MAX_BULK} {'ids' if ids else 'distinct_ids'} in one call")
        uuids = {parse_uuid(text) for text in ids}
        if None in uuids:
            raise InvalidInput("Must be a valid UUID.", "ids")
        done = services().person_edits.delete_many(
            project.id,
            uuids={one for one in uuids if one},
            distinct_ids=set(distinct_ids),
            keep_person=body["keep_person"],
            delete_events=body["delete_events"],
            by=_user_id(),
        )
        for uuid, error in done.failed.items():
            log.error("person not deleted", person=str(uuid), exc_info=error)
        return json_response(
            {
                "persons_found": done.found,
                "persons_deleted": done.deleted,
                "events_queued_for_deletion": body["delete_events"] and done.found > 0,
                "recordings_queued_for_deletion": False,
                "deletion_errors": [{"person_uuid": str(uuid)} for uuid in done.failed],
            },
            202,
        )


@blueprint.route("/persons/reset_person_distinct_id")
class Reset(MethodView):
    """A distinct id whose person is gone."""

    @scoped("person:write")
    @blueprint.arguments(schemas.ResetBody)
    @blueprint.response(202)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Do nothing: an id that is used again makes a new person at once"""
        distinct_id = body.get("distinct_id")
        if not isinstance(distinct_id, str) or not distinct_id:
            raise InvalidInput("distinct_id is required")
        return Response(status=202)


def _set(project: Project, person_id: str, properties: Properties) -> Response:
    # No stored text has a NUL: not every database could hold it.
    properties = cast(Properties, without_nul(properties))
    person = services().person_edits.set_properties(project.id, read_reference(person_id), properties, by=_user_id())
    return json_response(person_body(person, project, every_id=True))


def _are_texts(value: JsonValue) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _user_id() -> int:
    user_id: int = g.caller.user.id
    return user_id
