"""Pages of persons while others write: who existed throughout is shown once."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.e2e.conftest import World

AT = "2026-01-01T00:00:00Z"


def walk(world: World, url: str | None) -> list[list[str]]:
    """The first ids of the persons of each page."""
    pages = []
    while url:
        page = world.get(url.removeprefix("http://localhost"))
        pages.append([row["distinct_ids"][0] for row in page["results"]])
        url = page["next"]
    return pages


@pytest.mark.parametrize("query", ["", "&search=u", '&properties=[{"key":"k","value":"x"}]'])
def test_walking_while_persons_come_and_go_misses_and_repeats_nobody(world: World, query: str) -> None:
    def event(distinct_id: str) -> dict[str, Any]:
        return {"event": "e", "distinct_id": distinct_id, "timestamp": AT, "properties": {"$set": {"k": "x"}}}

    throughout = [f"u{number}" for number in range(60)]
    passing = [f"u-passing-{number}" for number in range(40)]
    # All at one time, so that only the number tells their order; those that pass are between the others.
    world.capture(*map(event, [one for pair in zip(throughout, passing, strict=False) for one in pair]))
    world.capture(*map(event, throughout[40:]))
    done = threading.Event()

    def write() -> None:
        for number, gone in enumerate(passing):
            merge = {"event": "$merge_dangerously", "distinct_id": "u0", "properties": {"alias": gone}}
            world.capture(event(f"u-new-{number}"), {**merge, "timestamp": AT})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    walks: list[list[list[str]]] = []
    while not done.is_set() or not walks:
        walks.append(walk(world, f"/api/projects/{world.project.id}/persons?limit=7{query}"))
    writer.join()

    for pages in walks:
        seen = [one for page in pages for one in page]
        assert len(seen) == len(set(seen))
        assert [one for one in seen if one in throughout] == throughout[::-1]
