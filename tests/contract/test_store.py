"""The store as a whole: opened twice, used by many threads, asked for secrets, closed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import StoreUnavailable
from social_crm.ports import Taken
from tests.builders import a_brand, a_mention, an_account, heard
from tests.contract.steps import THREADS, marked, settle, take, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Store


def test_what_one_store_writes_another_one_reads(store: Store, open_again: Callable[[], Store]):
    take(store, heard(), accounts=[an_account()])
    store.brands.put(a_brand())
    other = open_again()
    assert other.mentions.get("x:100") == heard()
    assert other.accounts.count() == 1
    assert marked(other) == [("acme", "2025-01-15")]
    take(other, heard(a_mention("x:101")))
    assert store.mentions.count() == 2


def test_what_was_written_is_there_after_closing(store: Store, open_again: Callable[[], Store]):
    take(store, heard())
    store.close()
    assert open_again().mentions.get("x:100") == heard()


def test_a_secret_is_the_same_in_every_thread_and_store(store: Store, open_again: Callable[[], Store]):
    stores = (store, open_again())
    secrets = {
        *together(lambda number: stores[number % 2].secret("cursor")),
        store.secret("cursor"),
        open_again().secret("cursor"),
    }
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32


def test_each_name_has_a_secret_of_its_own(store: Store):
    assert store.secret("cursor") != store.secret("session")


def test_an_open_store_answers_and_a_closed_one_is_unavailable(store: Store):
    store.ping()
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable):
        store.ping()
    with pytest.raises(StoreUnavailable):
        take(store, heard())
    with pytest.raises(StoreUnavailable):
        store.mentions.count()


def test_threads_that_take_overlapping_pages_leave_each_mention_once_and_all_marked(store: Store):
    mentions = [heard(a_mention(f"x:{n}", f"x:{n % 7}"), "acme", "globex") for n in range(40)]
    accounts = [an_account(f"x:{n}") for n in range(7)]

    def work(number: int) -> Taken:
        page = random.Random(number).sample(mentions, 30)
        return take(store, *page[:15], accounts=accounts) + take(store, *page[15:], accounts=accounts)

    taken = sum(together(work), Taken())
    stored = [store.mentions.get(f"x:{n}") for n in range(40) if store.mentions.known([f"x:{n}"])]
    assert stored == [one for one in mentions if one in stored]
    assert taken == Taken(new=len(stored), same=THREADS * 30 - len(stored))
    assert store.mentions.count() == len(stored) > 30
    assert store.accounts.count() == 7
    assert marked(store) == [("acme", "2025-01-15"), ("globex", "2025-01-15")]
    settle(store)
    assert marked(store) == []


def test_threads_that_add_brands_to_one_mention_lose_none(store: Store):
    brands = [f"brand{number}" for number in range(THREADS)]
    zones = dict.fromkeys(brands, "UTC")
    together(lambda number: store.mentions.take([heard(a_mention(), brands[number])], [], zones, a_mention().posted_at))
    assert store.mentions.get("x:100").reading.brands == tuple(brands)
    assert marked(store) == [(brand, "2025-01-15") for brand in brands]


def test_threads_that_edit_a_brand_each_get_a_version_of_their_own(store: Store):
    versions = together(lambda number: store.brands.put(a_brand(name=f"Acme {number}")).version)
    assert sorted(versions) == list(range(1, THREADS + 1))
