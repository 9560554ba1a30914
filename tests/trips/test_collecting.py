"""Collecting, from a platform's server into both stores: nothing missed, nothing twice, and what goes wrong is noted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from demo.platforms.faults import Fault
from jobs.bookkeeping import Books
from jobs.collect import Run
from social_crm.domain.errors import LeaseLost
from social_crm.domain.event import EventKind
from social_crm.domain.source import SourceState
from social_crm.domain.span import Span
from social_crm.services import sources
from tests.sources.stand import START, Place

if TYPE_CHECKING:
    from tests.trips.collecting import Service


def stored(service: Service) -> dict[str, str]:
    """The texts of all mentions that are stored, by id."""
    heard = [service.store.mentions.get(own) for own in service.store.mentions.table("acme")["id"].to_list()]
    return {one.mention.id: one.mention.text for one in heard}


def test_what_was_posted_is_stored_once_and_the_next_run_is_due_by_the_schedule(service: Service, place: Place):
    posted = place.fill(50)
    place.settle()
    service.add(schedule="0 */6 * * *")
    done = service.run()
    assert (done.finished, done.taken.new, done.trouble) == (True, 50, "")
    assert stored(service) == {mention.id: mention.text for mention in posted}
    due = service.progress().due_at
    assert due is not None
    assert (due.hour % 6, due.minute) == (0, 0)
    assert service.worker().run_once() == ()


def test_the_second_run_reads_the_overlap_and_stores_it_once(service: Service, place: Place):
    place.fill(50)
    place.settle()
    service.add()
    service.run()
    new = place.fill(5, first=51)
    place.settle()
    done = service.run()
    assert done.taken.new == len(new)
    assert service.store.mentions.count() == 55


def test_the_ledger_has_one_unbroken_span_over_many_runs(service: Service, place: Place):
    place.fill(50)
    place.settle()
    service.add(options={"revisit_days": "0"})
    service.run()
    service.run_every(20, times=9)
    (span,) = service.store.coverage.spans("src", Span(START, place.clock()))
    assert span.start == START
    assert place.clock() - span.end <= timedelta(minutes=5)


def test_a_run_that_lost_its_lease_writes_nothing_more_and_the_other_goes_on(service: Service, place: Place):
    """A worker that was frozen longer than its lease: what it stored is right, its cursor is refused."""
    posted = place.fill(50)
    place.settle()
    setup = service.add()
    now = place.clock()
    frozen = service.store.leases.claim("source:src", "frozen", now, now + timedelta(seconds=8))
    assert frozen is not None
    source = place.source(7)
    books = Books(service.store, setup, frozen, place.clock, service.worker().chance)
    run = Run(books, source, service.worker().listen)
    place.clock.forward(timedelta(seconds=9))
    assert service.run().taken.new == 50
    with pytest.raises(LeaseLost):
        run.collect()
    assert service.progress().finished_at is not None
    assert service.store.mentions.count() == len(posted)


def test_two_workers_never_run_one_source_at_a_time(service: Service, place: Place):
    place.fill(10)
    place.settle()
    service.add()
    now = place.clock()
    held = service.store.leases.claim("source:src", "another", now, now + timedelta(seconds=8))
    assert service.worker().run_once() == ()
    assert held is not None
    service.store.leases.release(held)
    assert service.run().finished


def test_a_worker_that_died_is_taken_over_when_its_lease_has_run_out(service: Service, place: Place):
    place.fill(10)
    place.settle()
    service.add()
    now = place.clock()
    service.store.leases.claim("source:src", "dead", now, now + service.worker().term)
    place.clock.forward(service.worker().term)
    assert service.worker().term + service.worker().look < timedelta(seconds=10)
    assert service.run().finished


def test_a_platform_in_trouble_is_tried_again_later_and_later_and_the_trouble_is_shown(service: Service, place: Place):
    place.fill(10)
    place.settle()
    service.add()
    waits = []
    for _ in range(6):
        place.server.faults.plan(Fault.BROKEN)
        assert "out of order" in service.run().trouble
        progress = service.progress()
        assert progress.due_at is not None
        waits.append(progress.due_at - place.clock())
        place.clock.forward(max(waits[-1], timedelta(0)))
    assert service.progress().failures == 6
    assert all(wait <= timedelta(minutes=5) for wait in waits)
    assert service.run().finished
    assert (service.progress().failures, service.progress().trouble) == (0, "")


def test_a_limit_is_waited_for_until_the_platform_says_so(service: Service, place: Place):
    place.fill(10)
    place.settle()
    service.add()
    place.server.faults.plan(Fault.NONE, Fault.LIMITED)
    service.run()
    due = service.progress().due_at
    assert due is not None
    assert timedelta(0) <= due - place.platform.window.resets_at() <= timedelta(seconds=2)
    assert service.progress().failures == 0
    assert service.worker().run_once() == ()


def test_rejected_credentials_pause_the_source_with_one_notice(service: Service, place: Place):
    service.add()
    place.server.faults.plan(Fault.UNAUTHORIZED)
    assert service.run().trouble
    setup = service.store.sources.get("src")
    assert (setup.state, bool(setup.reason)) == (SourceState.PAUSED, True)
    place.clock.forward(timedelta(days=1))
    assert service.worker().run_once() == ()
    events = [event for _, event in service.store.events.after(0, 10)]
    assert [(event.kind, event.subject) for event in events] == [(EventKind.SOURCE_PAUSED, "src")]
    sources.resume(service.store, "src")
    assert service.run().finished


def test_the_daily_cap_stops_with_a_reason_until_the_next_day(service: Service, place: Place):
    posted = place.fill(60)
    place.settle()
    service.add(daily_cap=4, options={"revisit_days": "0"})
    done = service.run()
    assert (done.spent, done.finished) == (4, False)
    assert "cap of 4" in done.trouble
    today = place.clock().date()
    assert [(one.day, one.units) for one in service.store.sources.spend("src", today)] == [(today, 4)]
    due = service.progress().due_at
    assert due is not None
    assert due.date() == today + timedelta(days=1)
    for _ in range(3):
        place.clock.forward(timedelta(days=1))
        service.worker().run_once()
    assert service.store.mentions.count() == len(posted)
    assert all(one.units <= 4 for one in service.store.sources.spend("src", today))


def test_a_paused_source_rests_and_goes_on_where_it_was(service: Service, place: Place):
    place.fill(10)
    place.settle()
    service.add()
    service.run()
    sources.pause(service.store, "src", "holidays")
    new = place.fill(5, first=11)
    place.settle()
    assert service.worker().run_once() == ()
    sources.resume(service.store, "src")
    assert service.run().taken.new == len(new)


def test_another_query_is_another_walk_with_a_ledger_of_its_own(service: Service, place: Place):
    place.fill(20)
    place.settle()
    setup = service.add()
    service.run()
    service.add(query="acme number", version=setup.version)
    assert service.run().finished
    asked = {span.query for span in service.store.coverage.spans("src", Span(START, place.clock()))}
    assert asked == {"acme", "acme number"}
    assert {hour.seen for hour in sources.coverage(service.store, "src", Span(START, START + timedelta(hours=1)))} == {
        "covered"
    }


def test_one_stalling_source_delays_no_other(service: Service, place: Place):
    """Twenty sources, one of which gets no answer: the others are done before it gives up."""
    place.fill(10)
    place.settle()
    for number in range(20):
        service.add(f"src-{number:02}")
    place.server.faults.plan(Fault.STALL)
    done = service.worker().run_once()
    assert sorted(one.finished for one in done) == [False] + [True] * 19
    assert [one.trouble for one in done if one.trouble] == ["Hacker News does not answer in time: try again later"]


def test_stopping_keeps_the_page_under_way_and_the_next_worker_goes_on_inside_the_walk(service: Service, place: Place):
    posted = place.fill(60)
    place.settle()
    service.add(options={"revisit_days": "0"})
    worker = service.worker()
    worker.told = lambda done: worker.stop() if done.pages == 3 else None
    (stopped,) = worker.run_once()
    assert (stopped.pages, stopped.finished) == (3, False)
    rest = service.run()
    assert (rest.finished, stopped.taken.new + rest.taken.new) == (True, len(posted))
    assert rest.pages < 10
