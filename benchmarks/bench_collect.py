"""Collecting from loopback platforms beside the bare client library of each, 20 sources at once, and where the time goes.

    python -m benchmarks.bench_collect [--quick] [--only PLATFORM] [--part rate|together|steps]

Ours is the whole way: ask, read, brands, language, sentiment, store, cursor and ledger, into a fresh SQLite file, without
the archive and without second looks. The rival is the client library alone, which asks, makes its objects and forgets them.
The server runs in a process of its own and answers from memory.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

import structlog

from benchmarks.bench_import import Steps
from benchmarks.collect_loopback import MANY, STALLED, TOPICS, Loopback, topic
from benchmarks.collect_rivals import RIVALS
from benchmarks.measure import Timing, show
from cli.listening import to_all_brands
from connectors.transport.opening import Opening
from jobs.bookkeeping import Books
from jobs.collectors import Collectors, lease_name
from jobs.read_ahead import collect_garbage_rarely
from social_crm.analytics import language, sentiment
from social_crm.domain.source import SourceSetup
from social_crm.services import ingest
from social_crm.storage import open_store
from tests.builders import a_brand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.collect import Collected
    from social_crm.ports import Clock, LiveSource, Page, Store

MENTIONS = 10_000
QUICK = 0.2  # of them
LONG_PAGES = {"hackernews": 20_000}  # 1,000 hits a page
RUNS = 3
LIMIT = 0.5
AWAY = 0.1  # seconds: what a platform on the other side of a network takes at best
AT_ONCE = ("hackernews", "x")
PATIENCE = 3.0  # seconds after which a source that stalls is given up
ASK, PARSE, READ, STORE, BOOKS = "ask", "parse", "read", "store", "books"


def opener(loop: Loopback, clock: Clock, page_size: int = 0) -> Callable[[SourceSetup], LiveSource]:
    """Opens sources as the service does, each at a pace of its own that lets everything through."""

    def open_source(setup: SourceSetup) -> LiveSource:
        pace = loop.stand.pace(clock)
        pace.limit = MANY  # what the platform's own headers say still counts: nearly all is left
        return loop.stand.open_source(
            Opening(clock, pace, setup.options, dict(loop.stand.credentials), setup.query, page_size, PATIENCE)
        )

    return open_source


@contextmanager
def fresh_store() -> Iterator[Store]:
    """A SQLite file with one brand."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/collected.db")
        store.brands.put(a_brand("acme"))
        yield store
        store.close()


def setup_at(loop: Loopback, source_id: str = "src", query: str = "") -> SourceSetup:
    """A source at the loopback platform, without second looks."""
    options = {**loop.stand.options, **loop.stand.placed_at(loop.url), "revisit_days": "0"}
    return SourceSetup(source_id, loop.name, "acme", query or loop.stand.query, options=options)


def workers(loop: Loopback, store: Store, clock: Clock, page_size: int = 0, threads: int = 32) -> Collectors:
    """One worker."""
    opened = opener(loop, clock, page_size)
    return Collectors(store, opened, to_all_brands(store), clock, random.Random(7), "bench", threads=threads)


def ours(loop: Loopback) -> tuple[float, int]:
    """Seconds and pages of one source, collected whole; no score is remembered from an earlier run."""
    sentiment.score.cache_clear()
    with fresh_store() as store:
        store.sources.put(setup_at(loop))
        worker = workers(loop, store, lambda: loop.now)
        started = time.perf_counter()
        (done,) = worker.run_once()
        seconds = time.perf_counter() - started
        worker.close()
    if not done.finished or done.taken.new != loop.count:
        sys.exit(
            f"{loop.name}: {done.taken.new} of {loop.count} mentions were collected: {done.trouble or 'not to the end'}"
        )
    return seconds, done.pages


def bare(loop: Loopback) -> tuple[float, int]:
    """Seconds and pages of the rival, on the same server."""
    started = time.perf_counter()
    pages = list(RIVALS[loop.name][1](loop.url))
    seconds = time.perf_counter() - started
    if sum(pages) < loop.count:
        sys.exit(f"{loop.name}: the bare library found {sum(pages)} of {loop.count} items")
    return seconds, len(pages)


