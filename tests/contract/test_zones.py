"""A brand changes its time zone while others take in: no mention is lost from the roll-ups."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from jobs.roll_up import roll_up
from social_crm.domain.errors import Invalid, Stale
from social_crm.ports import Taken
from social_crm.services import brands
from tests.builders import NOON, a_brand, a_mention, at, heard
from tests.contract.steps import marked, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Heard, Store

NEW_YORK = "America/New_York"
# The 15th in UTC, still the 14th in New York.
NIGHT = heard(a_mention(posted_at=at("2025-01-15T02:00:00")))


def take(store: Store, *told: Heard, zone: str = "UTC") -> Taken:
    return store.mentions.take(told, [], {"acme": zone}, NOON)


def figures(store: Store) -> list[tuple[date, int]]:
    roll_up(store, lambda: NOON)
    assert marked(store) == []
    return sorted(store.rollups.activity(["acme"]).select("day", "posts").rows())


def before_the_put(store: Store, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let others act once after the days to mark were worked out and before the brand is stored."""
    put, left = store.brands.put, [act]

    def overtaken(*given):
        while left:
            left.pop()()
        return put(*given)

    monkeypatch.setattr(store.brands, "put", overtaken)


def test_the_zone_that_is_stored_stands_over_the_one_given(store: Store):
    store.brands.put(a_brand(time_zone=NEW_YORK))
    assert take(store, NIGHT) == Taken(new=1)
    assert ("acme", "2025-01-14") in marked(store)


def test_a_brand_whose_zone_is_stored_needs_none_given(store: Store):
    store.brands.put(a_brand(time_zone=NEW_YORK))
    assert store.mentions.take([NIGHT], [], {}, NOON) == Taken(new=1)
    assert marked(store) == [("acme", "2025-01-14")]


def test_the_zone_given_stands_for_a_brand_that_is_not_stored(store: Store):
    take(store, NIGHT, zone=NEW_YORK)
    assert marked(store) == [("acme", "2025-01-14")]
    with pytest.raises(Invalid, match="no time zone"):
        store.mentions.take([heard(a_mention("x:2"), "globex")], [], {"acme": "UTC"}, NOON)


def test_an_edit_that_moves_a_mention_marks_both_days_in_the_stored_zone(store: Store):
    store.brands.put(a_brand(time_zone=NEW_YORK))
    take(store, NIGHT)
    settle(store)
    moved = heard(a_mention(posted_at=at("2025-01-20T02:00:00"), edited_at=NOON))
    assert take(store, moved) == Taken(changed=1)
    assert {("acme", "2025-01-14"), ("acme", "2025-01-19")} <= set(marked(store))


def test_a_page_that_comes_with_the_old_zone_after_the_change_counts_in_full(store: Store):
    brands.put(store, a_brand())
    take(store, heard(a_mention("x:1", posted_at=at("2025-01-15T12:00:00"))))
    assert figures(store) == [(date(2025, 1, 15), 1)]
    brands.put(store, a_brand(time_zone=NEW_YORK))
    take(store, NIGHT)
    assert figures(store) == [(date(2025, 1, 14), 1), (date(2025, 1, 15), 1)]


def test_a_page_that_is_stored_while_the_zone_changes_counts_in_full(store: Store, monkeypatch: pytest.MonkeyPatch):
    brands.put(store, a_brand())
    before_the_put(store, monkeypatch, lambda: take(store, NIGHT))
    stored = brands.put(store, a_brand(time_zone=NEW_YORK))
    assert stored == store.brands.get("acme")
    assert stored.version == 3
    assert figures(store) == [(date(2025, 1, 14), 1)]


def test_a_page_that_is_even_rolled_up_while_the_zone_changes_counts_once(store: Store, monkeypatch: pytest.MonkeyPatch):
    brands.put(store, a_brand())
    before_the_put(store, monkeypatch, lambda: (take(store, NIGHT), figures(store)))
    brands.put(store, a_brand(time_zone=NEW_YORK))
    assert figures(store) == [(date(2025, 1, 14), 1)]


def test_an_edit_between_the_two_writes_of_a_change_stays(store: Store, monkeypatch: pytest.MonkeyPatch):
    brands.put(store, a_brand())
    put, calls = store.brands.put, []

    def overtaken(brand, *given):
        calls.append(brand)
        if len(calls) == 1:
            take(store, NIGHT)
        if len(calls) == 2:
            put(a_brand(name="Acme Inc", time_zone=NEW_YORK))
        return put(brand, *given)

    monkeypatch.setattr(store.brands, "put", overtaken)
    assert brands.put(store, a_brand(time_zone=NEW_YORK), 1).version == 2
    assert store.brands.get("acme").name == "Acme Inc"
    assert figures(store) == [(date(2025, 1, 14), 1)]


def test_a_change_of_zone_that_is_stale_marks_nothing(store: Store):
    brands.put(store, a_brand())
    take(store, NIGHT)
    settle(store)
    with pytest.raises(Stale):
        brands.put(store, a_brand(time_zone=NEW_YORK), 7)
    assert marked(store) == []
