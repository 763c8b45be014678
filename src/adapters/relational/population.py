"""The write path: the persons of a batch loaded and saved by a fixed number of statements, whatever its size.

Whoever changes a project's persons holds the project's row: on PostgreSQL that makes parallel first events of one
id, merges that cross and updates of one person wait for each other in a fixed order, so they neither collide nor
deadlock. On SQLite the write lock does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Integer, Text, cast, delete, select, type_coerce, update
from sqlalchemy.orm import aliased

from ...domain.conditions import text_of
from ...domain.persons import person_uuid
from ...domain.population import Holder, Id, Population, Profile
from ...domain.ports import PersonCopy, Projection
from . import groups
from .batch import batch_of, fetch, insert_batch, run
from .columns import from_micros, to_micros
from .projections import log
from .tables import EMAIL_PREFIX, DistinctIdRow, PersonHistoryRow, PersonRow, ProjectRow


def lock_projects(connection: Connection, project_ids: Iterable[int]) -> None:
    """Wait for whoever changes persons of these projects; others wait until this transaction ends."""
    fetch(connection, _LOCK, ((project_id,) for project_id in set(project_ids)))


def load(connection: Connection, ids: Collection[Id]) -> Population:
    """Everything that events under these ids can touch, locked for change."""
    projects = {project_id for project_id, _ in ids}
    lock_projects(connection, projects)
    holders = _holders(connection, set(ids))
    return Population(holders, _taken(connection, ids, holders), groups.types(connection, projects))


def save(connection: Connection, population: Population, at: datetime) -> Projection:
    """Write all changes and log their projection. Profiles that were new have their id afterwards."""
    merged = population.merged
    created = [profile for profile in population.created if profile not in merged]
    holding = dict.fromkeys(holder.profile for holder in population.holders.values())
    changed = [profile for profile in holding if profile and profile.changed and profile.id is not None]
    gone = [profile for profile in merged if profile.id is not None]
    documents = {profile: _json(profile.properties) for profile in (*created, *changed)}
    attached = population.attached

    # The old persons go first: a new one may get the uuid of an old one.
    run(connection, _DELETE_PERSONS, ((profile.id,) for profile in gone))
    _insert_persons(connection, created, documents, at)
    run(connection, _UPDATE_PERSONS, ((profile.id, *_values(profile, documents[profile], at)) for profile in changed))
    holders = _move_ids(connection, {profile: merged[profile] for profile in gone})
    _keep_ids(connection, population)
    _append_history(connection, population)
    groups.save(connection, population, at)

    holders.update((key, profile.uuid) for key, profile in population.reattributed.items())
    living = {(profile.project_id, profile.uuid) for profile in documents}
    projection = Projection(
        [_copy(one, document, at) for one, document in documents.items()],
        [(one.project_id, one.uuid) for one in gone if (one.project_id, one.uuid) not in living],
        [(project_id, distinct_id, uuid) for (project_id, distinct_id), uuid in holders.items()],
        ids=[(project_id, distinct_id, profile.uuid) for (project_id, distinct_id), profile in attached.items()],
    )
    return log(connection, projection)


def _holders(connection: Connection, ids: Collection[Id]) -> dict[Id, Holder]:
    profiles: dict[int, Profile] = {}
    holders: dict[Id, Holder] = {}
    for project_id, distinct_id, personless, person_id, *person in fetch(connection, _HOLDERS, ids):
        profile = profiles.get(person_id)
        if profile is None and person_id is not None:
            profile = profiles[person_id] = _profile(project_id, person_id, *person)
        holders[project_id, distinct_id] = Holder(profile, bool(personless))
    return holders


def _profile(
    project_id: int,
    person_id: int,
    uuid: str,
    properties: str,
    created_at: int,
    is_identified: bool,
    version: int,
    last_seen_at: int | None,
) -> Profile:
    return Profile(
        project_id,
        UUID(uuid),
        orjson.loads(properties),
        from_micros(created_at),
        bool(is_identified),
        version,
        None if last_seen_at is None else from_micros(last_seen_at),
        person_id,
    )


def _taken(connection: Connection, ids: Iterable[Id], holders: dict[Id, Holder]) -> set[tuple[int, UUID]]:
    vacant = [key for key in ids if (holder := holders.get(key)) is None or holder.profile is None]
    wanted = ((project_id, person_uuid(project_id, distinct_id).hex) for project_id, distinct_id in vacant)
    return {(project_id, uuid) for project_id, uuid in fetch(connection, _TAKEN, wanted)}


def _insert_persons(
    connection: Connection, created: Sequence[Profile], documents: dict[Profile, str], at: datetime
) -> None:
    by_uuid = {(profile.project_id, profile.uuid.hex): profile for profile in created}
    rows = ((*key, *_values(profile, documents[profile], at)) for key, profile in by_uuid.items())
    for project_id, uuid, person_id in fetch(connection, _INSERT_PERSONS, rows):
        by_uuid[project_id, uuid.replace("-", "")].id = person_id


def _values(profile: Profile, document: str, at: datetime) -> tuple[Any, ...]:
    email = text_of(profile.properties.get("email"))
    return (
        document,
        None if email is None else email[:EMAIL_PREFIX],
        to_micros(profile.created_at),
        profile.is_identified,
        profile.version,
        None if profile.last_seen_at is None else to_micros(profile.last_seen_at),
        to_micros(at),
    )


def _copy(profile: Profile, document: str, at: datetime) -> PersonCopy:
    return PersonCopy(
        profile.project_id,
        profile.uuid,
        profile.version,
        document.encode(),
        profile.id or 0,  # which it is not: it has been saved
        profile.created_at,
        at,
    )


def _move_ids(connection: Connection, moves: dict[Profile, Profile]) -> dict[Id, UUID]:
    """Give all ids of the gone to those who took them over; the ids, with the uuid of who holds them now."""
    uuids = {profile.id: profile.uuid for profile in moves.values()}
    moved = fetch(connection, _MOVE_IDS, ((profile.id, into.id) for profile, into in moves.items()))
    return {(project_id, distinct_id): uuids[person_id] for project_id, distinct_id, person_id in moved}


def _keep_ids(connection: Connection, population: Population) -> None:
    """Ids that were attached, and ids seen without a person. One that was seen before is put in anew, so that
    a person's ids are in the order in which the person got them."""
    rows = []
    for key in {**population.attached, **dict.fromkeys(population.seen)}:
        holder = population.holders[key]
        profile = holder.profile
        rows.append((*key, profile.id if profile else None, holder.personless))
    run(connection, _DELETE_VACANT_IDS, (row[:2] for row in rows))
    run(connection, _INSERT_IDS, rows)


