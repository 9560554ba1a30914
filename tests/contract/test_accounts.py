"""Who said it: the newest observation wins, in whatever order they come."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING

from social_crm.ports import Taken
from tests.builders import NOON, an_account, at
from tests.contract.steps import marked, take

if TYPE_CHECKING:
    from social_crm.ports import Store

HOUR = timedelta(hours=1)


def test_an_account_comes_back_as_it_was_seen(store: Store):
    account = an_account(
        handle="Wile_E",
        observed_at=at("2025-01-15T12:00:00.000001"),
        name="Wile E. \U0001f43a",
        followers=0,
        created_at=at("2009-03-21T20:50:14"),
        url="https://x.example/wile_e",
    )
    take(store, accounts=[account, an_account("x:2")])
    assert store.accounts.get(["x:2", "x:1", "x:9"]) == (account, an_account("x:2"))
    assert store.accounts.get([]) == ()
    assert store.accounts.count() == 2


def test_the_newest_observation_wins_in_any_order(store: Store):
    faces = [an_account(handle=f"name{hour}", observed_at=NOON + hour * HOUR, followers=None) for hour in range(3)]
    for number, order in enumerate(permutations(range(3))):
        for hour in order:
            take(store, accounts=[an_account(f"x:{number}", handle=f"name{hour}", observed_at=faces[hour].observed_at)])
    assert {account.handle for account in store.accounts.get([f"x:{number}" for number in range(6)])} == {"name2"}


def test_the_newest_observation_wins_inside_a_page(store: Store):
    older, newer = an_account(handle="old"), an_account(handle="new", observed_at=NOON + HOUR)
    take(store, accounts=[newer, older])
    assert store.accounts.get(["x:1"]) == (newer,)
    assert store.accounts.count() == 1


def test_a_newer_observation_may_know_less(store: Store):
    take(store, accounts=[an_account(followers=10, url="https://x.example/1")])
    newer = an_account(observed_at=NOON + HOUR)
    take(store, accounts=[newer])
    assert store.accounts.get(["x:1"]) == (newer,)


def test_accounts_mark_nothing_and_are_not_counted_as_taken(store: Store):
    assert take(store, accounts=[an_account()]) == Taken()
    assert marked(store) == []


def test_accounts_are_found_by_the_handle_that_they_have_now(store: Store):
    take(
        store,
        accounts=[
            an_account("x:1", handle="Wile"),
            an_account("x:2", handle="beep"),
            an_account("reddit:3", handle="Wile"),
        ],
    )
    take(store, accounts=[an_account("x:2", handle="RoadRunner", observed_at=NOON + HOUR)])
    found = store.accounts.with_handles(["x:@roadrunner", "x:@beep", "reddit:@wile", "x:@nobody"])
    assert [account.id for account in found] == ["reddit:3", "x:2"]
    assert store.accounts.with_handles([]) == ()
