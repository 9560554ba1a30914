"""Coverage: which spans of time a source vouches for and which it missed, and why; anyone may come in."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ONE_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Seen(StrEnum):
    """What is known of a span: all of it was taken in, some of it never will be, or nobody can tell yet."""

    COVERED = "covered"
    MISSED = "missed"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a span was missed: what kept the source from reading it before the platform no longer showed it."""

    WINDOW = "window exceeded"
    RATE_LIMIT = "rate limit"
    OUTAGE = "outage"
    CAP = "spend cap"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a source can say of a brand from `start` up to `end` (UTC, half-open).

    `seen` is COVERED (all that the source could see has been taken in) or MISSED, with `why`. `query` is what the source
    was asked for. The id is natural (a file's fingerprint; source, query and start), so that telling it twice is harmless
    and a longer end replaces a shorter one.
    """

    id: str
    source: str
    brand: str
    start: datetime
    end: datetime
    query: str = ""
    seen: Seen = Seen.COVERED
    why: str = ""

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise Invalid(
                f"coverage of {self.brand} by {self.source}: it ends ({self.end}) before it starts ({self.start})"
            )
        if self.seen is Seen.UNKNOWN:
            raise Invalid(f"coverage of {self.brand} by {self.source}: what is unknown is not noted, it is what is left")


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the ledger: it begins at `start` (UTC, a full hour); `why` is given for what was missed."""

    start: datetime
    seen: Seen
    why: str = ""


def hour_of(moment: datetime) -> datetime:
    """The full hour (UTC) in which an instant falls."""
    return moment - (moment - _EPOCH) % ONE_HOUR


def hours(ledger: Iterable[Coverage], span: Span) -> Iterator[Hour]:
    """The hours of a span, rounded outwards to full hours, as one source and query's ledger tells them.

    An hour is missed when any part of it was missed and not covered by another walk; covered when all of it was; else
    unknown.
    """
    noted = list(ledger)
    covered = _joined(Span(one.start, one.end) for one in noted if one.seen is Seen.COVERED)
    gaps = sorted((Span(one.start, one.end), one.why) for one in noted if one.seen is Seen.MISSED)
    longest = max((gap.end - gap.start for gap, _ in gaps), default=ONE_HOUR)
    start = hour_of(span.start)
    while start < span.end:
        hour = Span(start, start + ONE_HOUR)
        # Both lists are sorted: an hour is looked up among its neighbours, not among a year of them.
        here = covered[max(bisect_left(covered, hour) - 1, 0) : bisect_left(covered, Span(hour.end, hour.end))]
        first, last = Span(start - longest, start - longest), Span(hour.end, hour.end)
        yield _hour(hour, here, gaps[bisect_left(gaps, (first, "")) : bisect_left(gaps, (last, ""))])
        start += ONE_HOUR


def _hour(hour: Span, covered: list[Span], gaps: list[tuple[Span, str]]) -> Hour:
    left = list(_without(hour, covered))
    if not left:
        return Hour(hour.start, Seen.COVERED)
    why = next((why for gap, why in gaps if any(gap.overlaps(piece) for piece in left)), None)
    return Hour(hour.start, Seen.UNKNOWN if why is None else Seen.MISSED, why or "")


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same instants as few, disjoint, rising spans."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def _without(span: Span, covered: Iterable[Span]) -> Iterator[Span]:
    """What is left of a span when disjoint, rising spans are taken out of it."""
    start = span.start
    for taken in covered:
        if taken.end <= start:
            continue
        if taken.start >= span.end:
            break
        if taken.start > start:
            yield Span(start, taken.start)
        start = taken.end
    if start < span.end:
        yield Span(start, span.end)
