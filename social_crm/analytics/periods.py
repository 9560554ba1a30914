"""Days, weeks, months and quarters of local dates, and where they begin in UTC; analytics and services come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from social_crm.domain.brand import WeekStart
from social_crm.domain.clock import day_start, local_day, zone
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

# Polars and Python count days from different beginnings: ordinal 1 is 0001-01-01, Polars' day 0 is 1970-01-01.
_UNIX_ORDINAL = date(1970, 1, 1).toordinal()
_EXAMPLES = {"day": "2025-01-31", "week": "2025-W05", "month": "2025-01", "quarter": "2025-Q1"}
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_WEEK = re.compile(r"\d{4}-W\d\d", re.ASCII)


class Period(StrEnum):
    """What a calendar is cut into."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A brand's calendar: which period a local date falls into, by consecutive whole numbers (methods.md 1.2).

    A month has the index 12 * year + month - 1, a quarter 4 * year + quarter - 1, a day its ordinal, a week the number of
    whole weeks before it. Periods are half-open: one ends at the instant at which the next begins. Raises Invalid when the
    time zone does not exist.
    """

    period: Period = Period.MONTH
    time_zone: str = "UTC"
    week_start: WeekStart = WeekStart.MONDAY

    def __post_init__(self) -> None:
        zone(self.time_zone)

    def index(self, day: date) -> int:
        """The period that a local date falls into."""
        match self.period:
            case Period.DAY:
                return day.toordinal()
            case Period.WEEK:
                return (day.toordinal() - 1 - self._week_offset) // 7
            case Period.MONTH:
                return 12 * day.year + day.month - 1
            case Period.QUARTER:
                return 4 * day.year + (day.month - 1) // 3

    def indices(self, day: pl.Expr) -> pl.Expr:
        """The periods that a column of local dates falls into, as Int32: `index`, for many at once."""
        ordinal = day.cast(pl.Int32) + _UNIX_ORDINAL
        year, month = day.dt.year().cast(pl.Int32), day.dt.month().cast(pl.Int32)
        match self.period:
            case Period.DAY:
                return ordinal
            case Period.WEEK:
                return (ordinal - 1 - self._week_offset) // 7
            case Period.MONTH:
                return 12 * year + month - 1
            case Period.QUARTER:
                return 4 * year + (month - 1) // 3

    def first_day(self, index: int) -> date:
        """The local date on which a period begins. Raises Invalid outside the years 1 to 9999."""
        try:
            match self.period:
                case Period.DAY:
                    return date.fromordinal(index)
                case Period.WEEK:
                    return date.fromordinal(7 * index + 1 + self._week_offset)
                case Period.MONTH:
                    return date(index // 12, index % 12 + 1, 1)
                case Period.QUARTER:
                    return date(index // 4, index % 4 * 3 + 1, 1)
        except (ValueError, OverflowError) as error:
            raise Invalid(f"a {self.period} lies outside the calendar: leave out days near the years 1 and 9999") from error

    def start(self, index: int) -> datetime:
        """The UTC instant at which a period begins. Raises Invalid outside the years 1 to 9999."""
        try:
            return day_start(self.first_day(index), self.time_zone)
        except OverflowError as error:
            raise Invalid(f"a {self.period} lies outside the calendar: leave out days near the years 1 and 9999") from error

    def end(self, index: int) -> datetime:
        """The UTC instant at which a period has ended and the next begins. Raises Invalid outside the years 1 to 9999."""
        return self.start(index + 1)

    def last_before(self, moment: datetime) -> int:
        """The last period that begins before an instant."""
        return self.index(local_day(moment - timedelta(microseconds=1), self.time_zone))

    def label(self, index: int) -> str:
        """A period's name: 2025-01-31, 2025-W05 (the ISO week), 2025-01 or 2025-Q1.

        A week that begins on Sunday has no ISO number and is named by its first day.
        """
        day = self.first_day(index)
        match self.period:
            case Period.WEEK if self.week_start is WeekStart.MONDAY:
                year, week, _ = day.isocalendar()
                return f"{year:04}-W{week:02}"
            case Period.MONTH:
                return f"{day.year:04}-{day.month:02}"
            case Period.QUARTER:
                return f"{day.year:04}-Q{(day.month + 2) // 3}"
            case _:
                return day.isoformat()

    def parse(self, label: str) -> int:
        """The period of that name: what `label` wrote. Raises Invalid for anything else."""
        try:
            index = self.index(self._reader()(label))
            known = self.label(index) == label
        except (ValueError, Invalid) as error:
            raise self._unreadable(label) from error
        if not known:
            raise self._unreadable(label)
        return index

    @property
    def _week_offset(self) -> int:
        return 0 if self.week_start is WeekStart.MONDAY else -1

    def _reader(self) -> Callable[[str], date]:
        match self.period:
            case Period.WEEK if self.week_start is WeekStart.MONDAY:
                return _iso_week
            case Period.MONTH:
                return _month
            case Period.QUARTER:
                return _quarter
            case _:
                return date.fromisoformat

    def _unreadable(self, label: str) -> Invalid:
        named_by_day = self.period is Period.WEEK and self.week_start is WeekStart.SUNDAY
        example = "2025-02-02, a Sunday" if named_by_day else _EXAMPLES[self.period]
        return Invalid(f"{label!r} is not the name of a {self.period}: write it as {example}")


def _iso_week(label: str) -> date:
    if not _WEEK.fullmatch(label):
        raise ValueError(label)
    return date.fromisocalendar(int(label[:4]), int(label[6:]), 1)


def _month(label: str) -> date:
    found = _MONTH.fullmatch(label)
    if found is None:
        raise ValueError(label)
    return date(int(found[1]), int(found[2]), 1)


def _quarter(label: str) -> date:
    found = _QUARTER.fullmatch(label)
    if found is None:
        raise ValueError(label)
    return date(int(found[1]), 3 * int(found[2]) - 2, 1)
