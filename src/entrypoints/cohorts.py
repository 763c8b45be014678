"""The cohort routes."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from ..domain.access import Resource
from ..domain.accounts import Project
from ..domain.ports import PersonQuery
from ..domain.properties import CohortFilter
from .api import PrivateBlueprint, json_response
from .auth import entered, scoped
from .bootstrap import services
from .persons import page_of, read_reference
from .schemas.cohorts import (
    CohortChangeSchema,
    CohortMemberArguments,
    CohortPageSchema,
    CohortSchema,
    NewCohortSchema,
    PersonCohortArguments,
    PersonCohortsSchema,
    cohort_body,
)
from .schemas.pages import PageArguments, page_body, read_page
from .schemas.persons import PersonPageSchema

blueprint = PrivateBlueprint("cohorts", __name__, description="Named sets of persons.")


@blueprint.route("/cohorts")
class Cohorts(MethodView):
    """The cohorts of a project."""

    @scoped("cohort:read", objects=Resource.COHORT)
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, CohortPageSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List cohorts, newest first"""
        limit, offset = read_page(arguments)
        cohorts, count = services().cohorts.page(entered(), limit=limit, offset=offset)
        users = services().accounts.users_by_id()
        rows = [cohort_body(cohort, users, entered()) for cohort in cohorts]
        return json_response(page_body(rows, count, limit, offset))

    @scoped("cohort:write")
    @blueprint.arguments(NewCohortSchema)
    @blueprint.response(201, CohortSchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Make a cohort"""
        cohort = services().cohorts.create(entered(), body)
        return json_response(cohort_body(cohort, services().accounts.users_by_id(), entered()), 201)


@blueprint.route("/cohorts/<int:cohort_id>")
class OneCohort(MethodView):
    """One cohort."""

    @scoped("cohort:read", objects=Resource.COHORT)
    @blueprint.response(200, CohortSchema)
    def get(self, cohort_id: int, project: Project) -> Response:
        """Retrieve a cohort"""
        cohort = services().cohorts.get(entered(), cohort_id)
        return json_response(cohort_body(cohort, services().accounts.users_by_id(), entered()))

    @scoped("cohort:write", objects=Resource.COHORT)
    @blueprint.arguments(CohortChangeSchema)
    @blueprint.response(200, CohortSchema)
    def patch(self, body: dict[str, Any], cohort_id: int, project: Project) -> Response:
        """Change a cohort"""
        cohort = services().cohorts.update(entered(), cohort_id, body)
        return json_response(cohort_body(cohort, services().accounts.users_by_id(), entered()))

    @scoped("cohort:write", objects=Resource.COHORT)
    @blueprint.response(204)
    def delete(self, cohort_id: int, project: Project) -> Response:
        """Delete a cohort; filters on it are refused from now on"""
        services().cohorts.update(entered(), cohort_id, {"deleted": True})
        return Response(status=204)


@blueprint.route("/cohorts/<int:cohort_id>/persons")
class CohortPersons(MethodView):
    """The persons of a cohort, shown to those who may see persons."""

    @scoped("cohort:read", own=Resource.PERSON, objects=Resource.COHORT)
    @blueprint.arguments(CohortMemberArguments, location="query")
    @blueprint.response(200, PersonPageSchema)
    def get(self, arguments: dict[str, str], cohort_id: int, project: Project) -> Response:
        """List the persons of a cohort, newest first"""
        services().cohorts.get(entered(), cohort_id)
        query = PersonQuery(project.id, search=arguments.get("search") or None, where=CohortFilter(cohort_id))
        return json_response(page_of(query, arguments, project))


@blueprint.route("/persons/cohorts")
class PersonCohorts(MethodView):
    """The cohorts of a person."""

    @scoped("person:read", "cohort:read")
    @blueprint.arguments(PersonCohortArguments, location="query")
    @blueprint.response(200, PersonCohortsSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List the cohorts that a person is in"""
        found = services().cohorts.of_person(project, read_reference(arguments["person_id"]))
        rows = [{"id": one.cohort.id, "name": one.cohort.name, "count": one.count} for one in found]
        return json_response({"results": rows})
