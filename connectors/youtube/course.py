"""Where a walk through YouTube's comments stands: its listings, their threads, their long replies; the client comes in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.walk import Walk, stride
from connectors.youtube.parse import Top
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.youtube.parse import Thread

OVERLAP = timedelta(minutes=30)
# A walk whose page tokens run out before it is done would begin at the top for ever: after so long it ends where it is.
LONGEST = timedelta(days=2)
LAG = timedelta(minutes=5)  # a comment is checked for some time before others see it


@dataclass(frozen=True, slots=True)
class Course:
    """A walk through one listing of threads (a video, a channel) or, for a search, one after the other. It is the cursor.

    `until` is up to when the last finished walk covers, `known` the same for each listing that it went through. Of the walk
    under way: when it `begun`; the `listings` still to go through, the first one being under way (None: not searched yet);
    the `walk` through that one; threads `waiting` for their replies to be read, with the page `token` within the first;
    `low`, since when its finished listings are covered; `shown_from`, before which a search may have left videos out.
    """

    until: datetime | None = None
    known: Mapping[str, datetime] = field(default_factory=dict)
    begun: datetime | None = None
    listings: tuple[str, ...] | None = None
    walk: Walk | None = None
    waiting: tuple[tuple[str, Top], ...] = ()
    token: str = ""
    low: datetime | None = None
    shown_from: datetime | None = None

    @staticmethod
    def of(cursor: str | None) -> Course:
        """Read a cursor. Raises Invalid for one that is not ours."""
        if not cursor:
            return Course()
        try:
            return _read(orjson.loads(cursor))
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError, Invalid) as error:
            raise Invalid(f"{cursor!r:.80} is not a cursor of this source: begin again without one") from error

    def cursor(self) -> str:
        """The course as a cursor."""
        times = {"until": self.until, "begun": self.begun, "low": self.low, "shown_from": self.shown_from}
        raw = {
            **{name: moment.isoformat() for name, moment in times.items() if moment is not None},
            "known": {name: moment.isoformat() for name, moment in self.known.items()},
            "listings": self.listings,
            "walk": self.walk.cursor() if self.walk else None,
            "waiting": [(own, top.author, top.video) for own, top in self.waiting],
            "token": self.token,
        }
        return orjson.dumps(raw).decode()

    def under_way(self, now: datetime, listings: tuple[str, ...] | None) -> Course:
        """The course, begun now through some listings unless it has begun before."""
        return self if self.begun is not None else replace(self, begun=now, listings=listings)

    def searched(self, listings: tuple[str, ...], shown_from: datetime | None) -> Course:
        """The course through what a search found; what is known of other listings is forgotten."""
        known = {one: self.known[one] for one in listings if one in self.known}
        return replace(self, listings=listings, known=known, shown_from=shown_from)

    def on_threads(self) -> Walk:
        """The walk through the listing that is under way."""
        return self.walk or Walk(self.known.get(self._listing), self.begun)

    def untold(self, threads: Sequence[Thread]) -> list[Thread]:
        """Of the threads of a page, those whose replies are to be read: it leaves some out, and they are not known yet.

        Older threads are looked up again in their own time: their late replies are found then.
        """
        until = self.on_threads().until
        known = until - OVERLAP if until else None
        return [one for one in threads if one.untold and not (known and one.posted_at and one.posted_at < known)]

    def threads_taken(self, threads: Sequence[Thread], token: str) -> Course:
        """Behind a page of threads, newest first. Only top comments say where a walk ends: replies are younger."""
        step = stride(self.on_threads(), in_order(threads), token, overlap=OVERLAP, lag=LAG)
        waiting = tuple((one.id, one.top) for one in self.untold(threads))
        now = replace(self, walk=step.walk, waiting=waiting)
        if step.covered is None or step.walk.until is None:
            return now
        low = min(step.covered.start, self.low or step.covered.start)
        known = {**self.known, self._listing: step.walk.until}
        return replace(now.without_listing(), low=low, known=known)

    def without_listing(self) -> Course:
        """Done with the listing that is under way."""
        return replace(self, listings=(self.listings or ())[1:], walk=None)

    def replies_taken(self, token: str) -> Course:
        """Behind a page of replies of the first thread that waits; an empty token means that it was the last."""
        return replace(self, token=token) if token else replace(self, token="", waiting=self.waiting[1:])

    def afresh(self, now: datetime) -> Course:
        """The same course, for when YouTube no longer knows the page token: what it belongs to is read from the top.

        A walk that has gone on for LONGEST gives it up instead, and vouches for nothing of a listing that it did not get
        through: under comments that it never saw there may be replies of any time.
        """
        if self.begun is not None and now - self.begun > LONGEST:
            return self.replies_taken("") if self.token else self._cut(self.begun)
        return replace(self, token="") if self.token else replace(self, walk=None)

    def _cut(self, begun: datetime) -> Course:
        known = {**self.known, self._listing: begun - LAG}
        return replace(self.without_listing(), known=known, shown_from=begun)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be read."""
        return self.listings == () and not self.waiting

    def finished(self) -> tuple[Course, Span, tuple[Span, ...]]:
        """At the end of a walk: where the next one begins, what is covered, and what was missed.

        A search that shows newer videos only than the last walk's end leaves a gap behind it.
        """
        if self.begun is None:
            raise Invalid("a walk ends that has not begun: ask it to be under_way first")
        end = max(self.begun - LAG, self.until or self.begun - LAG)
        known = min(self.until or self.low or end, end)
        start = min(max(known, self.shown_from or known), end)
        missed = (Span(known, start),) if self.until and start > known else ()
        return Course(end, self.known), Span(start, end), missed

    @property
    def _listing(self) -> str:
        return self.listings[0] if self.listings else ""


def in_order(threads: Sequence[Thread]) -> list[datetime]:
    """The times of threads that stand in their order, newest first.

    One that stands above younger ones was put there for another reason (pinned, answered lately): no walk ends at it.
    """
    kept: list[datetime] = []
    for thread in reversed(threads):
        if thread.posted_at is not None and (not kept or thread.posted_at >= kept[-1]):
            kept.append(thread.posted_at)
    return kept[::-1]


def _read(raw: Any) -> Course:
    times = {name: _time(raw.get(name)) for name in ("until", "begun", "low", "shown_from")}
    listings = raw["listings"]
    return Course(
        known={str(one): parse_time(moment) for one, moment in raw["known"].items()},
        listings=None if listings is None else tuple(map(str, listings)),
        walk=Walk.of(raw["walk"]) if raw["walk"] else None,
        waiting=tuple((str(own), Top(str(author), str(video))) for own, author, video in raw["waiting"]),
        token=str(raw["token"]),
        **times,
    )


def _time(text: Any) -> datetime | None:
    return parse_time(text) if text else None
