"""Property rules: what every captured event's properties go through before its person is looked up.

The functions change the freshly decoded dictionaries in place: copying them would cost more than the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from .accounts import Project
from .elements import take_elements_chain
from .events import JsonValue, Properties
from .timestamps import iso_text
from .uuids import parse_uuid

_OS_KEYS = frozenset({"$os", "$os_name", "$os_version"})
_PERSON_KEYS: Final = frozenset(
    """$app_build $app_name $app_namespace $app_version $browser $browser_version $device_type $current_url
    $pathname $os $os_name $os_version $referring_domain $referrer $screen_height $screen_width
    $viewport_height $viewport_width $raw_user_agent utm_source utm_medium utm_campaign utm_content
    utm_name utm_term gclid gad_source gclsrc dclid gbraid wbraid fbclid msclkid twclid li_fat_id mc_cid
    igshid ttclid rdt_cid irclid _kx epik qclid sccid""".split()
)
_INITIAL_KEYS: Final = {key: "$initial_" + key.replace("$", "", 1) for key in _PERSON_KEYS}
_SERVER_LIBRARIES: Final = frozenset(
    "posthog-" + name for name in ("python", "node", "go", "ruby", "php", "java", "dotnet", "elixir", "rs")
)
_PERSON_EVENTS: Final = frozenset({"$identify", "$create_alias", "$merge_dangerously", "$groupidentify"})
_PROFILE: Final = "$process_person_profile"


@dataclass(frozen=True, slots=True)
class IngestionWarning:
    """Something odd about an accepted event: for the log and the counters, never for the client.

    `kind` is PostHog's name of the warning, `detail` the client's own words if it sent any.
    """

    kind: str
    event: str
    distinct_id: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when the events of one request come from: the same for all of them.

    `sent_at` is the time of sending as text, `ip` the client's address; None where unknown.
    """

    project: Project
    ip: str | None
    sent_at: str | None


def normalise(
    properties: Properties,
    *,
    name: str,
    distinct_id: str,
    at: datetime,
    origin: Origin,
    warnings: list[IngestionWarning],
    top_set: Properties | None = None,
    top_set_once: Properties | None = None,
) -> str | None:
    """Bring an event's properties, in place, into the form that is stored; returns the elements chain.

    None means that the event is dropped: it asks for something of persons and for no person at once.
    `top_set` and `top_set_once` are the `$set` and `$set_once` beside the properties, which win over those
    inside. `$groups` stay as they are, since turning them into `$group_0` … needs the project's group types.
    """
    project = origin.project
    if project.person_processing_opt_out:
        properties[_PROFILE] = False
    personless = _PROFILE in properties and not _wants_person(properties, name, distinct_id, warnings)
    if personless and name in _PERSON_EVENTS:
        kind = "invalid_event_when_process_person_profile_is_false"
        warnings.append(IngestionWarning(kind, name, distinct_id))
        return None
    if not personless:
        _merge_set(properties, "$set", top_set)
        _merge_set(properties, "$set_once", top_set_once)
    _set_ip(properties, project, origin.ip)
    if origin.sent_at is not None:
        properties["$sent_at"] = origin.sent_at
    session = properties.get("$session_id")
    if isinstance(session, str) and session != (lower := session.lower()) and parse_uuid(lower):
        properties["$session_id"] = lower
    if personless:
        for key in ("$set", "$set_once", "$unset"):
            properties.pop(key, None)
    else:
        _add_person_properties(properties, name, at)
    if "$elements" in properties or "$elements_chain" in properties:
        return take_elements_chain(properties)
    return ""


def without_nul(value: JsonValue) -> JsonValue:
    """The value with U+FFFD for every NUL in its texts and keys: PostgreSQL and SQLite cannot keep a NUL."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [without_nul(part) for part in value]
    if isinstance(value, dict):
        return {key.replace("\0", "\ufffd"): without_nul(part) for key, part in value.items()}
    return value


def _wants_person(properties: Properties, name: str, distinct_id: str, warnings: list[IngestionWarning]) -> bool:
    """Whether the event may have a person. True needs no mention afterwards, so the property then goes."""
    profile = properties[_PROFILE]
    if profile is False:
        return False
    del properties[_PROFILE]
    if profile is not True:
        warnings.append(IngestionWarning("invalid_process_person_profile", name, distinct_id))
    return True


def _merge_set(properties: Properties, key: str, top: Properties | None) -> None:
    if key in properties:
        inner = properties[key]
        if not isinstance(inner, dict):
            properties[key] = top or {}
        elif top:
            inner.update(top)
    elif top:
        properties[key] = top


def _set_ip(properties: Properties, project: Project, ip: str | None) -> None:
    if project.anonymize_ips:
        properties.pop("$ip", None)
    elif "$ip" not in properties and ip is not None:
        properties["$ip"] = "127.0.0.1" if "capture_internal" in properties else ip


def _add_person_properties(properties: Properties, name: str, at: datetime) -> None:
    """Offer the event's browser, campaign and similar facts to the person, where the client set nothing."""
    if not _PERSON_KEYS.isdisjoint(properties):
        # What a server library says of the system describes the server, not the person.
        left_out = _OS_KEYS if _is_server(properties) else frozenset()
        keys = [key for key in properties if key in _PERSON_KEYS and key not in left_out]
        if keys:
            to_set, to_set_once = _object(properties, "$set"), _object(properties, "$set_once")
            for key in keys:
                to_set.setdefault(key, properties[key])
                to_set_once.setdefault(_INITIAL_KEYS[key], properties[key])
        if "$os_name" in keys:
            _alias_os_name(properties, to_set, to_set_once)
    if name == "survey shown":
        _object(properties, "$set").setdefault("$survey_last_seen_date", iso_text(at))


def _is_server(properties: Properties) -> bool:
    library = properties.get("$lib")
    return properties.get("$is_server") is True or (isinstance(library, str) and library in _SERVER_LIBRARIES)


def _alias_os_name(properties: Properties, to_set: Properties, to_set_once: Properties) -> None:
    """Some SDKs say `$os_name` for `$os`; the person only ever gets `$os`."""
    os_name = properties["$os_name"]
    for target, key in ((properties, "$os"), (to_set, "$os"), (to_set_once, "$initial_os")):
        if target.get(key) is None:
            target[key] = os_name
    del to_set["$os_name"], to_set_once["$initial_os_name"]


def _object(properties: Properties, key: str) -> Properties:
    """The object under the key, made if absent. `$set` and `$set_once` are never anything else by now."""
    return cast(Properties, properties.setdefault(key, {}))
