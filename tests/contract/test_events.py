"""The outbox: what happened, in the order in which it was written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Invalid, StoreUnavailable
from social_crm.domain.event import Event, EventKind
from tests.builders import NOON, at
from tests.contract.steps import a_step, claim, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Store


def an_event(event_id: str = "gap-1", **changes) -> Event:
    return Event(**{"id": event_id, "kind": EventKind.SOURCE_GAP, "at": NOON, "subject": "acme-x", **changes})


def tell(store: Store, *events: Event) -> None:
    lease = claim(store)
    store.sources.advance(lease, a_step(events=events))
    store.leases.release(lease)


def test_an_event_comes_back_as_it_was_told(store: Store):
    body = {
        "why": "rate limit",
        "a.dotted$name": [1, 2.5, None, True, {"$deep": "\U0001f600"}],
        "count": 2**40,
        "none": None,
    }
    event = an_event(kind=EventKind.SOURCE_PAUSED, at=at("2025-01-15T12:34:56.789012"), body=body)
    tell(store, event, an_event("bare"))
    assert told(store) == [event, an_event("bare")]
    assert type(told(store)[0].kind) is EventKind


def test_an_outbox_that_nobody_wrote_to_is_empty(store: Store):
    assert store.events.after(0, 10) == ()


def test_events_come_in_the_order_in_which_they_were_written(store: Store):
    tell(store, an_event("c"), an_event("a", at=NOON - timedelta(days=1)))
    tell(store, an_event("b", subject="other"))
    entries = store.events.after(0, 10)
    assert [event.id for _, event in entries] == ["c", "a", "b"]
    positions = [position for position, _ in entries]
    assert positions == sorted(set(positions))
    assert positions[0] > 0


def test_reading_goes_on_after_a_position_a_few_at_a_time(store: Store):
    tell(store, *(an_event(f"gap-{number}") for number in range(5)))
    read, position = [], 0
    while entries := store.events.after(position, 2):
        assert len(entries) <= 2
        read += [event.id for _, event in entries]
        position = entries[-1][0]
    assert read == [f"gap-{number}" for number in range(5)]
    tell(store, an_event("late"))
    assert [event.id for event in told(store, position)] == ["late"]


def test_at_most_none_are_none(store: Store):
    tell(store, an_event())
    assert store.events.after(0, 0) == ()


def test_the_same_id_again_is_not_told_twice_and_stays_where_it_was(store: Store):
    tell(store, an_event("a"), an_event("b"))
    before = store.events.after(0, 10)
    tell(store, an_event("a", body={"told": "again"}), an_event("c"), an_event("c", body={"told": "again"}))
    after = store.events.after(0, 10)
    assert after[:2] == before
    assert [event for _, event in after[2:]] == [an_event("c")]


def test_an_event_that_cannot_be_stored_takes_the_whole_step_with_it(store: Store):
    lease = claim(store)
    with pytest.raises(Invalid):
        store.sources.advance(lease, a_step(events=(an_event("good"), an_event("bad", body={"what": object()}))))
    assert told(store) == []
    assert store.sources.progress() == {}


def test_what_one_store_tells_another_one_hears(store: Store, open_again: Callable[[], Store]):
    tell(store, an_event("a"))
    tell(open_again(), an_event("b"), an_event("a"))
    assert [event.id for event in told(store)] == ["a", "b"]


def test_events_of_a_closed_store_are_unavailable(store: Store):
    store.close()
    with pytest.raises(StoreUnavailable):
        store.events.after(0, 10)
