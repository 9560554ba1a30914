"""The books of a run: what it costs, where it stands, what it covered, and what becomes of every kind of trouble."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.bookkeeping import Books
from social_crm.domain.coverage import Seen, Why
from social_crm.domain.errors import (
    CapReached,
    CredentialsRejected,
    Invalid,
    LeaseLost,
    PlatformUnavailable,
    RateLimited,
    SocialCrmError,
)
from social_crm.domain.event import EventKind
from social_crm.domain.page import Page
from social_crm.domain.source import Progress, SourceSetup, SourceState
from social_crm.domain.span import Span
from social_crm.storage import open_store
from tests.builders import a_brand, at
from tests.contract.steps import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from social_crm.ports import Store

MORNING = at("2026-03-02T09:00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETUP = SourceSetup("src", "hackernews", "acme", "acme", schedule="0 * * * *")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        opened.brands.put(a_brand())
        opened.sources.put(SETUP)
        yield opened


def books(store: Store, clock: Clock, holder: str = "me", **changes: Any) -> Books:
    """The books of a new run, which has claimed the source; the former run is gone."""
    stored = store.sources.get("src")
    setup = store.sources.put(replace(stored, **changes)) if changes else stored
    clock.now += timedelta(seconds=10)
    lease = store.leases.claim("source:src", holder, clock.now, clock.now + timedelta(seconds=8))
    assert lease is not None
    return Books(store, setup, lease, clock, random.Random(1))


def a_page(**changes: Any) -> Page:
    return Page(**{"mentions": (), "accounts": (), "cursor": "next", **changes})


def progress(store: Store) -> Progress:
    return store.sources.progress()["src"]


def spent(store: Store) -> dict[str, int]:
    return {one.day.isoformat(): one.units for one in store.sources.spend("src", at("2026-01-01").date())}


def test_a_page_is_charged_before_it_is_asked_for_and_settled_with_what_it_cost(store: Store, clock: Clock):
    run = books(store, clock, daily_cap=100)
    run.afford(40)
    assert spent(store) == {"2026-03-02": 40}
    run.settle(25)
    run.enter(a_page(), "next")
    assert spent(store) == {"2026-03-02": 25}


def test_without_a_cap_what_a_page_cost_is_noted_with_it(store: Store, clock: Clock):
    run = books(store, clock)
    run.afford(40)
    assert spent(store) == {}
    run.settle(25)
    run.enter(a_page(), "next")
    assert spent(store) == {"2026-03-02": 25}


def test_the_cap_is_never_passed_and_says_when_the_next_day_begins(store: Store, clock: Clock):
    run = books(store, clock, daily_cap=100)
    run.afford(60)
    run.settle(60)
    with pytest.raises(CapReached, match="cap of 100 is reached: 60 spent today, and one more page may cost 41") as caught:
        run.afford(41)
    assert caught.value.retry_at == at("2026-03-03")
    run.afford(40)


@pytest.mark.parametrize(("cap", "cost"), [(0, 1), (40, 41)])
def test_a_cap_that_is_less_than_one_page_says_so(store: Store, clock: Clock, cap: int, cost: int):
    """No day will ever be long enough for it: somebody has to raise it."""
    with pytest.raises(Invalid, match=f"cap of {cap} is less than one page may cost: raise it to {cost} or more"):
        books(store, clock, daily_cap=cap).afford(cost)
    assert spent(store) == {}


def test_what_a_page_cost_belongs_to_the_day_on_which_it_was_asked_for(store: Store, clock: Clock):
    clock.now = at("2026-03-02T23:59:30")
    run = books(store, clock, daily_cap=100)
    run.afford(40)
    clock.now = at("2026-03-03T00:00:10")
    run.settle(30)
    run.enter(a_page(), "next")
    run.afford(100)
    assert spent(store) == {"2026-03-02": 30, "2026-03-03": 100}


@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_no_day_costs_more_than_its_cap_and_none_is_noted_too_low(
    store: Store, clock: Clock, seed: int
):
    """`paid` is what the platform really charged: by day never above what is noted, which is never above the cap."""
    chance = random.Random(seed)
    paid: dict[str, int] = {}
    run = books(store, clock, daily_cap=500)
    for _ in range(120):
        clock.now += chance.random() * timedelta(hours=3)
        try:
            run.afford(50)
        except CapReached as error:
            clock.now = error.retry_at or clock.now
            continue
        day, cost = clock.now.date().isoformat(), chance.randrange(51)
        paid[day] = paid.get(day, 0) + cost
        if chance.random() < 0.1:  # killed before the answer was written down
            run = books(store, clock)
            continue
        run.settle(cost)
        if chance.random() < 0.1:  # killed before the page was entered
            run = books(store, clock)
            continue
        run.enter(a_page(), "next")
    noted = spent(store)
    assert all(cost <= noted.get(day, 0) <= 500 for day, cost in paid.items() if cost)
    assert sum(paid.values()) > 1000


@pytest.mark.parametrize(("error", "left"), [(RateLimited("wait"), 0), (PlatformUnavailable("no answer"), 40)])
def test_a_page_that_was_refused_costs_nothing_and_one_without_an_answer_may_have(
    store: Store, clock: Clock, error: SocialCrmError, left: int
):
    run = books(store, clock, daily_cap=100)
    run.afford(40)
    run.fail(error)
    assert spent(store).get("2026-03-02", 0) == left


def test_what_is_covered_without_a_break_is_one_growing_entry(store: Store, clock: Clock):
    run = books(store, clock)
    for number in range(3):
        start = MORNING + number * HOUR
        clock.now = start + HOUR
        assert run.enter(a_page(covered=Span(start, start + HOUR)), "next") == ()
    (entry,) = store.coverage.spans("src", Span(MORNING, MORNING + DAY))
    assert (entry.start, entry.end, entry.seen) == (MORNING, MORNING + 3 * HOUR, Seen.COVERED)
    assert (progress(store).covered_from, progress(store).covered_to) == (MORNING, MORNING + 3 * HOUR)


def test_a_gap_is_an_entry_of_its_own_an_event_and_a_new_beginning(store: Store, clock: Clock):
    run = books(store, clock)
    run.enter(a_page(covered=Span(MORNING, MORNING + HOUR)), "one")
    lost = Span(MORNING + HOUR, MORNING + 2 * HOUR)
    (gap,) = run.enter(a_page(covered=Span(lost.end, lost.end + HOUR), missed=(lost,)), "two")
    assert (gap.start, gap.end, gap.seen, gap.why) == (lost.start, lost.end, Seen.MISSED, "window exceeded")
    entries = store.coverage.spans("src", Span(MORNING, MORNING + DAY))
    assert [(one.start, one.seen) for one in entries] == [
        (MORNING, "covered"),
        (lost.start, "missed"),
        (lost.end, "covered"),
    ]
    (event,) = told(store)
    assert (event.kind, event.subject, event.body["why"]) == (EventKind.SOURCE_GAP, "src", "window exceeded")
    assert progress(store).covered_from == lost.end


@pytest.mark.parametrize(
    ("error", "why"),
    [(RateLimited("wait"), Why.RATE_LIMIT), (CapReached("enough"), Why.CAP), (PlatformUnavailable("off"), Why.OUTAGE)],
)
def test_a_gap_is_called_after_the_first_trouble_that_came_before_it(
    store: Store, clock: Clock, error: SocialCrmError, why: Why
):
    run = books(store, clock)
    run.fail(error)
    run.fail(PlatformUnavailable("off"))
    lost = Span(MORNING, MORNING + HOUR)
    (gap,) = run.enter(a_page(covered=Span(lost.end, lost.end + HOUR), missed=(lost,)), "next")
    assert gap.why == why
    assert progress(store).delayed_by == "", "what comes after has its own reason"


def test_a_look_at_stored_mentions_moves_no_cursor(store: Store, clock: Clock):
    run = books(store, clock)
    run.enter(a_page(), "here")
    run.enter(a_page(cursor="elsewhere"), None)
    assert progress(store).cursor == "here"


def test_the_end_of_a_run_clears_its_trouble_and_is_due_by_the_schedule(store: Store, clock: Clock):
    run = books(store, clock)
    run.fail(PlatformUnavailable("off"))
    run.finish()
    now = progress(store)
    assert (now.due_at, now.finished_at, now.failures, now.trouble) == (MORNING + HOUR, clock.now, 0, "")


def test_a_run_that_was_asked_to_stop_is_due_at_once_behind_those_that_wait_longer(store: Store, clock: Clock):
    run = books(store, clock)
    run.finish()
    run.interrupted()
    assert progress(store).due_at == clock.now


def test_a_limit_is_no_failure_and_is_waited_for_as_told(store: Store, clock: Clock):
    run = books(store, clock)
    later = clock.now + timedelta(minutes=7)
    for error in (RateLimited("wait", later), CapReached("enough", later)):
        run.fail(error)
        assert (progress(store).due_at, progress(store).failures) == (later, 0)


def test_what_time_does_not_cure_is_tried_at_the_next_regular_turn(store: Store, clock: Clock):
    run = books(store, clock)
    for number in (1, 2):
        run.fail(Invalid("the query cannot be"))
        now = progress(store)
        assert (now.due_at, now.failures, now.trouble) == (MORNING + HOUR, number, "the query cannot be")


def test_rejected_credentials_pause_the_source_and_tell_it_once(store: Store, clock: Clock):
    run = books(store, clock)
    run.fail(CredentialsRejected("the key is not valid"))
    run.fail(CredentialsRejected("the key is not valid"))
    setup = store.sources.get("src")
    assert (setup.state, setup.reason) == (SourceState.PAUSED, "the key is not valid")
    assert [(event.kind, event.body["why"]) for event in told(store)] == [("source.paused", "the key is not valid")]


def test_a_source_that_somebody_is_editing_is_not_paused_under_their_hands(store: Store, clock: Clock):
    run = books(store, clock)
    store.sources.put(replace(store.sources.get("src"), sealed=b"better credentials"))
    run.fail(CredentialsRejected("the key is not valid"))
    assert store.sources.get("src").state is SourceState.ACTIVE


def test_another_query_begins_anew(store: Store, clock: Clock):
    run = books(store, clock)
    run.enter(a_page(covered=Span(MORNING, MORNING + HOUR)), "far along")
    assert books(store, clock).progress.cursor == "far along"
    assert books(store, clock, query="other").progress == Progress("src", "other")


def test_books_of_a_run_that_was_taken_over_change_nothing(store: Store, clock: Clock):
    frozen = books(store, clock, holder="frozen", daily_cap=100)
    books(store, clock, holder="other").enter(a_page(), "theirs")
    writes = (
        lambda: frozen.afford(1),
        lambda: frozen.enter(a_page(missed=(Span(MORNING, MORNING + HOUR),)), "ours"),
        frozen.finish,
        frozen.interrupted,
        lambda: frozen.fail(CredentialsRejected("no")),
    )
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert (progress(store).cursor, spent(store), told(store)) == ("theirs", {}, [])
    assert store.sources.get("src").state is SourceState.ACTIVE
