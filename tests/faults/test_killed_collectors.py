"""A worker that is killed 300 times while it collects 50,000 mentions: none missing, none double, and an honest ledger."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from demo.platforms.faults import Faults
from demo.platforms.server import PlatformServer
from demo.platforms.shelf import Shelf
from demo.platforms.x import BEARER_TOKEN
from jobs.collectors import TERM
from social_crm.domain.account import Account
from social_crm.domain.coverage import Seen, hour_of
from social_crm.domain.mention import Mention
from social_crm.domain.source import SourceSetup
from social_crm.domain.span import Span
from social_crm.services import sources
from social_crm.services.sealing import Sealer, new_key
from social_crm.storage import open_store
from tests.builders import a_brand
from tests.faults.unruly import SharedClock, UnrulyX, work
from tests.sources.stand import START

if TYPE_CHECKING:
    from pathlib import Path

    from social_crm.domain.event import Event
    from social_crm.ports import Store

SEED = int(os.environ.get("SOCIAL_CRM_FAULT_SEED", random.SystemRandom().randrange(10**6)))
MONTH = timedelta(days=30)
# Nine days of outage, and X shows seven: what was posted in between is lost, and must be said to be.
OUTAGE = Span(START + timedelta(days=10), START + timedelta(days=19))
LEASE = TERM.total_seconds() + 1


def world(count: int) -> Shelf:
    shelf = Shelf()
    shelf.know(Account(f"x:{n}", f"person{n}", START, f"Person {n}", n) for n in range(1, 500))
    for number in range(count):
        at = START + timedelta(seconds=int(number * MONTH.total_seconds() / count))
        own = f"x:{1_900_000_000_000_000_000 + number}"
        shelf.add(Mention(own, f"x:{1 + number * 7919 % 499}", at, at, f"Number {number} on acme", thread=own))
    return shelf


class Company:
    """Workers in processes of their own, started by a server that has everything loaded."""

    def __init__(self, store_url: str, key: str) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.faults.unruly", "connectors.x.client"])
        self._given = store_url, key
        self.seconds = self._context.Value("d", START.timestamp(), lock=False)
        self._workers: list[Any] = []
        self._hired = 0

    def hire(self) -> None:
        self._hired += 1
        worker = self._context.Process(target=work, args=(*self._given, self.seconds, f"worker {self._hired}"), daemon=True)
        worker.start()
        self._workers.append(worker)

    def kill(self, chance: random.Random) -> None:
        """Kill one of them, in the middle of whatever it does."""
        worker = self._workers.pop(chance.randrange(len(self._workers)))
        assert worker.is_alive(), "a worker ended by itself"
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()

    def now(self) -> datetime:
        return SharedClock(self.seconds)()

    def dismiss(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.join()
        self._workers.clear()


def lost_hours(shelf: Shelf, served: set[str], end: datetime) -> set[datetime]:
    """The hours of which the platform never showed everything."""
    return {hour_of(mention.posted_at) for mention in shelf.oldest(end) if mention.id not in served}


def borders(gap: Event) -> set[datetime]:
    """The hours in which a gap begins and ends: what is missing of them may be a minute in which nobody spoke."""
    return {hour_of(datetime.fromisoformat(gap.body[name])) for name in ("start", "end")}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("database", "count", "kills", "life"), [("sqlite", 50_000, 300, 0.25), ("mongo", 6_000, 40, 1.5)])
def test_killing_the_worker_loses_nothing_doubles_nothing_and_the_ledger_is_true(
    database: str, count: int, kills: int, life: float, tmp_path: Path, request: pytest.FixtureRequest
):
    url = request.getfixturevalue("fresh_mongo_url")() if database == "mongo" else f"sqlite:///{tmp_path}/crm.db"
    key, shelf = new_key(), world(count)
    company = Company(url, key)
    platform = UnrulyX(shelf, SharedClock(company.seconds), seed=SEED)
    with closing(open_store(url)) as store, PlatformServer(platform, Faults([OUTAGE])) as server:
        prepare(store, server.url, key)
        try:
            killed = kill_for_a_month(company, store, kills, life, random.Random(SEED))
        finally:
            company.dismiss()
        served = {own for entry in server.log if entry.status == 200 for own in entry.items}
        stored = store.mentions.table("acme")["id"].to_list()
        end = hour_of(store.sources.progress()["src"].covered_to or START)
        ledger = sources.coverage(store, "src", Span(START, end))
        events = [event for _, event in store.events.after(0, 10_000)]
    lost = count - len(served)
    told = f"SOCIAL_CRM_FAULT_SEED={SEED}: {killed} kills, {len(server.log)} requests, {lost} of {count} out of reach"
    sys.stdout.write(f"{told}, {len(stored)} stored, {len(served - set(stored))} missing\n")
    assert killed >= kills
    assert 0 < lost < count / 5, f"the outage must cost something, or the ledger proves nothing: {told}"
    assert set(stored) == served, told
    assert len(stored) == len(set(stored)), told
    (gap,) = events
    missed = {hour.start for hour in ledger if hour.seen is Seen.MISSED}
    lost_in = lost_hours(shelf, served, end)
    assert (gap.kind, {hour.why for hour in ledger if hour.seen is Seen.MISSED}) == ("source.gap", {"outage"}), told
    assert lost_in <= missed <= lost_in | borders(gap), told
    assert {hour.seen for hour in ledger} == {Seen.COVERED, Seen.MISSED}, told


def prepare(store: Store, url: str, key: str) -> None:
    store.brands.put(a_brand())
    options = {"base_url": url, "revisit_days": "0"}
    setup = SourceSetup("src", "x", "acme", "acme", "*/5 * * * *", options)
    sources.put(store, setup, {"bearer_token": BEARER_TOKEN}, Sealer([key]), loopback=True)


def kill_for_a_month(company: Company, store: Store, kills: int, life: float, chance: random.Random) -> int:
    """Kill one of two workers again and again until the month is over, let one collect the rest; how many were killed."""
    killed, step, over = 0, MONTH.total_seconds() / kills, (START + MONTH).timestamp()
    company.hire()
    while company.seconds.value < over or killed < kills:
        assert killed < 10 * kills, "the workers never catch up"
        company.hire()
        near = company.seconds.value < over and may_go_on(company, store, step)
        company.seconds.value += step if near else LEASE  # the lease of whoever was killed runs out
        time.sleep(chance.uniform(0.02, life))
        company.kill(chance)
        killed += 1
    company.hire()
    company.seconds.value += timedelta(hours=2).total_seconds()
    give_up = time.monotonic() + 120
    while covered_to(store) < START + MONTH:
        assert time.monotonic() < give_up, "the workers never caught up"
        company.seconds.value += LEASE
        time.sleep(0.1)
    return killed


def may_go_on(company: Company, store: Store, step: float) -> bool:
    """Whether a step of time may pass: the workers are near the present, since X forgets what is seven days old.

    The outage begins when everything before it is collected and noted. Else a page that was stored, and whose note died
    with the worker, could not be repeated: the ledger would call it missed, and be too careful by a page.
    """
    now = company.now()
    if OUTAGE.start <= now < OUTAGE.end:
        return True
    if not now < OUTAGE.start <= now + timedelta(seconds=step):
        return now - covered_to(store) < timedelta(days=1)
    company.dismiss()
    progress = store.sources.progress()["src"]
    ready = "begun" not in progress.cursor and now - covered_to(store) < timedelta(hours=1)
    company.hire()
    company.hire()
    return ready


def covered_to(store: Store) -> datetime:
    progress = store.sources.progress().get("src")
    return progress.covered_to if progress and progress.covered_to else START