def _append_history(connection: Connection, population: Population) -> None:
    run(
        connection,
        _INSERT_HISTORY,
        (
            (
                revision.profile.project_id,
                revision.profile.uuid.hex,
                revision.version,
                to_micros(revision.at),
                revision.snapshot,
                _json(revision.set_properties),
                _json(revision.unset_properties),
            )
            for revision in population.revisions
        ),
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# --- statements ---------------------------------------------------------------------------------------------

_projects = batch_of(ProjectRow.id)
_LOCK = (
    select(ProjectRow.id)
    .where(ProjectRow.id.in_(select(_projects.c.id)))
    .order_by(ProjectRow.id)
    .with_for_update(key_share=True)
)

# Numbers and texts as the driver gives them: a typed column costs a call for each row.
_ids = batch_of(DistinctIdRow.project_id, DistinctIdRow.distinct_id)
_HOLDERS = (
    select(
        DistinctIdRow.project_id,
        DistinctIdRow.distinct_id,
        type_coerce(DistinctIdRow.personless, Integer),
        DistinctIdRow.person_id,
        cast(PersonRow.uuid, Text),
        cast(PersonRow.properties, Text),
        type_coerce(PersonRow.created_at, Integer),
        type_coerce(PersonRow.is_identified, Integer),
        PersonRow.version,
        type_coerce(PersonRow.last_seen_at, Integer),
    )
    .select_from(_ids)
    .join(
        DistinctIdRow,
        (DistinctIdRow.project_id == _ids.c.project_id) & (DistinctIdRow.distinct_id == _ids.c.distinct_id),
    )
    .outerjoin(PersonRow, PersonRow.id == DistinctIdRow.person_id)
)

_uuids = batch_of(PersonRow.project_id, PersonRow.uuid)
_TAKEN = (
    select(PersonRow.project_id, PersonRow.uuid)
    .select_from(_uuids)
    .join(PersonRow, (PersonRow.project_id == _uuids.c.project_id) & (PersonRow.uuid == _uuids.c.uuid))
)

_PERSON = (
    PersonRow.properties,
    PersonRow.email,
    PersonRow.created_at,
    PersonRow.is_identified,
    PersonRow.version,
    PersonRow.last_seen_at,
    PersonRow.updated_at,
)
_INSERT_PERSONS = insert_batch(PersonRow.project_id, PersonRow.uuid, *_PERSON).returning(
    PersonRow.project_id, cast(PersonRow.uuid, Text), PersonRow.id
)
_changed = batch_of(PersonRow.id, *_PERSON)
_UPDATE_PERSONS = (
    update(PersonRow)
    .values({column.key: _changed.c[column.key] for column in _PERSON})
    .where(PersonRow.id == _changed.c.id)
)
_persons = batch_of(PersonRow.id)
_DELETE_PERSONS = delete(PersonRow).where(PersonRow.id.in_(select(_persons.c.id)))

_moves = batch_of(PersonRow.id, DistinctIdRow.person_id)
_MOVE_IDS = (
    update(DistinctIdRow)
    .values(person_id=_moves.c.person_id)
    .where(DistinctIdRow.person_id == _moves.c.id)
    .returning(DistinctIdRow.project_id, DistinctIdRow.distinct_id, DistinctIdRow.person_id)
)
_seen = aliased(DistinctIdRow)
_DELETE_VACANT_IDS = delete(DistinctIdRow).where(
    DistinctIdRow.id.in_(
        select(_seen.id)
        .select_from(_ids)
        .join(_seen, (_seen.project_id == _ids.c.project_id) & (_seen.distinct_id == _ids.c.distinct_id))
        .where(_seen.person_id.is_(None))
    )
)
_INSERT_IDS = insert_batch(
    DistinctIdRow.project_id, DistinctIdRow.distinct_id, DistinctIdRow.person_id, DistinctIdRow.personless
)
_INSERT_HISTORY = insert_batch(
    PersonHistoryRow.project_id,
    PersonHistoryRow.person_uuid,
    PersonHistoryRow.version,
    PersonHistoryRow.at,
    PersonHistoryRow.snapshot,
    PersonHistoryRow.set_properties,
    PersonHistoryRow.unset_properties,
)
