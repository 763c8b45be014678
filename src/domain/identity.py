"""What events do to persons: creation, property updates, merges, groups.

`process` folds one event into a `Population`; events of a batch are folded in their order. The rules are
PostHog's person processing, down to the odd ones (see `_FILTERED` and `is_illegal_id`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast

import orjson

from .events import Event, JsonValue, PersonMode, Properties, StoredEvent
from .normalisation import IngestionWarning
from .persons import person_uuid
from .population import MAX_GROUP_TYPES, Population, Profile, Revision

MAX_PROPERTIES_BYTES = 655_360
TRIMMED_PROPERTIES_BYTES = 512 * 1024
MAX_GROUP_KEY = 400
IDENTIFYING = frozenset(("$identify", "$create_alias", "$merge_dangerously"))
NEVER_TOUCHES_PERSONS = frozenset(("$exception", "$$heatmap"))
_ALWAYS_WRITES = IDENTIFYING | {"$set"}
_CHANGES = frozenset(("$set", "$set_once", "$unset"))

# A plain event that changes nothing but these keys of a person does not rewrite the person: they change with
# every page and every window, and a write for each would cost more than they tell.
_FILTERED = frozenset(
    "$current_url $pathname $referring_domain $referrer $screen_height $screen_width $viewport_height "
    "$viewport_width $browser $browser_version $device_type $raw_user_agent $os $os_name $os_version".split()
)
_COARSE_GEOIP = frozenset(("$geoip_country_name", "$geoip_city_name"))

_QUOTES = ("", "'", '"')
_ANY_CASE = "anonymous guest distinctid distinct_id id not_authenticated email undefined true false".split()
_EXACT = ("[object Object]", "NaN", "None", "none", "null", "0")
_ILLEGAL_ANY_CASE = frozenset(f"{quote}{word}{quote}" for word in _ANY_CASE for quote in _QUOTES)
_ILLEGAL_EXACT = frozenset(f"{quote}{word}{quote}" for word in _EXACT for quote in _QUOTES)
_MAX_MERGED_ID = 400

# Never trimmed, nor is anything that begins with `$initial_`.
_PROTECTED = frozenset(
    """email name $creator_event_uuid $app_build $app_name $app_namespace $app_version $browser
    $browser_version $device_type $current_url $pathname $os $os_name $os_version $referring_domain $referrer
    $screen_height $screen_width $viewport_height $viewport_width $raw_user_agent utm_source utm_medium
    utm_campaign utm_content utm_name utm_term gclid gad_source gclsrc dclid gbraid wbraid fbclid msclkid
    twclid li_fat_id mc_cid igshid ttclid rdt_cid irclid _kx epik qclid sccid $session_id $window_id $user_id
    $device_id distinct_id""".split()
)

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_GROUP_PROPERTIES = tuple(f"$group_{index}" for index in range(MAX_GROUP_TYPES))

Warn = Callable[[IngestionWarning], None]
"""Told of each ingestion warning."""


def is_illegal_id(distinct_id: str) -> bool:
    """Whether an id is one that broken clients send for everybody: merging by it would join strangers."""
    return (
        len(distinct_id) > _MAX_MERGED_ID
        or not distinct_id.strip()
        or distinct_id in _ILLEGAL_EXACT
        or distinct_id.lower() in _ILLEGAL_ANY_CASE
        or "\ufffd" in distinct_id  # what capture leaves of a NUL
    )


def ids_of(event: Event) -> tuple[str, ...]:
    """The distinct ids whose persons an event may touch: its own and the one it merges away."""
    if event.name in IDENTIFYING:
        other = _other_id(event)
        if other is not None and other != event.distinct_id:
            return (event.distinct_id, other)
    return (event.distinct_id,)


def process(
    event: Event, population: Population, *, now: datetime, warn: Warn, update_all: bool = False
) -> StoredEvent | None:
    """Fold one event into the population and attribute it. None for an event that is not to be stored.

    `now` becomes the event's `created_at`. `update_all` is the project's `person_properties_update_all`.
    """
    groups = _groups(event, population)
    if groups is None:
        return None
    if event.personless:
        return _attribute_personless(event, population, now)
    if event.name in NEVER_TOUCHES_PERSONS:
        return _attribute(event, population, now, groups)
    profile = _merge(event, population, warn) if event.name in IDENTIFYING else None
    if profile is None:
        profile = population.find(event.project_id, event.distinct_id)
        if profile is None:
            profile = _create(event, population, event.distinct_id, (event.distinct_id,), warn)
        else:
            _update(event, profile, population, warn, update_all=update_all)
    return StoredEvent(event, profile.uuid, profile.version, profile.created_at, PersonMode.FULL, now, groups)


# --- personless ---------------------------------------------------------------------------------------------


def _attribute_personless(event: Event, population: Population, now: datetime) -> StoredEvent:
    for key in _GROUP_PROPERTIES:
        event.properties.pop(key, None)
    profile = population.find(event.project_id, event.distinct_id)
    if profile is None:
        population.see(event.project_id, event.distinct_id, personless=True)
        new = person_uuid(event.project_id, event.distinct_id)
        return StoredEvent(event, new, 0, None, PersonMode.PROPERTYLESS, now, {})
    late = event.timestamp - profile.created_at > _MINUTE
    mode = PersonMode.FORCE_UPGRADE if late else PersonMode.PROPERTYLESS
    return StoredEvent(event, profile.uuid, profile.version, profile.created_at, mode, now, {})


def _attribute(event: Event, population: Population, now: datetime, groups: Mapping[int, str]) -> StoredEvent:
    """The event's person as it is, none created: for events that never touch persons."""
    profile = population.find(event.project_id, event.distinct_id)
    if profile is None:
        population.see(event.project_id, event.distinct_id, personless=False)
        new = person_uuid(event.project_id, event.distinct_id)
        return StoredEvent(event, new, 0, None, PersonMode.FULL, now, groups)
    return StoredEvent(event, profile.uuid, profile.version, profile.created_at, PersonMode.FULL, now, groups)


