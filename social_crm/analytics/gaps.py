"""What live sources missed, in full hours, and which periods that degrades; the rest of analytics and services come in."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from social_crm.domain.clock import local_day
from social_crm.domain.coverage import ONE_HOUR, Seen, hour_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from social_crm.analytics.periods import Calendar

    # start, end (UTC, half-open) and why it was missed
    Piece = tuple[datetime, datetime, str]

# A period of which more than this share of the hours was missed is degraded (methods.md 1.2).
TOLERATED = 0.05
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Full hours from `start` up to `end` (UTC, half-open): in each of them the source missed something, and why."""

    source: str
    brand: str
    start: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True)
class DegradedPeriod:
    """A period from `start` up to `end` (local dates, half-open) in which a source missed more hours than are TOLERATED.

    `missed` is the share of its hours (0..1) that the worst source missed. `sources` are all that missed too many of them,
    `reasons` are theirs (domain.coverage.Why), both in alphabetical order.
    """

    label: str
    start: date
    end: date
    missed: float
    sources: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Loss:
    """What one source missed of one period."""

    time: timedelta = timedelta()
    reasons: set[str] = field(default_factory=set)


def find_gaps(coverage: pl.DataFrame) -> tuple[Gap, ...]:
    """The hours that sources missed, from the table COVERAGE: by source, brand and start, each hour of a source once.

    As domain.coverage.hours counts them: an hour is missed when any part of it was missed and not covered by another walk
    of the same source, whatever that walk asked for.
    """
    missed = coverage.filter(pl.col("seen") == Seen.MISSED.value)
    walked = coverage.join(missed, on=["source", "brand"], how="semi")
    found = []
    for (source, brand), rows in sorted(walked.partition_by("source", "brand", as_dict=True, include_key=False).items()):
        covered = _joined(rows.filter(pl.col("seen") == Seen.COVERED.value).select("start", "end").rows())
        lost = rows.filter(pl.col("seen") == Seen.MISSED.value).select("start", "end", "why").rows()
        found += [Gap(source, brand, *piece) for piece in _full_hours(sorted(_left(lost, covered)))]
    return tuple(found)


def degraded_periods(gaps: Iterable[Gap], calendar: Calendar) -> dict[int, DegradedPeriod]:
    """The degraded periods by their index in the calendar; a period lasts as many hours as it has in its time zone.

    Each source is judged for itself: where two miss four per cent each, the other one was listening.
    """
    losses: dict[int, dict[tuple[str, str], _Loss]] = defaultdict(lambda: defaultdict(_Loss))
    for gap in gaps:
        for index, time in _by_period(gap, calendar):
            loss = losses[index][gap.source, gap.brand]
            loss.time += time
            loss.reasons.add(gap.why)
    judged = ((index, _judge(calendar, index, losses[index])) for index in sorted(losses))
    return {index: period for index, period in judged if period is not None}


def _judge(calendar: Calendar, index: int, losses: dict[tuple[str, str], _Loss]) -> DegradedPeriod | None:
    whole = calendar.end(index) - calendar.start(index)
    shares = {key: loss.time / whole for key, loss in losses.items() if loss.time / whole > TOLERATED}
    if not shares:
        return None
    sources = tuple(sorted({source for source, _ in shares}))
    reasons = tuple(sorted(set().union(*(losses[key].reasons for key in shares))))
    label, start, end = calendar.label(index), calendar.first_day(index), calendar.first_day(index + 1)
    return DegradedPeriod(label, start, end, max(shares.values()), sources, reasons)


def _by_period(gap: Gap, calendar: Calendar) -> Iterator[tuple[int, timedelta]]:
    """The periods that a gap reaches into, and how much of each it takes."""
    index, start = calendar.index(local_day(gap.start, calendar.time_zone)), gap.start
    while start < gap.end:
        end = min(calendar.end(index), gap.end)
        if start < end:  # a day that a zone skipped has no length
            yield index, end - start
        start, index = end, index + 1


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same instants as few, disjoint, rising spans."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _left(missed: Iterable[Piece], covered: Sequence[tuple[datetime, datetime]]) -> Iterator[Piece]:
    """What is left of missed spans when disjoint, rising spans are taken out of them."""
    ends = [end for _, end in covered]
    for start, end, why in missed:
        begin = start
        for taken_from, taken_to in covered[bisect_right(ends, start) :]:
            if taken_from >= end:
                break
            if begin < taken_from:
                yield begin, taken_from, why
            begin = taken_to
        if begin < end:
            yield begin, end, why


def _full_hours(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Rising pieces, rounded outwards to full hours; an hour that two of them reach into is the first one's."""
    told: datetime | None = None
    for start, end, why in pieces:
        first, last = hour_of(start), hour_of(end - _INSTANT) + ONE_HOUR
        first = first if told is None else max(first, told)
        if first < last:
            yield first, last, why
            told = last
