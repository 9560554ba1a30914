"""Climbs through a listing from the oldest item up to the newest, by the server's numbers; this room's client comes in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from connectors.mastodon.fields import snowflake, time_of
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_TIMES = ("until", "begun", "low")
_NUMBERS = ("high", "at")
_NEAR = timedelta(hours=1)  # a number that tells a time far beyond now is none that tells the time


@dataclass(frozen=True, slots=True)
class Climb:
    """Where a climb stands: the cursor of a listing that is paged forward, as JSON.

    `high` is the highest number seen so far, `until` up to when the last finished climb covers. Of the climb under way:
    `begun` is when it began (None: none is under way), `at` the number above which it goes on, and, the first time, `low`
    the time of the oldest item. Numbers are compared and never looked up: a deleted item changes nothing.
    """

    high: int = 0
    until: datetime | None = None
    begun: datetime | None = None
    at: int = 0
    low: datetime | None = None

    @staticmethod
    def of(cursor: str | None) -> Climb:
        """Read a cursor. Raises Invalid for one that is not ours."""
        if not cursor:
            return Climb()
        try:
            raw = orjson.loads(cursor)
            until, begun, low = (parse_time(raw[name]) if raw.get(name) else None for name in _TIMES)
            high, at = (int(raw.get(name) or 0) for name in _NUMBERS)
            return Climb(high, until, begun, at, low)
        except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError, Invalid) as error:
            raise Invalid(f"{cursor!r:.80} is not a cursor of this source: begin again without one") from error

    def cursor(self) -> str:
        """The climb as a cursor; numbers as text, since they are larger than what JSON keeps everywhere."""
        raw: dict[str, Any] = {name: str(getattr(self, name)) for name in _NUMBERS}
        times = {name: value.isoformat() for name in _TIMES if (value := getattr(self, name)) is not None}
        return orjson.dumps({**raw, **times}).decode()

    def under_way(self, now: datetime, overlap: timedelta, slack: int) -> Climb:
        """The climb, begun now unless it has begun before.

        It begins above the highest number that was seen, or lower: at numbers made `overlap` before the last climb's end,
        and `slack` numbers down. What a server fetches late gets the number of the time at which it was written.
        """
        if self.begun is not None:
            return self
        start = max(self.high - slack, 0)
        if self.until is not None:
            start = min(start, snowflake(self.until - overlap))
        return replace(self, begun=now, at=start)

    def up(self, found: Sequence[int], posted: Sequence[datetime], lag: timedelta) -> Rung:
        """Take a page: the numbers of its items, and when what it holds was posted.

        The climb ends with a page that holds nothing, or a number made since it began: the server sorts by number. When an
        item was written ends nothing: its author's server may say any time. What arrived in the last `lag` is not vouched
        for yet. Raises PlatformUnavailable for a page that does not lead up: not to go round for ever.
        """
        if not found:
            return _finished(self, lag)
        top = max(found)
        if min(found) <= self.at:
            raise PlatformUnavailable("the server does not page forward: it needs Mastodon 2.6 or later")
        low = self.low or (min(posted, default=None) if self.until is None else None)
        now = replace(self, at=top, high=max(self.high, top), low=low)
        begun = self.begun
        reached = begun is not None and any(begun <= time_of(number) <= begun + _NEAR for number in found)
        return _finished(now, lag) if reached else Rung(now)


@dataclass(frozen=True, slots=True)
class Rung:
    """What a page does to a climb: where it stands then and, after the last page, what is covered."""

    climb: Climb
    covered: Span | None = None


def _finished(climb: Climb, lag: timedelta) -> Rung:
    if climb.begun is None:
        raise Invalid("a climb ends that has not begun: ask it to be under_way first")
    end = max(climb.begun - lag, climb.until or climb.begun - lag)
    start = min(climb.until or climb.low or end, end)
    return Rung(Climb(climb.high, end), Span(start, end))
