"""Periods: which one a local date falls into, when it begins and what it is called (methods.md 1.2 and V2 of 1.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_crm.analytics.periods import Calendar, Period
from social_crm.domain.brand import WeekStart
from social_crm.domain.errors import Invalid
from tests.builders import at
from tests.retention_oracle import STEADY

SUNDAY = Calendar(Period.WEEK, week_start=WeekStart.SUNDAY)
CALENDARS = [*(Calendar(period) for period in Period), SUNDAY]
SENSIBLE = st.dates(date(1, 2, 1), date(9999, 6, 1))


def test_indices_are_those_of_the_definition():
    assert Calendar(Period.MONTH).index(date(2025, 3, 31)) == 12 * 2025 + 2
    assert Calendar(Period.QUARTER).index(date(2025, 3, 31)) == 4 * 2025
    assert Calendar(Period.DAY).index(date(2025, 3, 31)) == date(2025, 3, 31).toordinal()
    monday = date(2025, 2, 3)
    assert Calendar(Period.WEEK).index(monday) == (monday.toordinal() - 1) // 7
    assert Calendar(Period.WEEK).index(monday - timedelta(days=1)) == Calendar(Period.WEEK).index(monday) - 1
    assert SUNDAY.index(monday - timedelta(days=1)) == SUNDAY.index(monday)
    assert SUNDAY.index(monday - timedelta(days=2)) == SUNDAY.index(monday) - 1


@pytest.mark.parametrize(
    ("calendar", "day", "label", "first"),
    [
        (Calendar(Period.MONTH), "2025-01-31", "2025-01", "2025-01-01"),
        (Calendar(Period.DAY), "2025-01-31", "2025-01-31", "2025-01-31"),
        (Calendar(Period.QUARTER), "2025-12-31", "2025-Q4", "2025-10-01"),
        (Calendar(Period.WEEK), "2025-01-31", "2025-W05", "2025-01-27"),
        (Calendar(Period.WEEK), "2024-12-30", "2025-W01", "2024-12-30"),
        (Calendar(Period.WEEK), "2027-01-03", "2026-W53", "2026-12-28"),
        (SUNDAY, "2025-02-01", "2025-01-26", "2025-01-26"),
    ],
)
def test_a_period_is_named_as_people_name_it(calendar: Calendar, day: str, label: str, first: str):
    index = calendar.index(date.fromisoformat(day))
    assert calendar.label(index) == label
    assert calendar.first_day(index) == date.fromisoformat(first)
    assert calendar.parse(label) == index


@pytest.mark.parametrize(
    ("calendar", "label"),
    [
        (Calendar(Period.MONTH), "2025-13"),
        (Calendar(Period.MONTH), "2025-1"),
        (Calendar(Period.MONTH), "January"),
        (Calendar(Period.MONTH), "0000-01"),
        (Calendar(Period.DAY), "20250131"),
        (Calendar(Period.DAY), "2025-02-29"),
        (Calendar(Period.QUARTER), "2025-Q5"),
        (Calendar(Period.WEEK), "2025-W53"),
        (Calendar(Period.WEEK), "2025-01-27"),
        (SUNDAY, "2025-01-27"),
        (SUNDAY, "2025-W05"),
    ],
)
def test_what_is_no_name_of_a_period_is_refused_with_an_example(calendar: Calendar, label: str):
    with pytest.raises(Invalid, match=f"is not the name of a {calendar.period}: write it as"):
        calendar.parse(label)


@STEADY
@given(day=SENSIBLE)
@pytest.mark.parametrize("calendar", CALENDARS, ids=str)
def test_every_day_lies_in_the_period_of_its_index(calendar: Calendar, day: date):
    index = calendar.index(day)
    assert calendar.first_day(index) <= day < calendar.first_day(index + 1)
    assert calendar.index(calendar.first_day(index)) == index
    assert calendar.parse(calendar.label(index)) == index


@STEADY
@given(days=st.lists(SENSIBLE, max_size=20))
@pytest.mark.parametrize("calendar", CALENDARS, ids=str)
def test_many_days_at_once_fall_into_the_same_periods(calendar: Calendar, days: list[date]):
    table = pl.DataFrame({"day": days}, schema={"day": pl.Date})
    found = table.select(calendar.indices(pl.col("day"))).to_series()
    assert found.dtype == pl.Int32
    assert found.to_list() == [calendar.index(day) for day in days]


def test_a_month_begins_at_local_midnight():
    new_york = Calendar(Period.MONTH, "America/New_York")
    april = new_york.parse("2025-04")
    assert new_york.start(april) == at("2025-04-01T04:00:00")
    assert new_york.start(new_york.parse("2025-02")) == at("2025-02-01T05:00:00")
    assert new_york.end(new_york.parse("2025-03")) == at("2025-04-01T04:00:00")


@pytest.mark.parametrize(("day", "hours"), [("2025-03-09", 23), ("2025-11-02", 25), ("2025-07-04", 24)])
def test_a_local_day_lasts_as_long_as_the_clocks_say(day: str, hours: int):
    calendar = Calendar(Period.DAY, "America/New_York")
    index = calendar.parse(day)
    assert calendar.end(index) - calendar.start(index) == timedelta(hours=hours)


def test_a_week_across_a_change_of_clocks_is_not_seven_times_24_hours():
    calendar = Calendar(Period.WEEK, "America/New_York")
    index = calendar.index(date(2025, 3, 9))
    assert calendar.end(index) - calendar.start(index) == timedelta(hours=167)


@STEADY
@given(moment=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia"])
def test_the_last_period_before_an_instant_begins_before_it_and_the_next_does_not(zone: str, moment: datetime):
    calendar = Calendar(Period.DAY, zone)
    last = calendar.last_before(moment)
    assert calendar.start(last) < moment <= calendar.end(last)


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(Invalid, match="is not a time zone"):
        Calendar(Period.DAY, "Mars/Olympus")


@pytest.mark.parametrize("calendar", CALENDARS, ids=str)
def test_the_end_of_time_is_refused_in_plain_words(calendar: Calendar):
    last = calendar.index(date.max)
    with pytest.raises(Invalid, match="outside the calendar"):
        calendar.end(last)
