"""Whatever pages come, in whatever order and however often: what the rules of taking in promise."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from social_crm.domain.clock import local_day
from tests.builders import NOON, a_mention, an_account, heard
from tests.contract.steps import ZONES, marked, settle, take

if TYPE_CHECKING:
    from social_crm.ports import Heard, Store

HOUR = timedelta(hours=1)
GONE = 3

# Each sighting: which mention, which edit of it (0 none, 3 the deletion), about which brands.
SIGHTINGS = st.tuples(
    st.integers(0, 2), st.integers(0, GONE), st.sets(st.sampled_from(sorted(ZONES)), min_size=1).map(sorted)
)
PAGES = st.lists(st.lists(SIGHTINGS, max_size=4), min_size=1, max_size=5)
numbers = count()


def told(run: int, which: int, edit: int, brands: list[str]) -> Heard:
    """A sighting as a fact: what is said depends on the mention and the edit alone."""
    edited_at = NOON + edit * HOUR if 0 < edit < GONE else None
    posted_at = NOON + (which * 9 + edit) * HOUR
    deleted_at = NOON + 9 * HOUR if edit == GONE else None
    said = a_mention(
        f"x:{run}-{which}", text=f"edit {edit}", posted_at=posted_at, edited_at=edited_at, deleted_at=deleted_at
    )
    return heard(said, *brands)


@pytest.fixture
def emptied(store: Store) -> Store:
    """One store for all examples: each has ids of its own."""
    return store


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=PAGES)
def test_the_newest_edit_stands_a_deletion_stays_and_brands_are_only_added(emptied: Store, pages):
    store, run = emptied, next(numbers)
    settle(store)
    before = store.mentions.count()
    sightings = [sighting for page in pages for sighting in page]
    taken = [take(store, *(told(run, *sighting) for sighting in page)) for page in pages]
    seen = {which for which, _, _ in sightings}
    assert store.mentions.count() - before == len(seen) == sum(one.new for one in taken)
    assert sum(one.new + one.changed + one.same for one in taken) == len(sightings)
    marks = set(marked(store))
    for which in seen:
        edit = max(edit for other, edit, _ in sightings if other == which)
        stored = store.mentions.get(f"x:{run}-{which}")
        expected = told(run, which, edit, []).mention
        assert (stored.mention.posted_at, stored.mention.deleted_at) == (expected.posted_at, expected.deleted_at)
        assert stored.mention.text == ("" if edit == GONE else expected.text)
        every = {brand for other, _, brands in sightings if other == which for brand in brands}
        first = next(brands for other, _, brands in sightings if other == which)
        assert set(first) <= set(stored.reading.brands) <= every
        assert list(stored.reading.brands) == sorted(stored.reading.brands)
        days = {(brand, local_day(stored.mention.posted_at, ZONES[brand]).isoformat()) for brand in stored.reading.brands}
        assert days <= marks
    settle(store)
    again = take(store, *(store.mentions.get(f"x:{run}-{which}") for which in sorted(seen)))
    assert (again.new, again.changed, again.same) == (0, 0, len(seen))
    assert marked(store) == []


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=8), cut=st.integers(0, 8))
def test_the_newest_face_of_each_account_stands(emptied: Store, seen, cut):
    run = next(numbers)
    faces = [an_account(f"x:{run}-{who}", handle=f"face{hour}", observed_at=NOON + hour * HOUR) for who, hour in seen]
    take(emptied, accounts=faces[:cut])
    take(emptied, accounts=faces[cut:])
    newest = {who: max(hour for other, hour in seen if other == who) for who, _ in seen}
    stored = emptied.accounts.get([f"x:{run}-{who}" for who in sorted(newest)])
    assert [account.handle for account in stored] == [f"face{newest[who]}" for who in sorted(newest)]
