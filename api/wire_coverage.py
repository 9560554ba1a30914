"""The coverage ledger as JSON: hours, gaps and spend as callers see them; the handlers come in."""

# No `from __future__ import annotations` here: pydantic reads these shapes for the document of the API.
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import groupby

from typing_extensions import TypedDict

from social_crm.domain.coverage import ONE_HOUR, Hour, Seen, hour_of
from social_crm.domain.platform import PLATFORMS
from social_crm.domain.source import SourceSetup, Spend
from social_crm.domain.span import Span


class HourShape(TypedDict):
    """An hour of the ledger from `start` on; `why` is given for what was missed."""

    start: datetime
    seen: Seen
    why: str


class GapShape(TypedDict):
    """Hours in a row that were missed for one reason."""

    start: datetime
    end: datetime
    why: str


class TotalShape(TypedDict):
    """How many hours are covered, missed and unknown."""

    covered: int
    missed: int
    unknown: int


class DayShape(TypedDict):
    """What a UTC day has cost."""

    day: date
    units: int


class SpendShape(TypedDict):
    """What was spent by day, in the platform's unit; days that cost nothing are left out."""

    unit: str
    days: list[DayShape]


class LedgerShape(TypedDict):
    """What is known of each hour from `start` up to `end`, for a source and the query that it has now."""

    source: str
    query: str
    start: datetime
    end: datetime
    totals: TotalShape
    gaps: list[GapShape]
    spend: SpendShape
    hours: list[HourShape]


def ledger(setup: SourceSetup, span: Span, hours: Sequence[Hour], spend: Sequence[Spend]) -> LedgerShape:
    """The ledger of a source for callers; of `spend`, the days that the span touches."""
    count = Counter(hour.seen for hour in hours)
    end = hours[-1].start + ONE_HOUR if hours else span.end
    return {
        "source": setup.id,
        "query": setup.query,
        "start": hour_of(span.start),
        "end": end,
        "totals": {"covered": count[Seen.COVERED], "missed": count[Seen.MISSED], "unknown": count[Seen.UNKNOWN]},
        "gaps": list(_gaps(hours)),
        "spend": {
            "unit": PLATFORMS[setup.platform].unit,
            "days": [{"day": one.day, "units": one.units} for one in spend if _begins(one.day) < end],
        },
        "hours": [{"start": hour.start, "seen": hour.seen, "why": hour.why} for hour in hours],
    }


def _gaps(hours: Sequence[Hour]) -> Iterator[GapShape]:
    for (seen, why), together in groupby(hours, lambda hour: (hour.seen, hour.why)):
        if seen is Seen.MISSED:
            run = list(together)
            yield {"start": run[0].start, "end": run[-1].start + ONE_HOUR, "why": why}


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
