"""How far each source has come: steps that are written whole or not at all, under a fence, and what they cost."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.errors import LeaseLost, StoreUnavailable
from social_crm.domain.event import Event, EventKind
from social_crm.domain.lease import Lease
from social_crm.domain.source import Progress, SourceSetup, Spend, Step
from social_crm.domain.span import Span
from tests.builders import NOON, at
from tests.contract.steps import MINUTE, THREADS, a_step, claim, together, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Store

DAY = date(2025, 1, 15)
ALWAYS = Span(at("2000-01-01"), at("2100-01-01"))


def a_progress(source: str = "acme-x", **changes) -> Progress:
    """Every field filled, each time to the microsecond."""
    moments = {
        name: at(f"2025-01-{day:02}T12:34:56.789012")
        for day, name in enumerate(("due_at", "covered_from", "covered_to", "finished_at", "revisited_at"), start=1)
    }
    rest = {
        "query": "acme",
        "cursor": '{"next": "\U0001f600"}',
        "revisiting": "x:7",
        "failures": 3,
        "trouble": "no answer",
        "delayed_by": "outage",
        "version": 7,
    }
    filled = {"source": source, **moments, **rest}
    assert filled.keys() == {field.name for field in fields(Progress)}
    return Progress(**{**filled, **changes})


def a_full_step(source: str = "acme-x", name: str = "1") -> Step:
    gap = Coverage(f"gap-{name}", source, "acme", NOON, NOON + MINUTE, "acme", Seen.MISSED, Why.WINDOW)
    event = Event(f"gap-{name}", EventKind.SOURCE_GAP, NOON, source, {"why": "window exceeded"})
    return Step(a_progress(source), (gap,), ((DAY, 5),), (event,))


def everything(store: Store, source: str = "acme-x") -> tuple:
    """All that a step writes."""
    sources = store.sources
    return dict(sources.progress()), store.coverage.spans(source, ALWAYS), sources.spend(source, DAY), told(store)


def test_what_has_never_run_has_no_progress(store: Store):
    store.sources.put(SourceSetup("acme-x", "x", "acme", "acme"))
    assert store.sources.progress() == {}


def test_progress_of_several_sources_comes_back_as_it_was_written(store: Store):
    steps = {
        "acme-x": a_progress("acme-x"),
        "acme-hn": Progress("acme-hn"),
        "globex-x": a_progress("globex-x", due_at=None),
    }
    for source, progress in steps.items():
        store.sources.advance(claim(store, f"collect:{source}"), Step(progress))
    assert dict(store.sources.progress()) == steps


def test_later_progress_replaces_all_of_the_earlier(store: Store):
    lease = claim(store)
    store.sources.advance(lease, Step(a_progress()))
    store.sources.advance(lease, Step(Progress("acme-x", cursor="next")))
    assert dict(store.sources.progress()) == {"acme-x": Progress("acme-x", cursor="next")}


def test_a_step_writes_progress_coverage_spend_and_events(store: Store):
    step = a_full_step()
    store.sources.advance(claim(store), step)
    assert everything(store) == ({"acme-x": step.progress}, step.coverage, (Spend("acme-x", DAY, 5),), list(step.events))


def test_the_coverage_of_a_later_step_replaces_the_same_id(store: Store):
    lease = claim(store)
    covered = Coverage("walk", "acme-x", "acme", NOON, NOON + MINUTE, "acme")
    other = replace(covered, id="other", brand="globex")
    store.sources.advance(lease, a_step(coverage=(covered, other)))
    longer = replace(covered, end=NOON + 2 * MINUTE)
    store.sources.advance(lease, a_step(coverage=(longer,)))
    assert store.coverage.spans("acme-x", ALWAYS) == (other, longer)


def _taken_over(store: Store) -> Lease:
    lease = claim(store)
    claim(store, holder="second", now=lease.until)
    return lease


def _taken_over_and_let_go(store: Store) -> Lease:
    lease = claim(store)
    store.leases.release(claim(store, holder="second", now=lease.until))
    return lease


def _let_go(store: Store) -> Lease:
    lease = claim(store)
    store.leases.release(lease)
    return lease


def _never_claimed(store: Store) -> Lease:
    claim(store, "collect:other")
    return Lease("collect:acme-x", "first", 1, NOON + MINUTE)


LOST = [_taken_over, _taken_over_and_let_go, _let_go, _never_claimed]


@pytest.mark.parametrize("lose", LOST, ids=lambda lose: lose.__name__.strip("_"))
def test_a_step_under_a_lost_lease_changes_nothing_at_all(store: Store, lose: Callable[[Store], Lease]):
    before_it = claim(store, "collect:other", "other")
    store.sources.advance(before_it, a_full_step("acme-x", "0"))
    store.leases.release(before_it)
    before = everything(store)
    lost = lose(store)
    with pytest.raises(LeaseLost, match="collect:acme-x"):
        store.sources.advance(lost, replace(a_full_step("acme-x", "1"), progress=Progress("acme-x", cursor="lost")))
    with pytest.raises(LeaseLost):
        store.sources.charge(lost, "acme-x", DAY, 100)
    assert everything(store) == before


def test_the_new_holder_writes_while_the_frozen_one_may_not(store: Store):
    frozen = claim(store)
    taken = claim(store, holder="second", now=frozen.until)
    store.sources.advance(taken, a_full_step("acme-x", "second"))
    with pytest.raises(LeaseLost):
        store.sources.advance(frozen, a_full_step("acme-x", "first"))
    store.sources.charge(taken, "acme-x", DAY, 1)
    assert [event.id for event in told(store)] == ["gap-second"]
    assert store.sources.spend("acme-x", DAY) == (Spend("acme-x", DAY, 6),)


def test_a_lease_that_was_renewed_counts_whichever_of_its_states_is_shown(store: Store):
    lease = claim(store)
    renewed = store.leases.renew(lease, NOON + 9 * MINUTE)
    store.sources.advance(lease, a_full_step("acme-x", "1"))
    store.sources.advance(renewed, a_full_step("acme-x", "2"))
    assert len(told(store)) == 2


def test_a_lease_that_has_run_out_and_that_nobody_claimed_still_counts(store: Store):
    long_ago = claim(store, now=NOON - timedelta(days=365))
    store.sources.charge(long_ago, "acme-x", DAY, 1)
    store.sources.advance(long_ago, a_full_step())
    assert store.sources.spend("acme-x", DAY) == (Spend("acme-x", DAY, 6),)


def test_spend_adds_up_and_is_settled_by_what_is_negative(store: Store):
    lease, next_day = claim(store), DAY + timedelta(days=1)
    store.sources.charge(lease, "acme-x", DAY, 2**40)
    store.sources.charge(lease, "acme-x", DAY, 500)
    store.sources.advance(lease, a_step(spent=((DAY, -200), (next_day, 7), (DAY, -50))))
    assert store.sources.spend("acme-x", DAY) == (Spend("acme-x", DAY, 2**40 + 250), Spend("acme-x", next_day, 7))


def test_spend_is_of_one_source_and_from_a_day_on(store: Store):
    lease = claim(store)
    for number in (3, 0, 2, 1):
        store.sources.charge(lease, "acme-x", DAY + timedelta(days=number), number + 1)
    store.sources.charge(lease, "acme-hn", DAY, 100)
    assert [(spend.day.day, spend.units) for spend in store.sources.spend("acme-x", date(2025, 1, 16))] == [
        (16, 2),
        (17, 3),
        (18, 4),
    ]
    assert store.sources.spend("acme-hn", DAY) == (Spend("acme-hn", DAY, 100),)
    assert store.sources.spend("nobody", DAY) == ()


def test_a_day_that_cost_nothing_in_the_end_is_missing(store: Store):
    lease = claim(store)
    store.sources.charge(lease, "acme-x", DAY, 100)
    store.sources.advance(lease, a_step(spent=((DAY, -100),)))
    store.sources.charge(lease, "acme-x", DAY + timedelta(days=1), 0)
    assert store.sources.spend("acme-x", DAY) == ()
    store.sources.charge(lease, "acme-x", DAY, 3)
    assert store.sources.spend("acme-x", DAY) == (Spend("acme-x", DAY, 3),)


def test_threads_that_charge_one_source_lose_nothing(store: Store, open_again: Callable[[], Store]):
    lease, stores = claim(store), (store, open_again())
    together(lambda number: [stores[number % 2].sources.charge(lease, "acme-x", DAY, 1) for _ in range(5)])
    assert store.sources.spend("acme-x", DAY) == (Spend("acme-x", DAY, THREADS * 5),)


def test_what_one_store_writes_of_a_step_another_one_reads(store: Store, open_again: Callable[[], Store]):
    store.sources.advance(claim(store), a_full_step())
    assert everything(open_again()) == everything(store)
    assert len(told(store)) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda sources, lease: sources.progress(),
        lambda sources, lease: sources.charge(lease, "acme-x", DAY, 1),
        lambda sources, lease: sources.advance(lease, a_full_step()),
        lambda sources, lease: sources.spend("acme-x", DAY),
    ],
    ids=["progress", "charge", "advance", "spend"],
)
def test_the_progress_of_a_closed_store_is_unavailable(store: Store, ask):
    lease = claim(store)
    store.close()
    with pytest.raises(StoreUnavailable):
        ask(store.sources, lease)
