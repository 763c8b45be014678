"""The timeline route."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, request
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.timeline_requests import parse_timeline
from .api import PrivateBlueprint, json_response
from .auth import scoped
from .bootstrap import services
from .persons import read_reference
from .schemas.common import instant
from .schemas.timelines import TimelineArguments, TimelineSchema

blueprint = PrivateBlueprint("timelines", __name__, description="How a person's properties changed.")


@blueprint.route("/persons/<person_id>/properties_timeline")
class PropertiesTimeline(MethodView):
    """One person's timeline."""

    @scoped("person:read")
    @blueprint.arguments(TimelineArguments, location="query")
    @blueprint.response(200, TimelineSchema)
    def get(self, arguments: dict[str, str], person_id: str, project: Project) -> Response:
        """Tell how a person's properties changed with its events"""
        query = parse_timeline(request.args, project)
        timeline = services().timelines.run(project, read_reference(person_id), query)
        zone = ZoneInfo(project.timezone)
        return json_response(
            {
                "points": [
                    {"timestamp": instant(one.at), "properties": one.properties, "relevant_event_count": one.count}
                    for one in timeline.points
                ],
                "crucial_property_keys": list(query.keys),
                "effective_date_from": timeline.date_from.astimezone(zone).isoformat(),
                "effective_date_to": timeline.date_to.astimezone(zone).isoformat(),
            }
        )
