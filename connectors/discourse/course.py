"""Where a walk through a forum stands, down its listing or through a search and what it found; its client comes in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.walk import Stride, Walk, stride
from social_crm.domain.errors import Invalid, PlatformUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# Visitors without a key may be shown answers that are a minute old.
LAG = timedelta(minutes=2)
# A search's index is written behind the posts, by jobs that queue.
OVERLAP = timedelta(hours=1)
NEAR = 10  # numbers of posts that are read again: numbers are given before posts are written
_STEP = 50  # old versions list the posts of so many numbers a page, however few those are
_FOREVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Course:
    """The cursor of a forum. Posts are meant by the forum's own numbers, which rise.

    `known` is the highest that the last finished walk vouches for (of a search: the highest from before the overlap, since
    above it the index may have left out some), `top` the same of the walk under way. Of the listing: `stepwise` says that
    its pages are spans of numbers (old versions), of which some may be empty. Of a search: `queue` are the topics still to
    read, each with its newest hit, `after` up to where the first of them was read; `ended` how the search came to its end
    ("" while it has not).
    """

    walk: Walk
    known: int = 0
    top: int = 0
    stepwise: bool = False
    queue: tuple[tuple[int, int], ...] = ()
    after: int = 0
    ended: str = ""

    @staticmethod
    def of(cursor: str | None) -> Course:
        """Read a cursor. Raises Invalid for one that is not ours."""
        walk = Walk.of(cursor)
        raw: dict[str, Any] = orjson.loads(cursor) if cursor else {}
        try:
            queue = tuple((int(topic), int(hit)) for topic, hit in raw.get("queue") or ())
            numbers = {name: int(raw.get(name) or 0) for name in ("known", "top", "after")}
            int(walk.token or 0)
        except (TypeError, ValueError) as error:
            raise Invalid(f"{cursor!r:.80} is not a cursor of this source: begin again without one") from error
        stepwise, ended = bool(raw.get("stepwise")), str(raw.get("ended") or "")
        return Course(walk, stepwise=stepwise, queue=queue, ended=ended, **numbers)

    def cursor(self) -> str:
        """The course as a cursor."""
        mine = {name: getattr(self, name) for name in ("known", "top", "stepwise", "queue", "after", "ended")}
        kept = {name: value for name, value in mine.items() if value}
        return orjson.dumps({**orjson.loads(self.walk.cursor()), **kept}).decode()

    @property
    def place(self) -> int:
        """Below which number the listing goes on, or which page of the search comes next; 0 for the first."""
        return int(self.walk.token or 0)

    def under_way(self, now: datetime) -> Course:
        """The course, begun now unless it has begun before."""
        return replace(self, walk=self.walk.under_way(now))

    def listed(self, numbers: Sequence[int], posted: Sequence[datetime]) -> tuple[Course, Stride]:
        """Take a page of the listing: the numbers of all its posts, and the times of those that could be read.

        The walk ends where it meets what is known by number and by time: a post that was moved to another topic has a new
        number and an old time, and a forum that was set up anew begins to count again. Raises PlatformUnavailable when the
        page is not below where the last one ended.
        """
        if self.place and max(numbers, default=0) > self.place:
            raise PlatformUnavailable("the forum sends posts again that it has listed before: try again later")
        low, top = min(numbers, default=0), max([self.top, *numbers])
        stepwise = self.stepwise or (self.place > 0 and self.place in numbers)
        until = self.walk.until
        met = until is not None and bool(posted) and low <= self.known - NEAR and min(posted) < until
        below = max(self.place - _STEP if stepwise else low, 0)
        step = stride(self.walk, posted, "" if met or not below else str(below), overlap=_FOREVER, lag=LAG)
        known = max(self.known, top) if step.finished else self.known
        top = 0 if step.finished else top
        return replace(self, walk=step.walk, known=known, top=top, stepwise=stepwise), step

    def found(self, hits: Sequence[tuple[int, int, datetime]], *, more: bool, pages: int) -> Course:
        """Take a page of the search, newest first: each hit is the newest of its topic.

        Raises PlatformUnavailable when it holds only what earlier pages held, and promises more.
        """
        page = self.place or 1
        if more and hits and all((topic, number) in self.queue for topic, number, _ in hits):
            raise PlatformUnavailable("the forum sends the same page of its search again: try again later")
        floor = self.walk.until - OVERLAP if self.walk.until else None
        fresh = [hit for hit in hits if floor is None or hit[2] >= floor]
        there = {topic for topic, _ in self.queue}
        queue = (*self.queue, *((topic, number) for topic, number, _ in fresh if topic not in there))
        low = min([posted for _, _, posted in hits] + ([self.walk.low] if self.walk.low else []), default=None)
        ended = "met" if len(fresh) < len(hits) else "" if more else "whole"
        ended = "cut" if not ended and page >= pages else ended
        return replace(self, walk=replace(self.walk, token=str(page + 1), low=low), queue=queue, ended=ended)

    def visited(self, after: int, numbers: Sequence[tuple[int, datetime]]) -> Course:
        """Take a page of the first topic in the queue: `after` 0 when that was all of it.

        Numbers count as known only where their time lies before the overlap: the index may still show some above them late,
        and topics that were read early may have got posts since.
        """
        vouched = (self.walk.begun - OVERLAP) if self.walk.begun else None
        top = max([self.top, *(number for number, posted in numbers if vouched and posted <= vouched)])
        return replace(self, queue=self.queue if after else self.queue[1:], after=after, top=top)

    def closed(self) -> tuple[Course, Stride]:
        """The end of a search, once all its topics are read: what is covered and what the search could not show."""
        step = stride(self.walk, [], "", overlap=OVERLAP, lag=LAG, window=0 if self.ended == "cut" else None)
        return Course(step.walk, known=max(self.known, self.top)), step
