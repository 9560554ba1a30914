"""The brands that we listen for: versions, and days marked together with an edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.brand import WeekStart
from social_crm.domain.errors import Conflict, NotFound, Stale
from tests.builders import a_brand
from tests.contract.steps import marked, settle

if TYPE_CHECKING:
    from social_crm.ports import Store


def test_a_brand_comes_back_as_it_was_put(store: Store):
    brand = a_brand(
        terms=("acme", '"iced latte"', "$ACME"),
        exclusions=("road runner",),
        handles={"x": ("acme", "acme_help"), "reddit": ("acme",)},
        competitors=("globex",),
        staff=("x:@wile", "x:7"),
        time_zone="America/New_York",
        week_start=WeekStart.SUNDAY,
    )
    stored = store.brands.put(brand)
    assert stored == replace(brand, version=1)
    assert store.brands.get("acme") == stored


def test_the_version_counts_the_edits_whatever_the_caller_says(store: Store):
    store.brands.put(a_brand(version=41))
    assert store.brands.put(a_brand(name="Acme Inc", version=7)).version == 2
    assert store.brands.get("acme").name == "Acme Inc"


def test_brands_are_listed_by_id(store: Store):
    for brand_id in ("globex", "acme", "initech"):
        store.brands.put(a_brand(brand_id))
    assert [brand.id for brand in store.brands.list()] == ["acme", "globex", "initech"]


def test_an_unknown_brand_is_not_found(store: Store):
    with pytest.raises(NotFound):
        store.brands.get("acme")


def test_expecting_none_makes_a_brand_only_once(store: Store):
    assert store.brands.put(a_brand(), expect=0).version == 1
    with pytest.raises(Conflict) as caught:
        store.brands.put(a_brand(name="Another"), expect=0)
    assert not isinstance(caught.value, Stale)
    assert store.brands.get("acme").name == "Acme"


def test_an_edit_of_the_version_that_is_there_goes_through(store: Store):
    store.brands.put(a_brand())
    assert store.brands.put(a_brand(name="Acme Inc"), expect=1).version == 2


@pytest.mark.parametrize("expect", [1, 3])
def test_an_edit_of_another_version_is_stale(store: Store, expect: int):
    store.brands.put(a_brand())
    store.brands.put(a_brand(name="Acme Inc"))
    with pytest.raises(Stale):
        store.brands.put(a_brand(name="Too late"), expect=expect, remark=[date(2025, 1, 1)])
    assert store.brands.get("acme").name == "Acme Inc"
    assert marked(store) == []


def test_an_edit_of_a_brand_that_is_not_there_is_stale(store: Store):
    with pytest.raises(Stale):
        store.brands.put(a_brand(), expect=1)
    assert store.brands.list() == ()


def test_an_edit_marks_the_days_that_it_changes(store: Store):
    store.brands.put(a_brand(), remark=[date(2025, 1, 2), date(2025, 1, 1), date(2025, 1, 2)])
    assert marked(store) == [("acme", "2025-01-01"), ("acme", "2025-01-02")]


def test_a_day_that_an_edit_marked_again_after_it_was_read_stays_marked(store: Store):
    store.brands.put(a_brand(), remark=[date(2025, 1, 1)])
    read = store.rollups.marks(10)
    store.brands.put(a_brand(name="Acme Inc"), remark=[date(2025, 1, 1)])
    settled = store.rollups.marks(10)
    assert [mark.day for mark in read] == [mark.day for mark in settled]
    assert not set(settled[0].tokens) <= set(read[0].tokens)
    settle(store)
    assert marked(store) == []
