"""Collects all sources that are due, each on a thread of its own and under a lease; only the composition root comes in."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from jobs.bookkeeping import Books
from jobs.collect import Collected, Run
from jobs.ledger import SKEW
from social_crm.domain.errors import Conflict, LeaseLost, SocialCrmError
from social_crm.domain.source import SourceState

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from social_crm.domain.lease import Lease
    from social_crm.domain.source import Progress, SourceSetup
    from social_crm.ports import Clock, LiveSource, Store
    from social_crm.services.ingest import Listening

log = structlog.get_logger(__name__)

# A worker that dies is taken over when its lease has run out and the next look comes: within 8 + 1 seconds.
TERM = timedelta(seconds=8)
LOOK = timedelta(seconds=1)
HEARTBEATS = 4  # how often a lease is renewed within its term
THREADS = 32
AFTER_CRASH = timedelta(minutes=5)
AFTER_TROUBLE = timedelta(seconds=30)
_AT_ONCE = datetime.min.replace(
    tzinfo=UTC
)  # before all that is overdue: who is new must not wait behind who has had a turn
SLICE = timedelta(minutes=1)  # how long a run goes on while others wait for a thread


def lease_name(source_id: str) -> str:
    """The name under which a source is leased."""
    return f"source:{source_id}"


@dataclass(slots=True)
class _Running:
    """A run that is under way on this worker, of which version of its source. `halt` stops it between two pages."""

    lease: Lease
    version: int
    begun: datetime
    halt: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Collectors:
    """Looks every `look` for sources that are due, claims them and runs them; many workers may do so at once.

    `open_source` opens a source by its setup; it stays open for its next run. One slow or failing source delays no other:
    each has its own thread, of at most `threads`, and its own trouble. `holder` names this worker in its leases, which last
    `term` and are renewed by a thread of their own, so that a slow page loses nothing.
    """

    store: Store
    open_source: Callable[[SourceSetup], LiveSource]
    listen: Callable[[], Listening]
    clock: Clock
    chance: random.Random
    holder: str
    keep: bool = False
    term: timedelta = TERM
    look: timedelta = LOOK
    threads: int = THREADS
    told: Callable[[Collected], None] = lambda _collected: None
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: dict[str, _Running] = field(default_factory=dict)
    _open: dict[str, tuple[int, LiveSource]] = field(default_factory=dict)
    _resting: dict[str, datetime] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Collect until `stop`; pages under way are finished and stored, leases let go."""
        with self._working() as pool:
            while not self._stop.is_set():
                self._start_due(pool)
                self._stop.wait(self.look.total_seconds())

    def run_once(self) -> tuple[Collected, ...]:
        """Run every source that is due once, and answer what became of those that were not taken over by others."""
        with self._working() as pool:
            done = [_outcome(run) for run in self._start_due(pool)]
        return tuple(one for one in done if one is not None)

    def run_one(self, setup: SourceSetup) -> Collected:
        """Run one source now, due or not.

        Raises Conflict when another worker has it, LeaseLost when one has taken it over, and StoreUnavailable.
        """
        with self._working() as pool:
            lease = self._claim(setup)
            if lease is None:
                raise Conflict(f"{setup.id} is being collected by another worker: see `social-crm source list`")
            self._begin(setup, lease)
            return pool.submit(self._under_lease, setup, lease).result()

    def stop(self) -> None:
        """Ask everything to stop after the page under way; may be called from a signal handler."""
        self._stop.set()

    @contextmanager
    def _working(self) -> Iterator[ThreadPoolExecutor]:
        """Threads for sources, with a heartbeat for as long as any of them works."""
        finished = threading.Event()
        beating = threading.Thread(target=self._beat_until, args=(finished,), name="heartbeat", daemon=True)
        beating.start()
        try:
            with ThreadPoolExecutor(self.threads, thread_name_prefix="source") as pool:
                yield pool
        finally:
            finished.set()
            beating.join()
            self.close()

    def _start_due(self, pool: ThreadPoolExecutor) -> list[Future[Collected | None]]:
        """Claim the sources that are due and start them; a store that is away is waited for."""
        runs: list[Future[Collected | None]] = []
        try:
            for setup in self._due():
                lease = self._claim(setup)
                if lease is not None:
                    runs.append(self._start(pool, setup, lease))
        except SocialCrmError as error:
            log.warning("sources.unknown", code=error.code, reason=error.message)
        return runs

    def _start(self, pool: ThreadPoolExecutor, setup: SourceSetup, lease: Lease) -> Future[Collected | None]:
        """Start a run; from here on its lease is renewed, and let go when it ends."""
        self._begin(setup, lease)
        run = pool.submit(self._collect, setup, lease)
        run.add_done_callback(partial(self._look_for_crash, setup.id))
        return run

    def _begin(self, setup: SourceSetup, lease: Lease) -> None:
        with self._guard:
            self._running[setup.id] = _Running(lease, setup.version, self.clock())

    def _look_for_crash(self, source_id: str, run: Future[Collected | None]) -> None:
        """A defect in one source must not end the others, nor be tried again at every look."""
        crash = run.exception()
        if crash is not None:
            self._rest(source_id, AFTER_CRASH)
            log.error("source.crashed", source=source_id, exc_info=crash)

    def _rest(self, source_id: str, wait: timedelta) -> None:
        with self._guard:
            self._resting[source_id] = self.clock() + wait

    def close(self) -> None:
        """Close the sources that are open."""
        for _, source in self._open.values():
            source.close()
        self._open.clear()

    def _due(self) -> list[SourceSetup]:
        """The sources that are due, those that have waited longest first, as many as there are threads for."""
        now, progress = self.clock(), self.store.sources.progress()
        with self._guard:
            free = max(self.threads - len(self._running), 0)
            here = {*self._running, *(source_id for source_id, until in self._resting.items() if now < until)}
        active = [one for one in self.store.sources.list() if one.state is SourceState.ACTIVE and one.id not in here]
        due = sorted((at, one.id, one) for one in active if (at := _due_at(progress.get(one.id), one, now)) <= now)
        if len(due) > free:
            self._make_room(now)
        return [one for _, _, one in due[:free]]

    def _make_room(self, now: datetime) -> None:
        """Others are waiting: runs that have had their time go on after them."""
        with self._guard:
            for one in self._running.values():
                if now - one.begun > SLICE:
                    one.halt.set()

    def _claim(self, setup: SourceSetup) -> Lease | None:
        now = self.clock()
        return self.store.leases.claim(lease_name(setup.id), self.holder, now, now + self.term)

    def _collect(self, setup: SourceSetup, lease: Lease) -> Collected | None:
        """One run whose trouble stays with it; None when another worker has taken it over."""
        try:
            return self._under_lease(setup, lease)
        except LeaseLost:
            log.warning("source.taken-over", source=setup.id)
            return None
        except SocialCrmError as error:
            self._rest(setup.id, AFTER_TROUBLE)  # nothing could be noted: asking the platform again at once helps nobody
            log.warning("source.interrupted", source=setup.id, code=error.code, reason=error.message)
            return Collected(trouble=error.message)

    def _under_lease(self, setup: SourceSetup, lease: Lease) -> Collected:
        """One run, from claim to release. Raises StoreUnavailable, LeaseLost."""
        with self._guard:
            running = self._running[setup.id]
        try:
            done = self._run(Books(self.store, setup, lease, self.clock, self.chance), running)
        finally:
            with self._guard:
                self._running.pop(setup.id, None)
            self._release(lease)
        log.info("source.collected", source=setup.id, pages=done.pages, new=done.taken.new, finished=done.finished)
        return done

    def _run(self, books: Books, running: _Running) -> Collected:
        try:
            source = self._opened(books.setup)
        except SocialCrmError as error:
            books.fail(error)
            return Collected(trouble=error.message)
        halted = lambda: self._stop.is_set() or running.halt.is_set()  # noqa: E731 - two words, asked between pages
        return Run(books, source, self.listen, self.keep, halted, self.told).collect()

    def _opened(self, setup: SourceSetup) -> LiveSource:
        """The source as it is set up now; used by one thread at a time, since a source is leased."""
        version, source = self._open.get(setup.id, (0, None))
        if source is not None and version == setup.version:
            return source
        if source is not None:
            source.close()
            del self._open[setup.id]
        opened = self.open_source(setup)
        self._open[setup.id] = setup.version, opened
        return opened

    def _release(self, lease: Lease) -> None:
        try:
            self.store.leases.release(lease)
        except SocialCrmError as error:
            log.warning("lease.kept", lease=lease.name, reason=error.message)  # it runs out by itself

    def _beat_until(self, finished: threading.Event) -> None:
        every = self.term.total_seconds() / HEARTBEATS
        while not finished.wait(every):
            try:
                self.beat()
            except SocialCrmError as error:
                log.warning("leases.not-renewed", code=error.code, reason=error.message)

    def beat(self) -> None:
        """Renew every lease. A run whose lease is lost, or whose source was edited or paused, stops between two pages."""
        with self._guard:
            running = dict(self._running)
        for one in running.values():
            try:
                one.lease = self.store.leases.renew(one.lease, self.clock() + self.term)
            except LeaseLost:
                one.halt.set()
        versions = {setup.id: setup.version for setup in self.store.sources.list()} if running else {}
        for source_id, one in running.items():
            if versions.get(source_id) != one.version:
                one.halt.set()


def _outcome(run: Future[Collected | None]) -> Collected | None:
    """What became of a run; a defect of ours is a trouble of its source, and the log has more of it."""
    crash = run.exception()
    return run.result() if crash is None else Collected(trouble=f"a defect of ours: {type(crash).__name__}, see the log")


def _due_at(progress: Progress | None, setup: SourceSetup, now: datetime) -> datetime:
    """When a source is due: at once when it has never run, was edited since, or was noted by a clock that was ahead."""
    if progress is None or progress.due_at is None or progress.version != setup.version:
        return _AT_ONCE
    if progress.finished_at is not None and progress.finished_at > now + SKEW:
        return _AT_ONCE
    return progress.due_at