# --- creation and updates -----------------------------------------------------------------------------------


def _create(event: Event, population: Population, uuid_from: str, ids: tuple[str, ...], warn: Warn) -> Profile:
    properties: Properties = {}
    if event.name != "$groupidentify":
        properties = {**_object(event, "$set_once"), **_object(event, "$set")}
    if properties and size_of(properties) > MAX_PROPERTIES_BYTES:
        _warn("person_properties_size_violation", event, warn)
        properties = {}
    properties["$creator_event_uuid"] = str(event.uuid)
    profile = population.create(event.project_id, uuid_from, ids, event.timestamp, properties)
    profile.last_seen_at = _floor_to_hour(event.timestamp)
    return profile


def _update(
    event: Event,
    profile: Profile,
    population: Population,
    warn: Warn,
    *,
    update_all: bool = False,
    identify: bool = False,
    inherited: Properties | None = None,
) -> None:
    """Write what the event changes, as one version. `inherited`: the properties a merge has just brought."""
    seen = profile.last_seen_at
    moves_seen = seen is None or event.timestamp - seen >= _HOUR
    if moves_seen and event.properties.get("$update_person_last_seen_at") is False:
        moves_seen = False
    writes = moves_seen or inherited is not None or (identify and not profile.is_identified)
    if not (writes or update_all or event.name in _ALWAYS_WRITES or _tells(event, profile)):
        return
    to_set, to_unset = _property_changes(event, profile)
    if not (writes or to_set or to_unset):
        return
    if to_set or to_unset:
        to_set, to_unset = _change_properties(event, profile, to_set, to_unset, warn)
        if not (writes or to_set or to_unset):
            return
    profile.version += 1
    profile.changed = True
    profile.is_identified = profile.is_identified or identify
    if moves_seen:
        profile.last_seen_at = _floor_to_hour(event.timestamp)
    if inherited:
        to_set = {**inherited, **to_set}
    if to_set or to_unset:
        population.revisions.append(Revision(profile, profile.version, event.timestamp, to_set, to_unset))


def _property_changes(event: Event, profile: Profile) -> tuple[Properties, tuple[str, ...]]:
    """What the event changes of the properties a person had: what to set, then the keys to remove."""
    properties = event.properties
    if not _speaks_of_person(event):
        return {}, ()
    had = profile.properties
    to_set: Properties = {}
    if "$set_once" in properties:
        to_set = {key: value for key, value in _object(event, "$set_once").items() if key not in had}
    if "$set" in properties:
        for key, value in _object(event, "$set").items():
            if type(value) is str and had.get(key) == value:
                continue  # most values by far, so without a call
            if key not in had or not _same(had[key], value):
                to_set[key] = value
    return to_set, _keys_to_unset(event, had)


def _speaks_of_person(event: Event) -> bool:
    return event.name != "$groupidentify" and not _CHANGES.isdisjoint(event.properties)


def _keys_to_unset(event: Event, had: Properties) -> tuple[str, ...]:
    unset = event.properties.get("$unset")
    if not unset or not isinstance(unset, list | dict):
        return ()
    return tuple({key: None for key in unset if isinstance(key, str) and key in had})


def _tells(event: Event, profile: Profile) -> bool:
    """Whether a plain event's changes are worth a write: a new key, or one that is not filtered.

    Most events say of a person what is known, or what is filtered: told by comparing whole sets of keys, which is
    several times faster than looking at each.
    """
    if not _speaks_of_person(event):
        return False
    had = profile.properties
    if _keys_to_unset(event, had):
        return True
    to_set = _object(event, "$set")
    if not (_object(event, "$set_once").keys() <= had.keys() and to_set.keys() <= had.keys()):
        return True
    return any(not (_is_filtered(key) or _same(had[key], to_set[key])) for key in to_set.keys() - _FILTERED)