def against_rivals(names: tuple[str, ...], share: float) -> None:
    """Pages a second of both, in turns, at each kind of server."""
    for title, away, part in _SERVERS:
        rows = [_beside(name, away, share * part) for name in names]
        columns = ("platform", "pages", "ours, pages/s", "mentions/s", "bare, pages/s", f"ratio (at least {LIMIT})")
        note = f"median of {RUNS} (slowest to fastest), in turns"
        show(f"Collecting beside the bare client library, from {title}", columns, rows, note)


_SERVERS = (
    ("the loopback platform", None, 1.0),
    ("a server that answers from memory", 0.0, 1.0),
    (f"a server that answers from memory after {1000 * AWAY:.0f} ms, as over a network", AWAY, 0.1),
)


def _beside(name: str, away: float | None, share: float) -> tuple[str, ...]:
    with Loopback(name, count_of(name, share), away) as loop:
        bare(loop), ours(loop)  # the server's memory is filled, and our models are loaded
        both = [(ours(loop), bare(loop)) for _ in range(RUNS)]
    (_, pages), (_, theirs) = both[0]
    mine, rival = (Timing(tuple(run[side][0] for run in both)) for side in (0, 1))
    ratio = (pages / mine.median) / (theirs / rival.median)
    title, read = f"{name} beside {RIVALS[name][0]}", f"{loop.count / mine.median:,.0f}"
    return title, f"{pages:,}", rates(mine, pages), read, rates(rival, theirs), f"{ratio:.2f}"


def count_of(name: str, share: float) -> int:
    """How many mentions a platform has."""
    return int(share * LONG_PAGES.get(name, MENTIONS))


def rates(timing: Timing, pages: int) -> str:
    """Pages a second, with their spread."""
    return f"{pages / timing.median:,.1f} ({pages / max(timing.seconds):,.1f} to {pages / min(timing.seconds):,.1f})"


