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
from sqlalchemy import Connection, Integer, Text, cast, delete, func, select, type_coerce, update
from sqlalchemy.orm import aliased

from ...domain.conditions import text_of
from ...domain.people_index import EMAIL_PREFIX
from ...domain.persons import person_uuid
from ...domain.population import Holder, Id, Population, Profile, Revision
from ...domain.ports import PersonCopy, Projection
from ...domain.uuids import known_uuid
from . import groups, members
from .batch import batch_of, fetch, insert_batch, run
from .columns import from_micros, to_micros
from .tables import DistinctIdRow, PersonHistoryRow, PersonRow, ProjectRow


def lock_projects(connection: Connection, project_ids: Iterable[int]) -> None:
    """Wait for whoever changes persons of these projects; others wait until this transaction ends."""
    fetch(connection, _LOCK, ((project_id,) for project_id in set(project_ids)))


def load(connection: Connection, ids: Collection[Id], new: Collection[Id] = ()) -> Population:
    """Everything that events under these ids can touch, locked for change; `new` are to get new persons."""
    projects = {project_id for project_id, _ in (*ids, *new)}
    lock_projects(connection, projects)
    holders = _holders(connection, set(ids))
    vacant = {key for key in ids if (holder := holders.get(key)) is None or holder.profile is None}
    taken, last_versions = _uuids_in_use(connection, vacant.union(new))
    return Population(holders, taken, groups.types(connection, projects), last_versions)


def save(connection: Connection, population: Population, at: datetime) -> Projection:
    """Write all changes; what the event store is to hear of them. Profiles that were new have their id afterwards."""
    merged = population.merged
    created = [profile for profile in population.created if profile not in merged]
    changed = population.changed
    left = [profile for profile in merged if profile.id is not None]
    gone = [*left, *population.removed]
    documents = {profile: _json(profile.properties) for profile in (*created, *changed)}
    attached = population.attached

    # The old persons go first, and out of their cohorts: a new one may get the uuid of an old one.
    memberships = members.of_persons(connection, [profile.id for profile in gone if profile.id is not None])
    run(connection, _DELETE_PERSONS, ((profile.id,) for profile in gone))
    _insert_persons(connection, created, documents, at)
    run(connection, _UPDATE_PERSONS, ((profile.id, *_values(profile, documents[profile], at)) for profile in changed))
    holders = _move_ids(connection, {profile: merged[profile] for profile in left})
    holders.update(_vacate_ids(connection, population.removed))
    # Who is removed leaves the cohorts; everybody who stays has an id by now.
    into = {profile.id: merged[profile].id or 0 for profile in left}
    members.add(connection, ((cohort, into[person]) for cohort, person in memberships if person in into))
    _keep_ids(connection, population)
    _append_history(connection, population.revisions, population.endings(at))
    described = groups.save(connection, population, at)

    holders.update((key, profile.uuid) for key, profile in population.reattributed.items())
    living = {(profile.project_id, profile.uuid) for profile in documents}
    return Projection(
        [_copy(one, document, at) for one, document in documents.items()],
        [(one.project_id, one.uuid) for one in gone if (one.project_id, one.uuid) not in living],
        [(project_id, distinct_id, uuid) for (project_id, distinct_id), uuid in holders.items()],
        [(project_id, distinct_id, profile.uuid) for (project_id, distinct_id), profile in attached.items()],
        described,
    )


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
        known_uuid(uuid),
        properties,
        from_micros(created_at),
        bool(is_identified),
        version,
        None if last_seen_at is None else from_micros(last_seen_at),
        person_id,
    )


def _uuids_in_use(
    connection: Connection, ids: Iterable[Id]
) -> tuple[set[tuple[int, UUID]], dict[tuple[int, UUID], int]]:
    """Of the uuids that new persons of these ids would get: those that live, and where histories left off."""
    wanted = ((project_id, person_uuid(project_id, distinct_id).hex) for project_id, distinct_id in ids)
    found = fetch(connection, _UUIDS_IN_USE, wanted)
    return (
        {(project_id, uuid) for project_id, uuid, lives, _ in found if lives},
        {(project_id, uuid): last for project_id, uuid, _, last in found if last is not None},
    )


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


def _vacate_ids(connection: Connection, removed: Sequence[Profile]) -> dict[Id, UUID]:
    """Take all ids from the removed; the ids, with the uuid of the person that each of them would make."""
    vacated = fetch(connection, _VACATE_IDS, ((profile.id,) for profile in removed))
    return {(project_id, distinct_id): person_uuid(project_id, distinct_id) for project_id, distinct_id in vacated}


def _keep_ids(connection: Connection, population: Population) -> None:
    """Ids that were attached, and ids seen without a person. One that was there before is put in anew, so that
    a person's ids are in the order in which the person got them."""
    rows = []
    for key in {**population.attached, **dict.fromkeys(population.seen)}:
        holder = population.holders[key]
        profile = holder.profile
        rows.append((*key, profile.id if profile else None, holder.personless))
    run(connection, _DELETE_IDS, (row[:2] for row in rows))
    run(connection, _INSERT_IDS, rows)


def _append_history(connection: Connection, revisions: Iterable[Revision], endings: Iterable[Revision]) -> None:
    rows: list[tuple[Any, ...]] = [(*_revision(one), None, None) for one in revisions]
    for one in endings:
        into = one.merged_into
        rows.append((*_revision(one), one.profile.id, into.uuid.hex if into else None))
    run(connection, _INSERT_HISTORY, rows)


def _revision(revision: Revision) -> tuple[Any, ...]:
    return (
        revision.profile.project_id,
        revision.profile.uuid.hex,
        revision.version,
        to_micros(revision.at),
        revision.snapshot,
        _json(revision.set_properties),
        _json(revision.unset_properties),
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
_in_use = select(
    _uuids.c.project_id,
    _uuids.c.uuid,
    select(PersonRow.id)
    .where(PersonRow.project_id == _uuids.c.project_id, PersonRow.uuid == _uuids.c.uuid)
    .exists()
    .label("lives"),
    select(func.max(PersonHistoryRow.version))
    .where(PersonHistoryRow.project_id == _uuids.c.project_id, PersonHistoryRow.person_uuid == _uuids.c.uuid)
    .scalar_subquery()
    .label("last"),
).subquery()
# Most new persons have neither, and reading a row for each would cost more than asking did.
_UUIDS_IN_USE = select(_in_use).where(_in_use.c.lives | _in_use.c.last.is_not(None))

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
_VACATE_IDS = (
    update(DistinctIdRow)
    .values(person_id=None, personless=False)
    .where(DistinctIdRow.person_id.in_(select(_persons.c.id)))
    .returning(DistinctIdRow.project_id, DistinctIdRow.distinct_id)
)
_there = aliased(DistinctIdRow)
_DELETE_IDS = delete(DistinctIdRow).where(
    DistinctIdRow.id.in_(
        select(_there.id)
        .select_from(_ids)
        .join(_there, (_there.project_id == _ids.c.project_id) & (_there.distinct_id == _ids.c.distinct_id))
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
    PersonHistoryRow.person_id,
    PersonHistoryRow.merged_into,
)
