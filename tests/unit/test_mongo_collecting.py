"""Collecting over MongoDB: workers that die or lose their lease within a step, a busy outbox, old data, big pages."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pymongo.errors import OperationFailure, PyMongoError

from social_crm.domain.archived import ArchivedPage
from social_crm.domain.coverage import Coverage, Seen
from social_crm.domain.errors import Invalid, LeaseLost, StoreUnavailable
from social_crm.domain.event import Event, EventKind
from social_crm.domain.source import Progress, Spend, Step
from social_crm.domain.span import Span
from social_crm.storage.mongo.collecting import CoverageRecord, LeaseRecord
from social_crm.storage.mongo.documents import CounterRecord
from social_crm.storage.mongo.failures import INTERRUPTED, ours
from social_crm.storage.mongo.fencing import FencedWrites, current
from social_crm.storage.mongo.store import open_mongo
from tests.builders import NOON, at

MINUTE = timedelta(minutes=1)
DAY = NOON.date()


@pytest.fixture
def open_again(fresh_mongo_url):
    url, opened = fresh_mongo_url(), []

    def again():
        opened.append(open_mongo(url))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again):
    return open_again()


def claim(store, name="collect:a", holder="first", now=NOON):
    lease = store.leases.claim(name, holder, now, now + MINUTE)
    assert lease is not None
    return lease


def an_event(name="gap") -> Event:
    return Event(name, EventKind.SOURCE_GAP, NOON, "a")


def a_step(source="a", cursor="1", **changes) -> Step:
    return Step(Progress(source, cursor=cursor), **changes)


def told(store) -> list[str]:
    return [event.id for _, event in store.events.after(0, 1000)]


def die_within_a_step(store, lease, step):
    """Do all of a step but the commit, as a worker that is killed then; answers the session that stays open."""
    fenced = FencedWrites(store._connection)
    session = store._connection.client.start_session()
    fenced._announce(lease, session)
    session.start_transaction()
    touched = fenced._leases.update_one(current(lease), {"$inc": {"writes": 1}}, session=session)
    assert touched.matched_count == 1
    store.sources._progress.insert_one({"_id": step.progress.source, "cursor": "dead"}, session=session)
    store.events.append([{"_id": event.id} for event in step.events], session)
    return session


def test_a_worker_that_dies_within_a_step_is_taken_over_at_once(store, open_again):
    lease = claim(store)
    dead = die_within_a_step(open_again(), lease, a_step(events=(an_event("dead"),)))
    taken = claim(store, holder="second", now=lease.until)
    store.sources.advance(taken, a_step(cursor="alive", events=(an_event("alive"),)))
    assert store.sources.progress()["a"].cursor == "alive"
    assert told(store) == ["alive"]
    with pytest.raises(PyMongoError):
        dead.commit_transaction()
    assert told(store) == ["alive"]


def test_other_sources_wait_for_a_dead_worker_no_longer_than_its_takeover(store, open_again):
    lease = claim(store)
    die_within_a_step(open_again(), lease, a_step(events=(an_event("dead"),)))
    other = claim(store, "collect:b")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.sources.advance, other, a_step("b", events=(an_event("b"),)))
        claim(store, holder="second", now=lease.until)
        waiting.result()
    assert told(store) == ["b"]


def test_whoever_is_taken_over_in_the_middle_of_a_step_writes_nothing(store, open_again):
    lease, other, tries = claim(store), open_again(), []

    def work(session):
        tries.append(session)
        store.sources._add("a", [(DAY, 1)], session)
        claim(other, holder="second", now=lease.until)
        store.sources._add("a", [(DAY, 1)], session)

    with pytest.raises(LeaseLost, match="first has lost collect:a"):
        store.sources._fenced.write(lease, work)
    assert len(tries) == 1
    assert store.sources.spend("a", DAY) == ()


def test_nobody_gets_a_lease_while_a_step_is_written_under_it(store, open_again):
    lease, other, claimed = claim(store), open_again(), threading.Event()

    def hand_over() -> None:
        other.leases.release(lease)
        claim(other, holder="second")
        claimed.set()

    with ThreadPoolExecutor(1) as pool:

        def work(session):
            pool.submit(hand_over)
            assert not claimed.wait(0.2)
            store.sources._add("a", [(DAY, 1)], session)

        store.sources._fenced.write(lease, work)
    assert claimed.is_set()
    assert store.sources.spend("a", DAY) == (Spend("a", DAY, 1),)
    with pytest.raises(LeaseLost):
        store.sources.charge(lease, "a", DAY, 1)


def test_a_step_that_was_interrupted_is_tried_once_more(store):
    lease, tries = claim(store), []

    def work(session):
        tries.append(session)
        store.sources._add("a", [(DAY, 1)], session)
        if len(tries) == 1:
            raise OperationFailure("operation was interrupted", INTERRUPTED)

    store.sources._fenced.write(lease, work)
    assert len(tries) == 2
    assert store.sources.spend("a", DAY) == (Spend("a", DAY, 1),)


def test_what_is_interrupted_again_and_again_is_for_later(store):
    def work(session):
        raise OperationFailure("operation was interrupted", INTERRUPTED)

    with pytest.raises(OperationFailure) as caught:
        store.sources._fenced.write(claim(store), work)
    assert isinstance(ours(caught.value), StoreUnavailable)


def test_a_step_that_fails_for_another_reason_is_not_tried_again(store):
    tries = []

    def work(session):
        tries.append(session)
        raise OperationFailure("no such thing", 59)

    with pytest.raises(OperationFailure):
        store.sources._fenced.write(claim(store), work)
    assert len(tries) == 1


def test_one_after_the_other_writes_in_the_same_session_and_threads_in_their_own(store):
    leases = [claim(store, f"collect:{number}") for number in range(4)]
    fenced, start = store.sources._fenced, threading.Barrier(4)
    for _ in range(3):
        store.sources.advance(leases[0], a_step())
    assert len(fenced._idle) == 1
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda lease: fenced.write(lease, lambda session: start.wait() and None), leases))
    sessions = {row["session"] for row in store._connection.collection(LeaseRecord).find()}
    assert len(fenced._idle) == len(sessions) == 4


def test_a_reader_of_the_outbox_misses_nothing_however_many_write(store, open_again):
    """A position that came to be seen after a higher one would be skipped by whoever reads on from there."""
    writers, steps, done = 4, 8, threading.Event()
    stores = [open_again() for _ in range(2)]
    read: list[tuple[int, str]] = []

    def write(number: int) -> None:
        mine = stores[number % 2]
        lease = claim(mine, f"collect:{number}")
        for step in range(steps):
            events = tuple(an_event(f"{number}.{step}.{part}") for part in range(step % 3))
            mine.sources.advance(lease, a_step(str(number), events=events))

    def listen() -> None:
        over = False
        while not over:
            over = done.is_set()  # asked before the last reading
            while entries := store.events.after(read[-1][0] if read else 0, 3):
                read.extend((position, event.id) for position, event in entries)

    with ThreadPoolExecutor(writers + 1) as pool:
        listening = pool.submit(listen)
        list(pool.map(write, range(writers)))
        done.set()
        listening.result()
    expected = {f"{n}.{s}.{p}" for n in range(writers) for s in range(steps) for p in range(s % 3)}
    assert sorted(name for _, name in read) == sorted(expected)
    assert [position for position, _ in read] == list(range(1, len(expected) + 1))


def test_coverage_of_an_early_release_counts_as_covered(store):
    start, end = at("2025-01-01"), at("2025-01-02")
    old = {"_id": "old", "source": "files", "brand": "acme", "start": 1_735_689_600_000_000, "end": 1_735_776_000_000_000}
    store._connection.collection(CoverageRecord).insert_one(old)
    assert store.coverage.spans("files", Span(start, end)) == (
        Coverage("old", "files", "acme", start, end, query="", seen=Seen.COVERED, why=""),
    )
    assert store.coverage.table().rows() == [("files", "acme", start, end, "covered", "")]


def test_spans_are_found_whatever_index_the_server_takes(store):
    rng, hour = random.Random(5), timedelta(hours=1)
    starts = {f"c{number:03}": NOON + rng.randrange(50) * hour for number in range(200)}
    notes = [Coverage(name, "a", "acme", start, start + rng.randrange(1, 9) * hour) for name, start in starts.items()]
    for note in notes:
        store.coverage.record(note)
    for first in range(0, 55, 3):
        span = Span(NOON + first * hour, NOON + (first + rng.randrange(1, 6)) * hour)
        expected = [note for note in notes if Span(note.start, note.end).overlaps(span)]
        assert list(store.coverage.spans("a", span)) == sorted(expected, key=lambda note: (note.start, note.id))


def test_a_database_of_the_first_schema_is_taken_to_the_one_that_knows_what_was_missed(store, open_again):
    counters = store._connection.collection(CounterRecord)
    assert counters.find_one({"_id": "schema"})["n"] == 2
    counters.update_one({"_id": "schema"}, {"$set": {"n": 1}})
    open_again()
    assert counters.find_one({"_id": "schema"})["n"] == 2


def test_a_page_that_no_document_can_hold_is_refused_in_one_clear_line(store):
    noise = random.Random(5).randbytes(14_500_000).decode("latin-1")
    page = ArchivedPage("p1", "acme-x", NOON, noise, ("x:1",))
    with pytest.raises(Invalid, match=r"page p1 of acme-x is too large to keep \(17\.\d MB\)"):
        store.archive.keep(page)
    store.archive.keep(small := ArchivedPage("p1", "acme-x", NOON, "[]", ("x:1",)))
    with pytest.raises(Invalid, match="too large"):
        store.archive.replace("p1", page)
    assert store.archive.holding(["x:1"]) == (small,)


def test_reading_the_archive_goes_on_from_page_to_page_in_any_portion(store, monkeypatch):
    moments = [NOON + timedelta(seconds=number // 3) for number in range(20)]
    for number, moment in enumerate(moments):
        store.archive.keep(ArchivedPage(f"p{number:02}", "acme-x", moment, "[]", ()))
    for portion in (1, 2, 3, 7, 20, 21):
        monkeypatch.setattr("social_crm.storage.mongo.archive._PORTION", portion)
        found = [page.id for page in store.archive.pages("acme-x", NOON, NOON + MINUTE)]
        assert found == [f"p{number:02}" for number in range(20)]


def test_more_is_pruned_than_goes_at_a_time(store, monkeypatch):
    monkeypatch.setattr("social_crm.storage.mongo.archive._PRUNED_AT_ONCE", 3)
    for number in range(8):
        store.archive.keep(ArchivedPage(f"p{number}", "acme-x", NOON + timedelta(seconds=number), "[]", ()))
    assert store.archive.prune(NOON + timedelta(seconds=7)) == 7
    assert [page.id for page in store.archive.pages("acme-x", NOON, NOON + MINUTE)] == ["p7"]
