"""What was erased since a backup, found by comparing the restored SQLite database with the one that it replaces.

A receipt names the person, but nothing that the person was known by; and those whom the person had taken over in
merges may be persons of their own in the backup. So what is missing counts too: everybody who ever was a person has
a history, and every distinct id ever seen is known, until they are erased.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ...domain.deletions import DeletionKind


@dataclass(frozen=True, slots=True)
class Erased:
    """Persons (project, uuid) that are to go, those of whom only the events are, distinct ids without a person, by
    project, with the uuid of a person erased there, and projects. `waiting`: of the deletions that wait in the
    restored database, how many had been carried out; `cancelled`: the ids of those that had been taken back."""

    gone: tuple[tuple[int, UUID], ...] = ()
    kept: tuple[tuple[int, UUID], ...] = ()
    ids: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    projects: tuple[int, ...] = ()
    waiting: int = 0
    cancelled: tuple[int, ...] = ()

    @property
    def is_anything(self) -> bool:
        """Whether there is something to erase again."""
        return bool(self.gone or self.kept or self.ids or self.projects or self.waiting)


def erased_since(restored: Path, replaced: Path) -> Erased:
    """What the replaced database knows to be erased, or to be erased soon, that the restored one still has.

    Nothing, if they are not two states of one installation.
    """
    with _both(restored, replaced) as both:
        if not both.execute(_RELATED).fetchone()[0]:
            return Erased()
        missing = _pairs(both, _WITHOUT_HISTORY)
        asked = _pairs(both, _ASKED, (int(DeletionKind.PERSON),))
        living = set(_pairs(both, _LIVING))
        ids = defaultdict(list)
        for project, distinct_id in both.execute(_FORGOTTEN_IDS):
            ids[project].append(distinct_id)
        keys = dict(both.execute(_KEYS, (int(DeletionKind.PERSON),)))
        return Erased(
            gone=tuple(dict.fromkeys([*missing, *(one for one in asked if one not in living)])),
            kept=tuple(one for one in asked if one in living and one not in missing),
            ids=tuple((project, keys[project], tuple(found)) for project, found in ids.items() if project in keys),
            projects=tuple(number for (number,) in both.execute(_PROJECTS, (int(DeletionKind.TEAM),))),
            waiting=both.execute(_WAITING).fetchone()[0],
            cancelled=tuple(number for (number,) in both.execute(_CANCELLED)),
        )


def take_over_receipts(restored: Path, replaced: Path) -> int:
    """Add the receipts since the backup to the restored database; how many. Numbers given since are not given again
    either."""
    with _both(restored, replaced) as both:
        if not both.execute(_RELATED).fetchone()[0]:
            return 0
        columns = [name for (name,) in both.execute("SELECT name FROM pragma_table_info('event_deletions')")]
        kept_user = "CASE WHEN created_by IN (SELECT id FROM main.users) THEN created_by END"
        picked = [kept_user if name == "created_by" else name for name in columns]
        added = both.execute(
            f"INSERT INTO main.event_deletions ({', '.join(columns)})"  # noqa: S608 - the table's own names
            f" SELECT {', '.join(picked)} FROM replaced.event_deletions AS receipt"
            " WHERE delete_verified_at IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM main.event_deletions AS known WHERE known.id = receipt.id)"
        ).rowcount
        both.execute(_GO_ON_COUNTING)
        both.commit()
        return added


@contextmanager
def _both(restored: Path, replaced: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(restored)) as connection:
        connection.execute("ATTACH DATABASE ? AS replaced", (str(replaced),))
        yield connection


def _pairs(both: sqlite3.Connection, query: str, values: tuple[int, ...] = ()) -> list[tuple[int, UUID]]:
    return [(project, UUID(uuid)) for project, uuid in both.execute(query, values)]


# --- statements ---------------------------------------------------------------------------------------------

_RELATED = """
SELECT EXISTS (SELECT 1 FROM main.users JOIN replaced.users USING (uuid))
    OR EXISTS (SELECT 1 FROM main.projects JOIN replaced.projects USING (uuid))
"""
_SINCE = """
NOT EXISTS (SELECT 1 FROM main.event_deletions AS known
    WHERE known.id = asked.id AND known.key = asked.key
    AND (known.delete_verified_at IS NULL) = (asked.delete_verified_at IS NULL))
"""
_ASKED = f"""
SELECT DISTINCT persons.project_id, persons.uuid FROM replaced.event_deletions AS asked
JOIN main.persons ON persons.project_id = asked.project_id AND persons.uuid = replace(asked.key, '-', '')
WHERE asked.deletion_type = ? AND {_SINCE}
"""  # noqa: S608 - the module's own words
_WITHOUT_HISTORY = """
SELECT project_id, uuid FROM main.persons AS person
WHERE project_id IN (SELECT id FROM replaced.projects)
AND NOT EXISTS (SELECT 1 FROM replaced.person_history AS version
    WHERE version.project_id = person.project_id AND version.person_uuid = person.uuid)
"""
_LIVING = """
SELECT person.project_id, person.uuid FROM replaced.event_deletions AS asked
JOIN replaced.persons AS person ON person.project_id = asked.project_id AND person.uuid = replace(asked.key, '-', '')
"""
_FORGOTTEN_IDS = """
SELECT project_id, distinct_id FROM main.distinct_ids AS seen
WHERE person_id IS NULL AND project_id IN (SELECT id FROM replaced.projects)
AND NOT EXISTS (SELECT 1 FROM replaced.distinct_ids AS known
    WHERE known.project_id = seen.project_id AND known.distinct_id = seen.distinct_id)
"""
_KEYS = "SELECT project_id, key FROM replaced.event_deletions WHERE deletion_type = ? ORDER BY id"
_WAITING = """
SELECT count(*) FROM main.event_deletions AS known JOIN replaced.event_deletions AS asked USING (id, project_id, key)
WHERE known.delete_verified_at IS NULL AND asked.delete_verified_at IS NOT NULL
"""
_CANCELLED = """
SELECT id FROM main.event_deletions AS known
WHERE delete_verified_at IS NULL
AND NOT EXISTS (SELECT 1 FROM replaced.event_deletions AS asked WHERE asked.id = known.id AND asked.key = known.key)
"""
_GO_ON_COUNTING = """
UPDATE main.sqlite_sequence SET seq = max(seq, coalesce(
    (SELECT later.seq FROM replaced.sqlite_sequence AS later WHERE later.name = sqlite_sequence.name), 0))
"""
_PROJECTS = f"""
SELECT DISTINCT asked.project_id FROM replaced.event_deletions AS asked
JOIN main.projects ON projects.id = asked.project_id
WHERE asked.deletion_type = ? AND {_SINCE}
"""  # noqa: S608
