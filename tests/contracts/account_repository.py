"""What every `AccountRepository` promises. A subclass gives the fixture `begin`, units of work on an empty store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hedgerow.domain.accounts import ApiKey, MemberLevel, User, hash_key
from hedgerow.domain.errors import Conflict
from hedgerow.domain.ports import UnitOfWork, UnitOfWorkFactory

NOON = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)


def a_user(work: UnitOfWork, email: str = "ada@example.com") -> User:
    return work.accounts.add_user(email=email, first_name="Ada", last_name="L", level=MemberLevel.ADMIN, at=NOON)


def a_key(user: User, id: str = "k1", *, at: datetime = NOON) -> ApiKey:
    return ApiKey(
        id=id,
        user_id=user.id,
        label="Test key",
        mask_value="phx_...abcd",
        secure_value=hash_key(id),
        scopes=("person:read", "*"),
        scoped_projects=(1, 2),
        created_at=at,
    )


class AccountRepositoryContract:
    """See the module."""

    def test_a_user_is_found_by_id_and_by_email(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            user = a_user(work)
            work.commit()

        assert (user.email, user.first_name, user.last_name) == ("ada@example.com", "Ada", "L")
        assert (user.level, user.is_active, user.created_at) == (MemberLevel.ADMIN, True, NOON)
        assert user.uuid != user.member_id
        with begin(write=False) as work:
            assert work.accounts.user(user_id=user.id) == user
            assert work.accounts.user(email=user.email) == user
            assert work.accounts.user(user_id=user.id + 1) is None
            assert work.accounts.user(email="nobody") is None

    def test_an_email_is_one_users_and_a_refusal_does_no_harm(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            first = a_user(work)
            with pytest.raises(Conflict):
                a_user(work)
            second = a_user(work, "bob@example.com")
            work.commit()

        with begin(write=False) as work:
            assert work.accounts.users() == [first, second]

    def test_a_users_names_level_and_whether_they_are_active_can_change(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            other, user = a_user(work, "other@example.com"), a_user(work)
            changed = replace(user, first_name="A", level=MemberLevel.OWNER, is_active=False)
            work.accounts.update_user(changed)
            work.commit()

        with begin(write=False) as work:
            assert work.accounts.users() == [other, changed]

    def test_there_is_one_organisation(self, begin: UnitOfWorkFactory) -> None:
        with begin(write=False) as work:
            first = work.accounts.organization()
        with begin(write=False) as work:
            assert work.accounts.organization() == first
        assert first.slug == "hedgerow"

    def test_a_projects_settings_can_change(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            shop = work.accounts.add_project(name="Shop", timezone="UTC", week_start_day=0, at=NOON)
            other = work.accounts.add_project(name="Blog", timezone="UTC", week_start_day=0, at=NOON)
            changed = replace(
                shop,
                name="Store",
                timezone="Europe/Berlin",
                week_start_day=1,
                updated_at=NOON + timedelta(seconds=1),
                person_display_name_properties=("email", "$name"),
                test_account_filters=({"key": "email", "value": ["a"]},),
                path_cleaning_filters=({"regex": "/\\d+", "alias": "/id"},),
                anonymize_ips=True,
                drop_events_older_than=86_400,
                retention_days=30,
            )
            work.accounts.update_project(changed)
            work.commit()

        with begin(write=False) as work:
            assert work.accounts.projects() == [changed, other]

    def test_a_project_is_known_to_have_events_by_the_ids_that_were_seen(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            shop = work.accounts.add_project(name="Shop", timezone="UTC", week_start_day=0, at=NOON)
            work.accounts.add_project(name="Blog", timezone="UTC", week_start_day=0, at=NOON)
            assert work.accounts.projects_with_events() == frozenset()
            population = work.persons.population([(shop.id, "u1")])
            population.see(shop.id, "u1", personless=True)
            work.persons.save(population, at=NOON)

            assert work.accounts.projects_with_events() == {shop.id}

    def test_a_project_has_a_token_of_its_own_and_plain_settings(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            shop = work.accounts.add_project(name="Shop", timezone="Europe/Berlin", week_start_day=1, at=NOON)
            blog = work.accounts.add_project(name="Blog", timezone="UTC", week_start_day=0, at=NOON)
            work.commit()

        assert (shop.name, shop.timezone, shop.week_start_day) == ("Shop", "Europe/Berlin", 1)
        assert (shop.created_at, shop.updated_at) == (NOON, NOON)
        assert shop.api_token.startswith("phc_")
        assert shop.api_token != blog.api_token
        assert shop.person_display_name_properties is None
        assert shop.test_account_filters == shop.path_cleaning_filters == ()
        assert shop.drop_events_older_than is None
        assert not shop.anonymize_ips
        with begin(write=False) as work:
            assert work.accounts.project(shop.id) == shop
            assert work.accounts.project_by_token(blog.api_token) == blog
            assert work.accounts.projects() == [shop, blog]
            assert work.accounts.project(blog.id + 1) is None
            assert work.accounts.project(10**30) is None
            assert work.accounts.project_by_token("phc_unknown") is None

    def test_a_key_is_found_by_the_hash_of_its_value_with_its_user(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            a_user(work, "other@example.com")
            user = a_user(work)
            key = a_key(user)
            work.accounts.add_key(key)
            work.commit()

        with begin(write=False) as work:
            assert work.accounts.key_by_secure_value(key.secure_value) == (key, user)
            assert work.accounts.key_by_secure_value(key.secure_value.upper()) is None

    def test_keys_are_a_users_own_oldest_first(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            user, other = a_user(work), a_user(work, "other@example.com")
            young, old = a_key(user, "young", at=NOON + timedelta(microseconds=1)), a_key(user, "zzz-old")
            for key in (young, old, a_key(other, "foreign")):
                work.accounts.add_key(key)
            work.commit()

        with begin(write=False) as work:
            assert work.accounts.keys(user.id) == [old, young]

    def test_a_deleted_key_is_gone(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            key = a_key(a_user(work))
            work.accounts.add_key(key)

            assert work.accounts.key(key.id) == key
            assert work.accounts.delete_key(key.id)
            assert work.accounts.key(key.id) is None
            assert not work.accounts.delete_key(key.id)
            assert work.accounts.key_by_secure_value(key.secure_value) is None

    def test_a_key_knows_when_it_was_used_last(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            user = a_user(work)
            used, unused = a_key(user, "used"), a_key(user, "unused")
            work.accounts.add_key(used)
            work.accounts.add_key(unused)
            work.accounts.touch_key("used", NOON + timedelta(hours=1))
            work.accounts.touch_key("no such key", NOON)

            assert work.accounts.keys(user.id) == [unused, replace(used, last_used_at=NOON + timedelta(hours=1))]
