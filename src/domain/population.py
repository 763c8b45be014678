"""The persons a batch of events touches: loaded at once, changed in memory event by event, saved at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import orjson

from .events import Properties
from .persons import Person, person_uuid

Id = tuple[int, str]
"""A distinct id within its project: (project_id, distinct_id)."""


@dataclass(slots=True, eq=False)
class Profile:
    """A person being worked on. `id` is None until it is saved.

    A new one's `version` is 0, or follows on the history that the uuid has from an earlier person.

    `document` are the properties, or their JSON text: most events change nothing, so most texts need no parsing.
    `merged_into` is who took the person over in a merge; that one may be gone in turn.
    """

    project_id: int
    uuid: uuid.UUID
    document: Properties | str
    created_at: datetime
    is_identified: bool = False
    version: int = 0
    last_seen_at: datetime | None = None
    id: int | None = None
    changed: bool = False
    merged_into: Profile | None = None

    @classmethod
    def of(cls, person: Person) -> Profile:
        """A stored person, unchanged."""
        return cls(
            person.project_id,
            person.uuid,
            person.properties,
            person.created_at,
            person.is_identified,
            person.version,
            person.last_seen_at,
            person.id,
        )

    @property
    def properties(self) -> Properties:
        """The person's properties as they are now."""
        if isinstance(self.document, str):
            self.document = cast(Properties, orjson.loads(self.document))
        return self.document

    @properties.setter
    def properties(self, updated: Properties) -> None:
        self.document = updated

    @property
    def survivor(self) -> Profile:
        """Who the person is after all merges."""
        profile = self
        while (into := profile.merged_into) is not None:
            # Halve the way for the next one who asks, or long chains of merges would take quadratic time.
            profile.merged_into = into.merged_into or into
            profile = profile.merged_into
        return profile


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a person in its history; every version that changed properties has one.

    `snapshot`: `set_properties` are all properties; otherwise those that this version set before it removed
    the keys in `unset_properties`. The versions under a uuid ascend, not always by one. The history of a person
    that is gone ends in an empty snapshot, the `ending`; in that one `merged_into` is who took it over, if it was a
    merge.
    """

    profile: Profile
    version: int
    at: datetime
    set_properties: Properties
    unset_properties: tuple[str, ...] = ()
    snapshot: bool = False
    ending: bool = False
    merged_into: Profile | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a distinct id that has been seen before.

    `given_to` is None for an id without a person; `personless` says that events used it so.
    """

    given_to: Profile | None
    personless: bool = False

    @property
    def profile(self) -> Profile | None:
        """Who holds the id now: merges pass it on, and cost the same however many ids they move."""
        return None if self.given_to is None else self.given_to.survivor


