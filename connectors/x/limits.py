"""X's limits by its own headers: each kind of request has its own window; this room's client comes in.

`x-rate-limit-remaining` and `x-rate-limit-reset` (seconds since 1970, by X's clock: the header Date says how late it is
there) tell of the window of 15 minutes; some plans have windows of 24 hours beside it.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.transport.answers import retry_after, server_time
from connectors.transport.pace import MARGIN, Pace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from social_crm.ports import Clock

_WINDOW = "x-rate-limit"
_DAYS = ("x-app-limit-24hour", "x-user-limit-24hour")
_LONGEST = timedelta(days=2)
_SHORTEST = timedelta(seconds=1)
_DIGITS = 12


class XPace(Pace):
    """The paces of one account: one for each kind of request, as X counts them."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._kinds: dict[str, Pace] = {}
        self._adding = threading.Lock()

    def of(self, kind: str) -> Pace:
        """The pace of one kind of request."""
        with self._adding:
            return self._kinds.setdefault(kind, Pace(self.clock))


def pace_of(pace: Pace, kind: str) -> Pace:
    """The pace of one kind of request; a pace that knows no kinds stands for all."""
    return pace.of(kind) if isinstance(pace, XPace) else pace


def note(pace: Pace, headers: Mapping[str, str], now: datetime) -> None:
    """Tell a pace what an answer says of its window."""
    left, lasts = _number(headers, f"{_WINDOW}-remaining"), _lasts(headers, _WINDOW, now)
    if left is not None and lasts is not None:
        pace.told(left, lasts)


def refused_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Until when X refuses, by the windows that are used up, else by whatever it says; None when it says nothing."""
    spent = [name for name in (_WINDOW, *_DAYS) if _number(headers, f"{name}-remaining") == 0]
    waits = [lasts for name in (spent or [_WINDOW]) if (lasts := _lasts(headers, name, now)) is not None]
    return now + max(waits) + MARGIN if waits else retry_after(headers, now)


def _lasts(headers: Mapping[str, str], name: str, now: datetime) -> timedelta | None:
    """How long a window still lasts, between a second and two days."""
    ends = _number(headers, f"{name}-reset")
    if ends is None:
        return None
    there = server_time(headers) or now
    return min(max(timedelta(seconds=ends - int(there.timestamp())), _SHORTEST), _LONGEST)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
