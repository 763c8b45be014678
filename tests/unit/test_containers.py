"""The container files name what there is: files, commands, settings, services."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hedgerow.entrypoints.cli import hedgerow
from hedgerow.entrypoints.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"] == "hedgerow"}
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
SETTINGS = {"HEDGEROW_" + name.upper() for name in Settings.model_fields}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def is_command(words: list[str]) -> bool:
    """Whether `hedgerow` takes these words."""
    command: click.Command = hedgerow
    context = click.Context(command)
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            return False
        command, words = found, words[1:]
    return not isinstance(command, click.Group) and bool(command.make_context("hedgerow", [*words]))


def test_the_image_is_made_of_files_that_are_there_and_that_its_context_has() -> None:
    copied = {
        file for line in instructions("COPY") if "--from" not in line for file in line.split()[:-1] if file != "."
    }
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert copied == sent
    assert all((ROOT / file).exists() for file in copied)


def test_the_image_runs_the_server_as_nobody_special_and_tells_its_health() -> None:
    assert len(instructions("FROM")) == 2
    assert instructions("USER") == ["hedgerow"]
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["hedgerow"]
    assert is_command(json.loads(instructions("CMD")[0]))
    assert "/readyz" in instructions("HEALTHCHECK")[0]
    assert set(re.findall(r"HEDGEROW_\w+", DOCKERFILE)) <= SETTINGS


@pytest.mark.parametrize("name", OWN)
def test_a_service_runs_a_command_with_known_settings(name: str) -> None:
    service = OWN[name]
    assert is_command(service.get("command", ["serve"])), service
    assert set(service.get("environment", {})) <= SETTINGS
    assert service["profiles"]


def test_what_services_wait_for_and_store_in_is_there() -> None:
    for service in SERVICES.values():
        for other, wait in service.get("depends_on", {}).items():
            assert set(service["profiles"]) <= set(SERVICES[other]["profiles"])
            if wait["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"]
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
    for team in ("web", "worker", "scheduler"):
        assert SERVICES[team]["environment"] == SERVICES["migrate"]["environment"]
        for url in SERVICES[team]["environment"].values():
            for host in re.findall(r"(?:@|redis://)(\w+)", re.sub(r"\$\{[^}]*\}", "", url)):
                assert host in SERVICES