@dataclass(slots=True)
class Population:
    """The working set. `holders` has every known id of the batch; `taken` the uuids of living persons among the
    uuids that new persons of the batch would get. `group_types` maps each project's types to their index,
    `last_versions` those uuids to the last version of their history, if they have one.

    What changed is read back by `PersonRepository.save`: profiles `created`, `changed`, `merged` and `removed`, ids
    `attached` to a person, ids newly `seen` without one (some of them attached since), `reattributed` ids,
    `revisions`, `groups` and new group types.
    """

    holders: dict[Id, Holder]
    taken: set[tuple[int, uuid.UUID]]
    group_types: dict[int, dict[str, int]]
    last_versions: dict[tuple[int, uuid.UUID], int] = field(default_factory=dict)
    created: list[Profile] = field(default_factory=list)
    removed: list[Profile] = field(default_factory=list)
    seen: set[Id] = field(default_factory=set)
    revisions: list[Revision] = field(default_factory=list)
    groups: dict[tuple[int, int, str], Properties] = field(default_factory=dict)
    new_group_types: dict[tuple[int, str], int] = field(default_factory=dict)
    _whole: list[Profile] = field(default_factory=list)
    _gone: list[Profile] = field(default_factory=list)
    _attached: dict[Id, Profile] = field(default_factory=dict)
    _reattributed: set[Id] = field(default_factory=set)

    @property
    def changed(self) -> list[Profile]:
        """The persons that were known before, still live and have changed."""
        profiles = dict.fromkeys(holder.profile for holder in self.holders.values())
        profiles.update(dict.fromkeys(self._whole))
        return [one for one in profiles if one and one.changed and one.id is not None and one not in self.removed]

    @property
    def merged(self) -> dict[Profile, Profile]:
        """The persons gone in merges, and who each of them is now."""
        return {gone: gone.survivor for gone in self._gone}

    @property
    def attached(self) -> dict[Id, Profile]:
        """The ids given to a person, in that order, and who holds them now."""
        return {key: profile.survivor for key, profile in self._attached.items()}

    @property
    def reattributed(self) -> dict[Id, Profile]:
        """The ids that may have earlier events under another person's uuid, and who holds them now.

        Of the ids that merges moved, only those of the batch are known here.
        """
        return {
            key: given_to.survivor
            for key, holder in self.holders.items()
            if (given_to := holder.given_to) and (given_to.merged_into or key in self._reattributed)
        }

    def find(self, project_id: int, distinct_id: str) -> Profile | None:
        """The person who holds an id now, or None."""
        holder = self.holders.get((project_id, distinct_id))
        if holder is None or holder.given_to is None:
            return None
        return holder.given_to.survivor if holder.given_to.merged_into else holder.given_to

    def was_personless(self, project_id: int, distinct_id: str) -> bool:
        """Whether events used an id without a person because they asked for none."""
        holder = self.holders.get((project_id, distinct_id))
        return holder is not None and holder.personless

    def see(self, project_id: int, distinct_id: str, *, personless: bool) -> None:
        """Remember that an event used an id that nobody holds, and that no person was made."""
        key = (project_id, distinct_id)
        holder = self.holders.get(key)
        if holder is None or personless > holder.personless:
            self.holders[key] = Holder(None, personless=personless)
            self.seen.add(key)

    def create(
        self, project_id: int, uuid_from: str, ids: Iterable[str], at: datetime, properties: Properties
    ) -> Profile:
        """A new person that holds `ids`, with the uuid of `uuid_from` unless a living person still has it."""
        new_uuid = person_uuid(project_id, uuid_from)
        if (project_id, new_uuid) in self.taken:
            new_uuid = uuid.uuid4()
        self.taken.add((project_id, new_uuid))
        version = self.last_versions.get((project_id, new_uuid), -1) + 1
        profile = Profile(project_id, new_uuid, properties, at, version=version)
        self.created.append(profile)
        self.revisions.append(Revision(profile, version, at, properties, snapshot=True))
        for distinct_id in ids:
            self.attach(distinct_id, profile)
        return profile

    def attach(self, distinct_id: str, profile: Profile) -> None:
        """Give an id that nobody holds to a person."""
        key = (profile.project_id, distinct_id)
        holder = self.holders.get(key)
        self.holders[key] = Holder(profile, holder.personless if holder else False)
        self._attached[key] = profile
        # Events that used the id without a person bear the uuid of the person it would have made.
        if holder is not None and profile.uuid != person_uuid(profile.project_id, distinct_id):
            self._reattributed.add(key)

    def merge(self, gone: Profile, into: Profile) -> None:
        """`into` takes over all ids of `gone`, which ceases to be."""
        gone.merged_into = into
        self._gone.append(gone)

    def add(self, person: Person) -> Profile:
        """A person with all its ids, to be worked on."""
        profile = Profile.of(person)
        self._whole.append(profile)
        for distinct_id in person.distinct_ids:
            self.holders[person.project_id, distinct_id] = Holder(profile)
        return profile

    def rewrite(self, profile: Profile, to_set: Properties, to_unset: Sequence[str], at: datetime) -> None:
        """Set properties, then remove those of some keys, as one version."""
        profile.properties = {
            key: value for key, value in {**profile.properties, **to_set}.items() if key not in to_unset
        }
        profile.version += 1
        profile.changed = True
        self.revisions.append(Revision(profile, profile.version, at, to_set, tuple(to_unset)))

    def split(self, profile: Profile, distinct_ids: Iterable[str], at: datetime) -> None:
        """Each of these ids of a person goes to a new person without properties, with all events of the id."""
        profile.version += 1
        profile.changed = True
        for distinct_id in distinct_ids:
            key = (profile.project_id, distinct_id)
            new = self.create(profile.project_id, distinct_id, (), at, {})
            self.holders[key] = Holder(new)
            self._attached[key] = new
            self._reattributed.add(key)

    def remove(self, profile: Profile) -> None:
        """A person ceases to be; its ids are nobody's again, and so are its events."""
        self.removed.append(profile)

    def endings(self, at: datetime) -> list[Revision]:
        """The last revisions of the persons that are gone.

        Whoever gets the uuid again begins after them, and so above every version that an event may bear.
        """
        return [
            Revision(
                profile,
                profile.version + 1,
                at,
                {},
                snapshot=True,
                ending=True,
                merged_into=profile.survivor if profile.merged_into else None,
            )
            for profile in (*self._gone, *self.removed)
        ]

    def group_index(self, project_id: int, group_type: str) -> int | None:
        """The index of a group type, given now if the type is new; None for a sixth type."""
        types = self.group_types.setdefault(project_id, {})
        index = types.get(group_type)
        if index is None and len(types) < MAX_GROUP_TYPES:
            index = len(types)
            types[group_type] = index
            self.new_group_types[project_id, group_type] = index
        return index

    def update_group(self, project_id: int, index: int, key: str, properties: Mapping[str, object]) -> None:
        """Merge properties into a group's, shallowly, when the batch is saved."""
        self.groups.setdefault((project_id, index, key), {}).update(properties)  # type: ignore[arg-type]


MAX_GROUP_TYPES = 5
