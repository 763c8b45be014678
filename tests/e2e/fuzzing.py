"""Schemathesis over the whole description, in process: every phase, on a project that has something of everything.

`python -m tests.e2e.fuzzing 100000` sends at least so many requests and says what it found.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from hedgerow.entrypoints.bootstrap import Services, open_services
from hedgerow.entrypoints.settings import Settings
from hedgerow.entrypoints.web import create_app
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.e2e.conftest import World

# What the description promises. The others ask which input is refused: its schemas tell people the forms of what
# they leave open (JSON in a text, ids in a path), and do not keep anything out.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)

# What the test client says of an id with a question mark, which it does not send.
_UNSENT = "Query string is defined in the path"


@dataclass
class Outcome:
    """What came of a run: how many requests with which status, how many
    checks of their answers, and what was not as described."""

    requests: Counter[int] = field(default_factory=Counter)
    checks: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(self.requests.items()))
        return f"{self.requests.total()} requests ({statuses}), {self.checks} checks, {len(self.failures)} failures"


def fuzz(world: World, path_regex: str, *, max_examples: int, seed: int) -> Outcome:
    """Send what schemathesis makes up for the operations whose paths match."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": {"Authorization": f"Bearer {world.key}"},
            "generation": {"max-examples": max_examples, "no-shrink": True, "deterministic": False},
            "suppress-health-check": ["too_slow"],  # a busy machine is no finding
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "output": {"sanitization": {"enabled": False}},
        }
    )
    schema = schemathesis.openapi.from_dict(description(world), config=config).include(path_regex=path_regex)
    schema.app = world.client.application
    # An id that makes the path of another operation, such as `persons/values`, gets that one's answer.
    others = {word for path in schema for word in path.split("/") if "{" not in word}
    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event.recorder, others, outcome)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            error = getattr(event, "value", None) or getattr(event, "exception", event)
            if _UNSENT not in str(error):
                outcome.failures.append(f"{getattr(event, 'label', '')}: {error}")
    return outcome


def description(world: World) -> dict[str, Any]:
    """The description, with the ids that there are among those to try."""
    found: dict[str, Any] = copy.deepcopy(world.client.get("/api/openapi.json").json)  # type: ignore[arg-type]
    project = str(world.project.id)
    known = {
        "project_id": [project, project, project, "@current", "0"],
        "person_id": [row["id"] for row in world.persons()] + [row["uuid"] for row in world.persons()],
        "insight_id": [row["id"] for row in world.get("insights")["results"]],
        "action_id": [row["id"] for row in world.get("actions")["results"]],
        "cohort_id": [row["id"] for row in world.get("cohorts")["results"]],
        "user_id": ["@me"],
    }
    for item in found["paths"].values():
        for parameter in item.get("parameters", []):
            values = known.get(parameter["name"])
            if values:
                parameter["schema"] = {"type": "string", "enum": [str(value) for value in values]}
            if values and parameter["name"] != "project_id":
                parameter["schema"] = {"anyOf": [parameter["schema"], {"type": "string", "minLength": 1}]}
    return found


def furnished(services: Services, app: Flask) -> World:
    """A project with events, persons, an action, cohorts and insights."""
    world = World(services, app.test_client())
    world.capture(
        *(
            {
                "event": event,
                "distinct_id": f"p{number}",
                "properties": {"$browser": "Firefox", "n": number, "$set": {"email": f"p{number}@example.com"}},
            }
            for number in range(20)
            for event in ("$pageview", "purchase")
        )
    )
    rows = world.persons()
    for path, body in (
        ("actions", {"name": "bought", "steps": [{"event": "purchase"}]}),
        ("cohorts", {"name": "some", "is_static": True, "distinct_ids": ["p1", "p2"]}),
        ("cohorts", {"name": "all", "groups": [{"properties": [{"key": "email", "operator": "is_set"}]}]}),
        ("insights", {"name": "views", "filters": {"events": [{"id": "$pageview"}]}}),
        (f"persons/{rows[0]['id']}/update_property", {"key": "plan", "value": "pro"}),
    ):
        assert world.call("POST", path, json=body).status_code < 300, path
    return world


def _note(recorder: ScenarioRecorder, others: set[str], outcome: Outcome) -> None:
    for interaction in recorder.interactions.values():
        outcome.requests[interaction.response.status_code if interaction.response else 0] += 1
    for case_id, checks in recorder.checks.items():
        outcome.checks += len(checks)
        for check in checks:
            case = recorder.cases[case_id].value
            if check.failure_info is not None and others.isdisjoint(map(str, case.path_parameters.values())):
                said = f"{check.name}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                outcome.failures.append(f"{case.method} {case.path}\n{said}")


def main(requests: int) -> int:
    """Fuzz until at least so many requests have been sent; 1 if anything was not as described."""
    total = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        services = open_services(Settings(data_dir=Path(folder), rate_limits="off"))
        app = create_app(services)
        seed = 0
        while total.requests.total() < requests and len(total.failures) < 20:
            seed += 1
            found = fuzz(furnished(services, app), ".*", max_examples=25, seed=seed)
            total.requests += found.requests
            total.checks += found.checks
            total.failures += found.failures
            print("\n\n".join([*found.failures, f"round {seed}: {found}"]), flush=True)  # noqa: T201
        services.close()
    print(total)  # noqa: T201
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
