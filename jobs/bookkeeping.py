"""The books of one run of a source: progress, spend and ledger, written under its lease; collecting comes in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import structlog

from jobs import ledger
from jobs.retry import Retry, decide
from social_crm.domain.clock import ONE_DAY
from social_crm.domain.coverage import Seen, Why
from social_crm.domain.errors import (
    CapReached,
    CredentialsRejected,
    Invalid,
    PlatformUnavailable,
    RateLimited,
    SocialCrmError,
    Stale,
)
from social_crm.domain.event import Event, EventKind
from social_crm.domain.source import Progress, SourceState, Step
from social_crm.services import schedules

if TYPE_CHECKING:
    import random
    from datetime import date

    from social_crm.domain.coverage import Coverage
    from social_crm.domain.lease import Lease
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import Clock, Page, Store

log = structlog.get_logger(__name__)

BLIND_WAIT = timedelta(seconds=30)  # after a refusal that does not say how long

# After which trouble a gap is called what.
_DELAYS: tuple[tuple[type[SocialCrmError], Why], ...] = (
    (CapReached, Why.CAP),
    (RateLimited, Why.RATE_LIMIT),
    (PlatformUnavailable, Why.OUTAGE),
)


@dataclass(slots=True)
class Books:
    """Keeps the books of a run. Every write is fenced by the lease: raises LeaseLost when another has taken over."""

    store: Store
    setup: SourceSetup
    lease: Lease
    clock: Clock
    chance: random.Random
    progress: Progress = field(init=False)
    _day: date | None = None
    _spent: int = 0
    _charged: int = 0
    _owed: tuple[tuple[date, int], ...] = ()

    def __post_init__(self) -> None:
        known = self.store.sources.progress().get(self.setup.id)
        if known is None or known.query != self.setup.query:
            known = Progress(self.setup.id, self.setup.query)  # another query is another walk and another ledger
        self.progress = known

    def afford(self, cost: int) -> None:
        """Charge the most that a page may cost before it is asked for, so that no crash can overspend.

        Raises CapReached, with the next midnight UTC, when the day's cap would be passed.
        """
        cap, now = self.setup.daily_cap, self.clock()
        if self._day != now.date():
            self._day = now.date()
            today = self.store.sources.spend(self.setup.id, self._day) if cap is not None else ()
            self._spent = sum(one.units for one in today if one.day == self._day)
        if cap is None:
            return
        if cost > cap:
            raise Invalid(f"the daily cap of {cap} is less than one page may cost: raise it to {cost} or more")
        if self._spent + cost > cap:
            raise CapReached(
                f"the daily cap of {cap} is reached: {self._spent} spent today, and one more page may cost {cost}",
                datetime.combine(now.date(), time(0), now.tzinfo) + ONE_DAY,
            )
        self.store.sources.charge(self.lease, self.setup.id, self._day, cost)
        self._charged, self._spent = cost, self._spent + cost

    def settle(self, spent: int) -> None:
        """What was charged last has really cost `spent`; it is written with the next entry."""
        difference = spent - self._charged
        self._spent, self._charged = self._spent + difference, 0
        if difference and self._day is not None:
            self._owed = (*self._owed, (self._day, difference))

    def enter(self, page: Page, cursor: str | None = None) -> tuple[Coverage, ...]:
        """Note a page that is stored: where to go on (None: where we are), what it covers and what it cost.

        Answers the gaps.
        """
        progress = self.progress if cursor is None else replace(self.progress, cursor=cursor)
        progress, noted = ledger.entries(self.setup, progress, page, self.clock())
        events = ledger.gaps(self.setup, noted, self.clock())
        self._write(progress, noted, events)
        for event in events:
            log.warning("source.gap", source=self.setup.id, **event.body)
        return tuple(entry for entry in noted if entry.seen is Seen.MISSED)

    def finish(self, trouble: str = "") -> None:
        """The walk came to its end: the next one is due when the schedule says. `trouble` is what the second look met."""
        now = self.clock()
        due = schedules.next_time(self.setup.schedule, now)
        self._write(replace(self.progress, due_at=due, finished_at=now, failures=0, trouble=trouble))

    def interrupted(self) -> None:
        """The run was asked to stop: it goes on as soon as those that have waited longer have had their turn."""
        self._write(replace(self.progress, due_at=self.clock()))

    def fail(self, error: SocialCrmError) -> None:
        """Note what went wrong and when to try again; rejected credentials pause the source, with one notice."""
        if self._charged and (error.refused or not isinstance(error, PlatformUnavailable)):
            self.settle(0)  # an answer that never came may have been billed, one that refused was not
        now = self.clock()
        # A limit that does not say until when is a failure like others: each try is further from the last one.
        waits = isinstance(error, RateLimited | CapReached) and error.retry_at is not None
        failures = self.progress.failures + (0 if waits else 1)
        decision = decide(error, max(failures, 1), now, self.chance)
        due = decision.at if isinstance(decision, Retry) else schedules.next_time(self.setup.schedule, now)
        if isinstance(error, RateLimited) and not waits:
            due = max(due, now + BLIND_WAIT)
        delay = next((why for kind, why in _DELAYS if isinstance(error, kind)), "")
        progress = replace(
            self.progress,
            due_at=due,
            failures=failures,
            trouble=error.message,
            delayed_by=self.progress.delayed_by or delay,
        )
        log.warning("source.failed", source=self.setup.id, code=error.code, reason=error.message, again_at=due.isoformat())
        rejected = isinstance(error, CredentialsRejected)
        self._write(progress, events=(self._paused(error, now),) if rejected else ())
        if rejected:
            self._pause(error)

    def _paused(self, error: SocialCrmError, now: datetime) -> Event:
        own = f"ev_{self.setup.id}:{self.setup.version}:paused"
        return Event(own, EventKind.SOURCE_PAUSED, now, self.setup.id, {"why": error.message, "code": error.code})

    def _pause(self, error: SocialCrmError) -> None:
        paused = replace(self.setup, state=SourceState.PAUSED, reason=error.message)
        try:
            self.store.sources.put(paused, self.setup.version)
        except Stale:
            log.info("source.edited", source=self.setup.id)  # somebody is at it: the new setup has its own try

    def _write(self, progress: Progress, coverage: tuple[Coverage, ...] = (), events: tuple[Event, ...] = ()) -> None:
        progress = replace(progress, version=self.setup.version)
        self.store.sources.advance(self.lease, Step(progress, coverage, self._owed, events))
        self.progress, self._owed = progress, ()