def _change_properties(
    event: Event, profile: Profile, to_set: Properties, to_unset: tuple[str, ...], warn: Warn
) -> tuple[Properties, tuple[str, ...]]:
    """Change the properties and return what was changed: nothing if they would grow too large.

    Properties that were too large already are trimmed instead.
    """
    updated = {**profile.properties, **to_set}
    for key in to_unset:
        del updated[key]
    size = size_of(updated)
    if size > MAX_PROPERTIES_BYTES:
        _warn("person_properties_size_violation", event, warn)
        if size_of(profile.properties) <= MAX_PROPERTIES_BYTES:
            return {}, ()
        trimmed = _trim(updated, size)
        if size_of(updated) > MAX_PROPERTIES_BYTES:
            return {}, ()
        to_unset += trimmed
    profile.properties = updated
    return to_set, to_unset


def _trim(properties: Properties, size: int) -> tuple[str, ...]:
    """Remove unprotected keys in their order until the properties are small enough; the keys removed."""
    trimmed = []
    for key in sorted(properties):
        if size <= TRIMMED_PROPERTIES_BYTES:
            break
        if key not in _PROTECTED and not key.startswith("$initial_"):
            size -= size_of({key: properties.pop(key)}) - 1  # two braces make up for one comma
            trimmed.append(key)
    return tuple(trimmed)


# --- merges -------------------------------------------------------------------------------------------------


def _merge(event: Event, population: Population, warn: Warn) -> Profile | None:
    """The person the event's id and its other id share now, or None when the event merges nothing."""
    project, own = event.project_id, event.distinct_id
    other = _other_id(event)
    if other is None or other == own:
        return None
    if is_illegal_id(own) or is_illegal_id(other):
        _warn("cannot_merge_with_illegal_distinct_id", event, warn)
        return None
    into, gone = population.find(project, own), population.find(project, other)
    if into is None and gone is None:
        from_other = population.was_personless(project, other) and not population.was_personless(project, own)
        profile = _create(event, population, other if from_other else own, (own, other), warn)
        profile.is_identified = True
        return profile
    inherited = None
    if into is None:
        into = cast(Profile, gone)
        population.attach(own, into)
    elif gone is None:
        population.attach(other, into)
    elif into is not gone:
        if gone.is_identified and event.name != "$merge_dangerously":
            _warn("cannot_merge_already_identified", event, warn)
        else:
            inherited = _merge_profiles(event, gone, into, population, warn)
    _update(event, into, population, warn, identify=True, inherited=inherited)
    return into


def _merge_profiles(event: Event, gone: Profile, into: Profile, population: Population, warn: Warn) -> Properties:
    """Put `gone` into `into`; the properties it brings."""
    inherited = {key: value for key, value in gone.properties.items() if key not in into.properties}
    merged = {**into.properties, **inherited}
    if inherited and size_of(merged) > MAX_PROPERTIES_BYTES:
        _warn("person_properties_size_violation", event, warn)
        inherited = {}
    else:
        into.properties = merged
    into.created_at = min(into.created_at, gone.created_at)
    into.version = max(into.version, gone.version)
    if gone.last_seen_at and (into.last_seen_at is None or gone.last_seen_at > into.last_seen_at):
        into.last_seen_at = gone.last_seen_at
    population.merge(gone, into)
    return inherited


def _other_id(event: Event) -> str | None:
    """The id an event wants merged into its own, as text, or None when it names none."""
    if event.name == "$identify":
        if "$anon_distinct_id" not in event.properties:
            return None
        return _as_id(event.properties["$anon_distinct_id"])
    alias = event.properties.get("alias")
    return _as_id(alias) if alias else None


def _as_id(value: JsonValue) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


# --- groups -------------------------------------------------------------------------------------------------


def _groups(event: Event, population: Population) -> Mapping[int, str] | None:
    """The event's group keys by type index; None when the event must be dropped for too long a key."""
    properties = event.properties
    if event.name == "$groupidentify":
        group_type, key = properties.get("$group_type"), properties.get("$group_key")
        if group_type and key:
            key = _as_id(key)
            if len(key) > MAX_GROUP_KEY:
                return None
            index = population.group_index(event.project_id, _as_id(group_type))
            if index is not None:
                population.update_group(event.project_id, index, key, _object(event, "$group_set"))
    named = properties.get("$groups")
    if not named or not isinstance(named, dict) or event.personless:
        return {}
    groups: dict[int, str] = {}
    for group_type, key in named.items():
        if key is None or key == "":
            continue
        index = population.group_index(event.project_id, group_type)
        if index is not None:
            groups[index] = _as_id(key)
    return groups


# --- small parts --------------------------------------------------------------------------------------------


def _object(event: Event, key: str) -> Properties:
    value = event.properties.get(key)
    return value if isinstance(value, dict) else {}


def _same(old: JsonValue, new: JsonValue) -> bool:
    """JavaScript's `===` on JSON values: objects and lists are never the same, 1 is not true."""
    if isinstance(new, dict | list):
        return False
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _is_filtered(key: str) -> bool:
    return key in _FILTERED or (key.startswith("$geoip_") and key not in _COARSE_GEOIP)


def size_of(properties: Properties) -> int:
    """Bytes of the properties as JSON, which `MAX_PROPERTIES_BYTES` limits."""
    return len(orjson.dumps(properties))


def _floor_to_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _warn(kind: str, event: Event, warn: Warn) -> None:
    warn(IngestionWarning(kind, event.name, event.distinct_id))
