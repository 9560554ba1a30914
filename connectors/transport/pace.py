"""The pace of requests: never above a platform's limit, by its own word and by our count; connectors come in."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from social_crm.domain.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from social_crm.ports import Clock

# Clocks differ and platforms round to seconds: how long after a window's end we begin the next.
MARGIN = timedelta(seconds=1)
# How far our clock may be off where we alone tell when a window of the platform ends.
DRIFT = timedelta(seconds=5)
_SHORTLY = timedelta(seconds=1)


@dataclass(slots=True)
class Pace:
    """Lets requests through, or raises RateLimited with the time at which the next one may go. Safe between threads.

    Two bounds stand side by side. What the platform says is left in its window (`told`): requests under way are taken off,
    so that answers that cross cannot add up to more than it allows; while nothing is known of a window, one request goes
    at a time. And our own: at most `limit` requests in any `window`, for platforms that say nothing. For one that counts in
    fixed windows, `resets` tells when the one that holds an instant ends. A request may cost more than one of the limit; it
    counts from when it is sent until a window after its answer, since nobody knows when in between the platform counts it.
    """

    clock: Clock
    limit: int | None = None
    window: timedelta = timedelta(minutes=1)
    resets: Callable[[datetime], datetime] | None = None
    _answered: deque[datetime] = field(default_factory=deque)
    _owed: int = 0
    _left: int | None = None
    _resets_at: datetime | None = None
    _closed_until: datetime | None = None
    _under_way: int = 0
    _told: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def turn(self, cost: int = 1) -> Iterator[None]:
        """Make one request inside, of a `cost` by our own count. Raises RateLimited when it would have to wait."""
        with self._guard:
            now = self.clock()
            self._own_bound(now, cost)
            self._platform_bound(now)
            self._under_way += 1
            self._owed += cost
            if self._left is not None:
                self._left -= 1
        try:
            yield
        finally:
            with self._guard:
                self._under_way -= 1
                self._owed -= cost
                self._answered.extend([self.clock()] * cost)

    def told(self, left: int, resets_in: timedelta) -> None:
        """What an answer said, before the turn ends: requests left in the window, and how long the window still lasts.

        While a window is known, the lower word and the earlier end stand: an answer may have been on its way for long.
        """
        with self._guard:
            now = self.clock()
            left, resets_at = left - max(self._under_way - 1, 0), now + resets_in + MARGIN
            if self._left is not None and self._resets_at is not None and now < self._resets_at:
                left, resets_at = min(left, self._left), min(resets_at, self._resets_at)
            self._left, self._resets_at, self._told = left, resets_at, True

    def exhausted(self, until: datetime) -> None:
        """The platform refused for now: nothing goes before `until`."""
        with self._guard:
            self._left, self._resets_at, self._told = 0, until, True
            self._closed_until = max(until, self._closed_until or until)

    def _own_bound(self, now: datetime, cost: int) -> None:
        while self._answered and self._ends(self._answered[0]) <= now:
            self._answered.popleft()
        if self.limit is None or len(self._answered) + self._owed + cost <= self.limit:
            return
        waits_for_answer = self._owed and not self._answered
        again = now + _SHORTLY if waits_for_answer else self._ends(self._answered[0] if self._answered else now)
        raise RateLimited("our own pace for this platform is reached", again)

    def _ends(self, answered: datetime) -> datetime:
        """When a request no longer counts."""
        return self.resets(answered + DRIFT) + DRIFT if self.resets else answered + self.window

    def _platform_bound(self, now: datetime) -> None:
        if self._closed_until is not None and now < self._closed_until:
            raise RateLimited("the platform's limit is reached", self._closed_until)
        if self._resets_at is not None and now >= self._resets_at:
            self._left = self._resets_at = None
        if self._left is not None and self._left <= 0:
            raise RateLimited("the platform's limit is reached", self._resets_at)
        if self._left is None and self._under_way and (self._told or self.limit is None):
            raise RateLimited("the platform's window is not known yet", now + _SHORTLY)