def ticking(start: datetime) -> Clock:
    """A clock that goes on from an instant in real time."""
    begun = time.perf_counter()
    return lambda: start + timedelta(seconds=time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class Together:
    """Seconds that a run of several sources took, after how many the last quick one was done, and their pages."""

    seconds: float
    quick: float
    pages: int


def together(loop: Loopback, threads: int = 32, *, stalling: bool = False) -> Together:
    """Collect the sources of all topics; with `stalling` one more, first to be asked, that never gets an answer."""
    sentiment.score.cache_clear()
    with fresh_store() as store:
        for number in range(TOPICS):
            store.sources.put(setup_at(loop, f"src{number:02}", f"acme {topic(number)}"))
        if stalling:
            store.sources.put(setup_at(loop, "a-stalled-one", f"acme {STALLED}"))
        clock = ticking(loop.now)
        worker, begun = workers(loop, store, clock, 100, threads), clock()
        done: list[Collected] = []
        while run := worker.run_once():
            done += run
        seconds = (clock() - begun).total_seconds()
        ends = [one.finished_at for one in store.sources.progress().values() if one.finished_at is not None]
        worker.close()
    if len(ends) != TOPICS or sum(one.taken.new for one in done) != loop.count:
        sys.exit(f"{loop.name}: {len(ends)} of {TOPICS} sources came to their end")
    return Together(seconds, (max(ends) - begun).total_seconds(), sum(one.pages for one in done))


def at_once(names: tuple[str, ...], share: float) -> None:
    """Twenty sources on one worker: together, one after the other, and with one that stalls."""
    for name, away in product(names, (0.0, AWAY)):
        with Loopback(name, int(share * MENTIONS), away) as loop:
            together(loop)
            runs = [[together(loop, n, stalling=stalls) for _ in range(RUNS)] for n, stalls in _WAYS.values()]
        rows = [_row(loop, way, several) for way, several in zip(_WAYS, runs, strict=True)]
        columns = ("way", "seconds", "pages/s", "mentions/s", "last quick source done after")
        note = f"100 items a page, answered after {1000 * away:.0f} ms; median of {RUNS}"
        show(f"{TOPICS} sources of {name} on one worker", columns, rows, note)


_WAYS = {
    "one after the other": (1, False),
    "at once": (32, False),
    f"at once, and one more that stalls ({PATIENCE:.0f} s)": (32, True),
}


def _row(loop: Loopback, way: str, runs: list[Together]) -> tuple[str, ...]:
    """What stalls makes the run last, and not the others: rates are by when those were done."""
    whole, quick = Timing(tuple(one.seconds for one in runs)), Timing(tuple(one.quick for one in runs))
    return way, str(whole), f"{runs[0].pages / quick.median:,.1f}", f"{loop.count / quick.median:,.0f}", str(quick)


def step_by_step(loop: Loopback) -> tuple[Steps, int]:
    """One walk in the steps of a run, each timed; answers the pages too."""
    steps, pages, clock = Steps(), 0, lambda: loop.now
    sentiment.score.cache_clear()
    with fresh_store() as store:
        setup = store.sources.put(setup_at(loop))
        lease = store.leases.claim(lease_name(setup.id), "bench", loop.now, loop.now + timedelta(hours=1))
        if lease is None:
            sys.exit("the lease of a fresh store is taken")
        books, listen = Books(store, setup, lease, clock, random.Random(7)), to_all_brands(store)
        source = opener(loop, clock)(setup)
        walk = iter(source.pull(setup.query, None))
        while (page := _asked(steps, books, source, walk)) is not None:
            with steps.step(READ):
                listening = listen()
                heard = ingest.read(store, listening, page)
            with steps.step(STORE):
                store.mentions.take(heard, page.accounts, listening.zones, loop.now)
            with steps.step(BOOKS):
                books.enter(page, page.cursor)
            pages += 1
        source.close()
    return steps, pages


def _asked(steps: Steps, books: Books, source: LiveSource, walk: Iterator[Page]) -> Page | None:
    """The next page. It is parsed once more by itself, so that asking can be told from parsing."""
    with steps.step(BOOKS):
        books.afford(source.page_cost)
    with steps.step(ASK):
        page = next(walk, None)
    books.settle(page.spent if page else 0)
    if page is not None and page.fetched_at is not None:
        with steps.step(PARSE):
            source.read(page.raw, page.fetched_at)
    return page


def where_time_goes(names: tuple[str, ...], share: float) -> None:
    """Microseconds a mention of each step, as wall time and, in brackets, as processor time."""
    collect_garbage_rarely()  # else a full collection lands in whichever step comes along
    rows = []
    for name in names:
        with Loopback(name, count_of(name, share)) as loop:
            bare(loop), step_by_step(loop)
            steps, pages = step_by_step(loop)
            seconds, theirs = bare(loop)
        wall, cpu = dict(steps.wall), dict(steps.cpu)
        for spent in (wall, cpu):
            spent[ASK] -= spent[PARSE]
        each = [f"{1e6 * wall[one] / loop.count:.0f} ({1e6 * cpu[one] / loop.count:.0f})" for one in _STEPS]
        whole = f"{1e3 * sum(wall.values()) / pages:.1f} ms"
        rows.append((name, *each, whole, f"{1e3 * seconds / theirs:.1f} ms"))
    columns = ("platform", *_STEPS.values(), "a page", "bare, a page")
    show("Where the time goes: microseconds a mention (of which processor)", columns, rows)


_STEPS = {ASK: "library, wait", PARSE: "parse", READ: "brands, language, sentiment", STORE: "store", BOOKS: "books"}


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="fewer pages")
    options.add_argument("--only", choices=tuple(RIVALS))
    options.add_argument("--part", choices=("rate", "together", "steps"))
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    language.detect("the model of languages is loaded once, before anything is timed")
    names = (given.only,) if given.only else tuple(RIVALS)
    share = QUICK if given.quick else 1.0
    if given.part in {None, "rate"}:
        against_rivals(names, share)
    if given.part in {None, "together"}:
        at_once(tuple(one for one in AT_ONCE if one in names), share)
    if given.part in {None, "steps"}:
        where_time_goes(names, share)


if __name__ == "__main__":
    main()
