"""Who works on what: one holder a name, taken over when it has run out, fenced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import LeaseLost, StoreUnavailable
from social_crm.domain.event import Event, EventKind
from social_crm.domain.lease import Lease
from tests.builders import NOON
from tests.contract.steps import MINUTE, a_step, claim, together, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Store

MICROSECOND = timedelta(microseconds=1)


def test_a_free_name_is_claimed_until_the_time_that_is_asked_for(store: Store):
    until = NOON + MINUTE + MICROSECOND
    lease = store.leases.claim("collect:acme-x", "first", NOON, until)
    assert lease == Lease("collect:acme-x", "first", lease.fence, until)


@pytest.mark.parametrize("holder", ["first", "second"])
def test_nobody_claims_what_is_held_not_even_the_holder(store: Store, holder: str):
    lease = claim(store)
    assert store.leases.claim(lease.name, holder, lease.until - MICROSECOND, NOON + 2 * MINUTE) is None


def test_a_lease_that_has_run_out_is_taken_over_under_a_higher_fence(store: Store):
    lost = claim(store)
    taken = claim(store, holder="second", now=lost.until)
    assert (taken.holder, taken.until) == ("second", lost.until + MINUTE)
    assert taken.fence > lost.fence


def test_each_name_has_a_holder_of_its_own(store: Store):
    assert claim(store, "collect:a").name == "collect:a"
    assert claim(store, "collect:b").name == "collect:b"


def test_whoever_renews_holds_on_for_longer(store: Store):
    lease = claim(store)
    later = NOON + 2 * MINUTE + MICROSECOND
    assert store.leases.renew(lease, later) == replace(lease, until=later)
    assert store.leases.claim(lease.name, "second", later - MICROSECOND, later + MINUTE) is None
    assert store.leases.claim(lease.name, "second", later, later + MINUTE) is not None


def test_a_lease_is_renewed_again_by_what_was_claimed_first(store: Store):
    lease = claim(store)
    store.leases.renew(lease, NOON + 2 * MINUTE)
    assert store.leases.renew(lease, NOON + 3 * MINUTE).until == NOON + 3 * MINUTE


def test_what_has_run_out_and_nobody_else_claimed_is_renewed(store: Store):
    lease = claim(store)
    store.leases.renew(lease, NOON + 10 * MINUTE)
    assert store.leases.claim(lease.name, "second", NOON + 5 * MINUTE, NOON + 20 * MINUTE) is None


def test_what_another_has_claimed_cannot_be_renewed(store: Store):
    lost = claim(store)
    taken = claim(store, holder="second", now=lost.until)
    with pytest.raises(LeaseLost, match="collect:acme-x"):
        store.leases.renew(lost, NOON + 9 * MINUTE)
    assert store.leases.claim(lost.name, "third", taken.until, NOON + 9 * MINUTE) is not None


def test_what_was_claimed_anew_by_the_same_holder_cannot_be_renewed_by_the_old_lease(store: Store):
    lost = claim(store)
    claim(store, now=lost.until)
    with pytest.raises(LeaseLost):
        store.leases.renew(lost, NOON + 9 * MINUTE)


def test_what_was_let_go_is_free_at_once_and_its_fence_is_remembered(store: Store):
    fences = []
    for holder in ("first", "second", "second"):
        lease = claim(store, holder=holder)
        fences.append(lease.fence)
        store.leases.release(lease)
    assert fences == sorted(set(fences))


def test_what_was_let_go_cannot_be_renewed(store: Store):
    lease = claim(store)
    store.leases.release(lease)
    with pytest.raises(LeaseLost):
        store.leases.renew(lease, NOON + 9 * MINUTE)
    assert store.leases.claim(lease.name, "second", NOON, NOON + MINUTE) is not None


def test_letting_go_of_what_is_lost_leaves_it_to_its_holder(store: Store):
    lost = claim(store)
    taken = claim(store, holder="second", now=lost.until)
    store.leases.release(lost)
    store.leases.release(lost)
    assert store.leases.claim(lost.name, "third", NOON + MINUTE, NOON + 9 * MINUTE) is None
    assert store.leases.renew(taken, NOON + 5 * MINUTE).fence == taken.fence


def test_letting_go_twice_or_of_what_never_was_is_harmless(store: Store):
    lease = claim(store)
    store.leases.release(lease)
    store.leases.release(lease)
    store.leases.release(Lease("nobody", "first", 1, NOON))
    assert claim(store, "nobody").holder == "first"


def test_what_was_never_claimed_cannot_be_renewed(store: Store):
    with pytest.raises(LeaseLost):
        store.leases.renew(Lease("nobody", "first", 1, NOON), NOON + MINUTE)
    assert store.leases.claim("nobody", "second", NOON, NOON + MINUTE) is not None


def test_of_several_that_claim_at_once_exactly_one_gets_it(store: Store, open_again: Callable[[], Store]):
    stores = (store, open_again())
    fences = []
    for now in (NOON, NOON + MINUTE, NOON + 2 * MINUTE):
        claimed = together(lambda n, now=now: stores[n % 2].leases.claim("collect:acme-x", f"h{n}", now, now + MINUTE))
        winners = [(number, lease) for number, lease in enumerate(claimed) if lease is not None]
        assert [f"h{number}" for number, _ in winners] == [lease.holder for _, lease in winners]
        assert len(winners) == 1
        fences.append(winners[0][1].fence)
    assert fences == sorted(set(fences))


def test_nobody_writes_under_a_fence_once_a_higher_one_is_given_out(store: Store, open_again: Callable[[], Store]):
    """Each claims what has just run out, and writes: what is written must stand in the order of the fences."""
    stores = (store, open_again())

    def work(number: int) -> list[int]:
        written, mine = [], stores[number % 2]
        for _ in range(3):
            lease = mine.leases.claim("collect:acme-x", f"h{number}", NOON, NOON)  # it has run out at once
            assert lease is not None
            event = Event(f"{lease.fence:06}", EventKind.SOURCE_GAP, NOON, "acme-x")
            try:
                mine.sources.advance(lease, a_step(events=(event,), spent=((NOON.date(), 1),)))
            except LeaseLost:
                continue
            written.append(lease.fence)
        return written

    claims = sorted(fence for written in together(work) for fence in written)
    assert [int(event.id) for event in told(store)] == claims
    assert [spend.units for spend in store.sources.spend("acme-x", NOON.date())] == [len(claims)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda leases: leases.claim("collect:acme-x", "first", NOON, NOON + MINUTE),
        lambda leases: leases.renew(Lease("collect:acme-x", "first", 1, NOON), NOON + MINUTE),
        lambda leases: leases.release(Lease("collect:acme-x", "first", 1, NOON)),
    ],
    ids=["claim", "renew", "release"],
)
def test_leases_of_a_closed_store_are_unavailable(store: Store, ask):
    store.close()
    with pytest.raises(StoreUnavailable):
        ask(store.leases)
