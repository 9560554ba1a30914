"""Walks through a listing from its newest item down to what is known, and what they cover; connectors come in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

# Platforms count in seconds: of the second in which a listing was cut, some may be missing.
_TICK = timedelta(seconds=1)
# A walk that took longer may have lost the end of a listing that new items pushed on meanwhile.
_SLIDING = timedelta(minutes=10)
_SKEW = timedelta(minutes=5)  # how far clocks may differ


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk stands. It is the cursor of a newest-first platform, as JSON.

    `until` is up to when the last finished walk covers. Of the walk under way: `begun` is when it began (None: none is
    under way), `token` the platform's page token to go on with, `count` how many items it has seen, `low` the time of the
    oldest. Nothing rests on a single item being there still: a deleted anchor changes nothing.
    """

    until: datetime | None = None
    begun: datetime | None = None
    token: str = ""
    count: int = 0
    low: datetime | None = None

    @staticmethod
    def of(cursor: str | None) -> Walk:
        """Read a cursor. Raises Invalid for one that is not ours."""
        if not cursor:
            return Walk()
        try:
            raw = orjson.loads(cursor)
            times = {name: parse_time(raw[name]) if raw.get(name) else None for name in ("until", "begun", "low")}
            return Walk(token=str(raw.get("token") or ""), count=int(raw.get("count") or 0), **times)
        except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError, Invalid) as error:
            raise Invalid(f"{cursor!r:.80} is not a cursor of this source: begin again without one") from error

    def cursor(self) -> str:
        """The walk as a cursor."""
        raw: dict[str, Any] = {"until": self.until, "begun": self.begun, "low": self.low}
        texts = {name: value.isoformat() for name, value in raw.items() if value is not None}
        return orjson.dumps({**texts, "token": self.token, "count": self.count}).decode()

    def under_way(self, now: datetime) -> Walk:
        """The walk, begun now unless it has begun before.

        What a clock that was ahead has said of the future is not believed: then everything is read again.
        """
        if self.begun is not None and self.begun <= now + _SKEW:
            return self
        return Walk(self.until if self.until is None or self.until <= now + _SKEW else None, now)

    def afresh(self, now: datetime) -> Walk:
        """The same walk from the top again, for when the platform no longer knows its page token."""
        return Walk(self.until, now)


@dataclass(frozen=True, slots=True)
class Stride:
    """What a page does to a walk: where it stands then and, after the last page, what is covered and what was missed."""

    walk: Walk
    finished: bool
    covered: Span | None = None
    missed: tuple[Span, ...] = ()


def stride(
    walk: Walk,
    posted: Sequence[datetime],
    token: str,
    *,
    overlap: timedelta,
    lag: timedelta = timedelta(0),
    window: int | None = None,
    now: datetime | None = None,
    floor: datetime | None = None,
) -> Stride:
    """Take a page of a walk that is under way: the times of its items (newest first) and the token of the next page.

    The walk ends on a page that is mostly older than `until` less the `overlap` (which is read again on purpose: items turn
    up late) or than `floor` (the oldest that the platform was asked for), or when the listing ends. One old item ends
    nothing: platforms pin, repeat and shuffle. `window` is how many items the platform shows at most: a listing that ends
    there, with nothing known reached, has a gap from `until` to the oldest item; so has one that ends before anything known
    when the walk has taken so long, by `now`, that the listing may have moved on under it. What was posted in the last
    `lag` is not vouched for yet.
    """
    # What is older than the last walk's end was shown before: it says nothing of how far this walk has come.
    fresh = [moment for moment in posted if walk.until is None or moment >= walk.until]
    low = min([*fresh, *([walk.low] if walk.low else [])], default=None)
    here = replace(walk, token=token, count=walk.count + len(posted), low=low)
    known = walk.until - overlap if walk.until else floor
    reached = known is not None and bool(posted) and _mostly_before(posted, known)
    if token and not reached:
        return Stride(here, finished=False)
    slid = now is not None and walk.begun is not None and now - walk.begun > _SLIDING
    cut = not reached and window is not None and (here.count >= window or slid)
    return _finished(here, low + _TICK if cut and low else None, floor, lag)


def _mostly_before(posted: Sequence[datetime], known: datetime) -> bool:
    return sorted(posted)[len(posted) // 2] < known


def _finished(walk: Walk, cut: datetime | None, floor: datetime | None, lag: timedelta) -> Stride:
    """The end of a walk; `cut` is where the platform's own window ended, when it did before anything known was reached."""
    begun = walk.begun or walk.until or walk.low
    if begun is None:
        raise Invalid("a walk ends that has not begun: ask it to be under_way first")
    end = max(begun - lag, walk.until or begun - lag)
    if floor is not None and walk.low is not None:
        floor = min(
            floor, walk.low + _TICK
        )  # it rises with the time: what was walked before it did is covered all the same
    bounds = [bound for bound in (cut, floor) if bound is not None]
    if walk.until is None:
        start = cut or floor or walk.low or end
        return Stride(Walk(end), finished=True, covered=Span(min(start, end), end))
    start = min(max([walk.until, *bounds]), end)
    missed = (Span(walk.until, start),) if start > walk.until else ()
    return Stride(Walk(end), finished=True, covered=Span(start, end), missed=missed)
