"""Trouble while collecting: whatever fails rests or goes on by itself, holds nobody up and costs no more than it must."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from demo.platforms.faults import Fault
from jobs.collectors import AFTER_CRASH, AFTER_TROUBLE
from social_crm.services import sources
from tests.trips.collecting import SEALER
from tests.trips.faulty import Faulty

if TYPE_CHECKING:
    from jobs.collect import Collected
    from social_crm.domain.lease import Lease
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import LiveSource
    from tests.sources.stand import Place
    from tests.trips.collecting import Service

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def test_a_store_that_goes_away_between_two_claims_leaves_no_lease_and_no_source_behind(service: Service, place: Place):
    place.fill(5)
    place.settle()
    for name in "abc":
        service.add(name)
    worker = service.worker()
    worker.store = Faulty(service.store, "leases.claim", lambda number, *_: number == 2)
    assert [done.finished for done in worker.run_once()] == [True]
    assert [done.finished for done in worker.run_once()] == [True, True], "the other two, at the next look"
    now = place.clock()
    assert all(service.store.leases.claim(f"source:{name}", "other", now, now + SECOND) for name in "abc")


def test_a_run_that_ends_by_a_store_that_is_away_rests_before_it_asks_the_platform_again(service: Service, place: Place):
    place.fill(5)
    place.settle()
    service.add()
    worker = service.worker()
    worker.store = Faulty(service.store, "mentions.take", lambda number, *_: number <= 2)
    assert [done.finished for done in worker.run_once()] == [False]
    asked = len(place.server.log)
    for _ in range(29):
        place.clock.forward(SECOND)
        assert worker.run_once() == ()
    assert len(place.server.log) == asked
    place.clock.forward(SECOND)
    assert [done.finished for done in worker.run_once()] == [False]
    assert len(place.server.log) == 2 * asked
    place.clock.forward(AFTER_TROUBLE)
    assert [done.finished for done in worker.run_once()] == [True]


def test_a_limit_that_says_nothing_is_tried_later_and_later_and_never_sooner_than_in_half_a_minute(
    service: Service, place: Place
):
    place.fill(5)
    place.settle()
    service.add()
    waits = []
    for _ in range(10):
        place.server.faults.plan(Fault.LIMITED_BLIND)
        service.run()
        due = service.progress().due_at
        assert due is not None
        waits.append(due - place.clock())
        place.clock.forward(waits[-1])
    assert service.progress().failures == 10
    assert waits[0] == 30 * SECOND
    assert waits == sorted(waits)
    assert 30 * SECOND < waits[-1] <= 5 * MINUTE
    assert service.run().finished
    assert service.progress().failures == 0


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.HTML, Fault.LIMITED_BLIND])
def test_a_platform_that_says_no_does_not_eat_the_cap(service: Service, place: Place, fault: Fault):
    place.fill(5)
    place.settle()
    service.add(daily_cap=2, options={"revisit_days": "0"})
    for _ in range(4):
        place.server.faults.plan(fault)
        assert "cap" not in service.run().trouble
        place.clock.forward(5 * MINUTE)
    assert service.store.sources.spend("src", place.clock().date()) == ()
    assert service.run().finished


def test_a_platform_where_nobody_answers_the_door_does_not_eat_the_cap(service: Service, place: Place):
    service.add(daily_cap=2, options={"base_url": f"http://127.0.0.1:{free_port()}"})
    for _ in range(4):
        assert "cannot be reached" in service.run().trouble
        place.clock.forward(5 * MINUTE)
    assert service.store.sources.spend("src", place.clock().date()) == ()


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.RESET])
def test_what_may_have_been_answered_and_billed_is_charged(service: Service, place: Place, fault: Fault):
    service.add(daily_cap=2)
    place.server.faults.plan(fault)
    assert "Hacker News" in service.run().trouble
    assert [one.units for one in service.store.sources.spend("src", place.clock().date())] == [1]


def test_a_cap_that_is_less_than_a_page_says_so_and_is_no_matter_of_another_day(service: Service, place: Place):
    service.add(daily_cap=0)
    done = service.run()
    assert "the daily cap of 0 is less than one page may cost: raise it to 1 or more" in done.trouble
    assert service.progress().trouble == done.trouble
    assert place.server.log == []


def test_an_edit_makes_a_source_due_at_once(service: Service, place: Place):
    place.fill(5)
    place.settle()
    setup = service.add(schedule="0 0 1 1 *")
    service.run()
    place.clock.forward(MINUTE)
    assert service.worker().run_once() == ()
    sources.put(service.store, replace(setup, schedule="*/15 * * * *"), None, SEALER, loopback=True)
    assert service.run().finished
    due = service.progress().due_at
    assert due is not None
    assert due - place.clock() <= 15 * MINUTE


def test_a_clock_that_was_days_ahead_holds_a_source_up_no_longer_than_it_was_wrong(service: Service, place: Place):
    place.fill(5)
    place.settle()
    service.add()
    place.clock.forward(timedelta(days=3))
    service.run()
    place.clock.forward(timedelta(days=-3))
    new = place.fill(3, first=6)
    place.settle()
    assert service.run().taken.new == len(new)
    covered = service.progress().covered_to
    assert covered is not None
    assert covered <= place.clock()


def take_turns(service: Service, place: Place) -> list[str]:
    """The ids of sources in the order in which their first four runs ended, on one thread whose pages take 20 seconds."""
    ended: list[str] = []
    looks = threading.Semaphore(0)
    worker = service.worker(page_size=1, threads=1, look=timedelta(milliseconds=5))
    too_late = threading.Timer(20, worker.stop)

    def let_go(_number: int, lease: Lease) -> bool:
        ended.append(lease.name.removeprefix("source:"))
        if len(ended) == 4:
            worker.stop()
        return False

    def tell(_done: Collected) -> None:
        place.clock.forward(20 * SECOND)
        for _ in range(3):  # the worker looks round while the page is under way
            looks.acquire(timeout=5)

    worker.told = tell
    released = Faulty(service.store, "leases.release", let_go)
    worker.store = Faulty(released, "sources.list", lambda *_: bool(looks.release()))
    too_late.start()
    worker.run()
    too_late.cancel()
    return ended


@pytest.mark.parametrize("has_run", [True, False], ids=["has run before", "is new"])
def test_a_long_run_makes_room_for_those_that_wait_longer_and_goes_on_after_them(
    service: Service, place: Place, has_run: bool
):
    """Two sources on one thread: `a` has much to read; `b` becomes due when `a` has begun, or has never run."""
    if has_run:
        place.settle()
        service.add("b", schedule="* * * * *", options={"revisit_days": "0"})
        service.run()
    place.fill(40, every=SECOND / 2)
    service.add("a", schedule="0 0 1 1 *", options={"revisit_days": "0"})
    if not has_run:
        service.add("b", schedule="* * * * *", options={"revisit_days": "0"})
    ended = take_turns(service, place)
    assert "aba" in "".join(ended), "b has its turn before a comes to its end"


def test_a_crash_in_one_source_is_its_own_trouble_and_rests_while_the_others_go_on(service: Service, place: Place):
    place.fill(5)
    place.settle()
    for name in "abc":
        service.add(name)
    worker = service.worker()
    opened, opener = [], worker.open_source

    def open_source(setup: SourceSetup) -> LiveSource:
        opened.append(setup.id)
        if setup.id == "b":
            raise ZeroDivisionError
        return opener(setup)

    worker.open_source = open_source
    done = worker.run_once()
    assert sorted(one.trouble for one in done) == ["", "", "a defect of ours: ZeroDivisionError, see the log"]
    assert sum(one.finished for one in done) == 2
    place.clock.forward(AFTER_CRASH - SECOND)
    worker.run_once()
    assert opened.count("b") == 1, "not at every look"
    place.clock.forward(SECOND)
    worker.run_once()
    assert opened.count("b") == 2
