"""`hedgerow access`: who may do what, and why."""

from __future__ import annotations

from typing import Any

import click

from ...domain.access import Resource, Rule, Step
from ...services.access_rules import Explanation
from .output import answers


@click.group()
def access() -> None:
    """Access levels."""


@access.command()
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose level.")
@click.option(
    "--resource", required=True, type=click.Choice([resource.value for resource in Resource]), help="On what."
)
@click.option("--id", "reference", metavar="ID", help="Which object; none: the resource as a whole.")
@click.option("--project", "project_id", type=int, metavar="ID", help="In which project, if there are several.")
@answers
def explain(email: str, resource: str, reference: str | None, project_id: int | None) -> dict[str, Any]:
    """Say what a user may do, by which rule, and what each step of the ladder says. The first that says something
    decides."""
    from ..bootstrap import relational_store

    with relational_store() as store:
        found = store.access_rules.explain(email, Resource(resource), reference, project_id)
    return {"user": email, **_explanation(found)}


def _explanation(found: Explanation) -> dict[str, Any]:
    target, decision = found.target, found.decision
    return {
        "project": target.project_id,
        "resource": target.resource.value,
        "id": target.resource_id,
        "access_level": decision.level.text,
        "source": decision.source.value,
        "source_subject": decision.source_subject and decision.source_subject.value,
        "rule": decision.rule and _rule(decision.rule),
        "ladder": [_step(step) for step in found.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "source": step.source.value,
        "source_subject": step.source_subject and step.source_subject.value,
        "access_level": None if step.level is None else step.level.text,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "resource": rule.resource.value,
        "resource_id": rule.resource_id,
        "organization_member": rule.organization_member and str(rule.organization_member),
        "role": rule.role and str(rule.role),
        "access_level": rule.access_level.text,
        "created_by": rule.created_by,
        "updated_at": rule.updated_at.isoformat(),
    }
