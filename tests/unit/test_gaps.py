"""Gaps: which hours a source missed, and from when on a period is degraded by them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_crm.analytics.gaps import DegradedPeriod, Gap, degraded_periods, find_gaps
from social_crm.analytics.periods import Calendar, Period
from social_crm.domain.coverage import Coverage, Seen, Why, hours
from social_crm.domain.span import Span
from social_crm.tables import COVERAGE
from tests.builders import at
from tests.retention_oracle import STEADY

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NEW_YEAR = at("2025-01-01")
WEEK = Span(NEW_YEAR, NEW_YEAR + timedelta(days=7))
# Spans that begin and end at any of the twentieths of an hour of three days.
MOMENTS = st.integers(0, 3 * 24 * 20).map(lambda count: NEW_YEAR + 3 * count * MINUTE)
SPANS = st.lists(MOMENTS, min_size=2, max_size=2, unique=True).map(lambda pair: (min(pair), max(pair)))


def covered(start: datetime, end: datetime, source: str = "acme-x", brand: str = "acme") -> tuple:
    return (source, brand, start, end, "covered", "")


def missed(start: datetime, end: datetime, why: str = Why.OUTAGE, source: str = "acme-x", brand: str = "acme") -> tuple:
    return (source, brand, start, end, "missed", str(why))


def ledger(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(COVERAGE), orient="row")


def a_gap(start: str, hours_long: float, why: str = Why.OUTAGE, source: str = "acme-x", brand: str = "acme") -> Gap:
    return Gap(source, brand, at(start), at(start) + hours_long * HOUR, str(why))


def shares(gaps: Iterable[Gap], calendar: Calendar) -> dict[str, float]:
    return {period.label: period.missed for period in degraded_periods(gaps, calendar).values()}


def test_without_a_missed_span_there_is_no_gap():
    assert find_gaps(ledger()) == ()
    assert find_gaps(ledger(covered(NEW_YEAR, NEW_YEAR + HOUR), covered(NEW_YEAR + 9 * HOUR, NEW_YEAR + 10 * HOUR))) == ()


def test_what_another_walk_of_the_same_source_covered_is_not_missed():
    gap = missed(NEW_YEAR + HOUR, NEW_YEAR + 5 * HOUR)
    whole = covered(NEW_YEAR, NEW_YEAR + 6 * HOUR)
    assert find_gaps(ledger(gap, whole)) == ()
    assert find_gaps(ledger(gap, covered(NEW_YEAR, NEW_YEAR + 3 * HOUR))) == (a_gap("2025-01-01T03:00:00", 2),)
    kept = (a_gap("2025-01-01T01:00:00", 4),)
    assert find_gaps(ledger(gap, covered(*whole[2:4], source="acme-reddit"))) == kept
    assert find_gaps(ledger(gap, covered(*whole[2:4], brand="zenith"))) == kept


def test_a_walk_in_the_middle_of_a_gap_leaves_two():
    rows = [missed(NEW_YEAR, NEW_YEAR + 9 * HOUR, Why.CAP), covered(NEW_YEAR + 2 * HOUR, NEW_YEAR + 7 * HOUR)]
    assert find_gaps(ledger(*rows)) == (a_gap("2025-01-01", 2, Why.CAP), a_gap("2025-01-01T07:00:00", 2, Why.CAP))


def test_an_hour_is_missed_when_any_part_of_it_is():
    instant = timedelta(microseconds=1)
    assert find_gaps(ledger(missed(NEW_YEAR, NEW_YEAR + instant))) == (a_gap("2025-01-01", 1),)
    assert find_gaps(ledger(missed(NEW_YEAR + HOUR - instant, NEW_YEAR + HOUR + instant))) == (a_gap("2025-01-01", 2),)
    assert find_gaps(ledger(missed(NEW_YEAR, NEW_YEAR))) == ()


def test_gaps_that_share_an_hour_count_it_once():
    rows = [
        missed(NEW_YEAR, NEW_YEAR + 80 * MINUTE, Why.OUTAGE),
        missed(NEW_YEAR + 100 * MINUTE, NEW_YEAR + 3 * HOUR, Why.RATE_LIMIT),
        missed(NEW_YEAR + 10 * MINUTE, NEW_YEAR + 20 * MINUTE, Why.CAP),
    ]
    assert find_gaps(ledger(*rows)) == (a_gap("2025-01-01", 2), a_gap("2025-01-01T02:00:00", 1, Why.RATE_LIMIT))


def test_each_source_and_brand_has_gaps_of_its_own_in_their_order():
    rows = [
        missed(NEW_YEAR, NEW_YEAR + HOUR, source="b"),
        missed(NEW_YEAR, NEW_YEAR + HOUR, brand="zenith", source="a"),
        missed(NEW_YEAR, NEW_YEAR + HOUR, source="a"),
    ]
    assert [(gap.source, gap.brand) for gap in find_gaps(ledger(*rows))] == [("a", "acme"), ("a", "zenith"), ("b", "acme")]


@STEADY
@given(taken=st.lists(SPANS, max_size=6), lost=st.lists(st.tuples(SPANS, st.sampled_from(Why)), max_size=6))
def test_the_hours_are_those_that_the_ledger_shows(taken: list[tuple], lost: list[tuple]):
    rows = [covered(*span) for span in taken] + [missed(*span, why) for span, why in lost]
    facts = [Coverage(str(at), *row[:4], "acme", Seen(row[4]), row[5]) for at, row in enumerate(rows)]
    shown = {hour.start for hour in hours(facts, WEEK) if hour.seen is Seen.MISSED}
    found = find_gaps(ledger(*rows))
    told = [gap.start + number * HOUR for gap in found for number in range(round((gap.end - gap.start) / HOUR))]
    assert len(told) == len(set(told))
    assert set(told) == shown


@pytest.mark.parametrize(
    ("start", "period", "tolerated"),
    [
        ("2025-01-05", Period.MONTH, 37),  # of 744 hours 37.2 are 5 %
        ("2025-02-05", Period.MONTH, 33),  # of 672 hours 33.6
        ("2025-04-05", Period.MONTH, 36),  # of 720 hours exactly 36: that is not more than 5 %
        ("2025-01-08", Period.WEEK, 8),  # of 168 hours 8.4
        ("2025-01-08", Period.DAY, 1),  # of 24 hours 1.2
        ("2025-02-08", Period.QUARTER, 108),  # of 90 days 108
    ],
)
def test_a_period_is_degraded_when_more_than_five_per_cent_of_its_hours_were_missed(
    start: str, period: Period, tolerated: int
):
    calendar = Calendar(period)
    whole = (calendar.end(calendar.index(at(start).date())) - calendar.start(calendar.index(at(start).date()))) / HOUR
    assert shares([a_gap(start, tolerated)], calendar) == {}
    assert list(shares([a_gap(start, tolerated + 1)], calendar).values()) == [(tolerated + 1) / whole]


def test_hours_in_many_pieces_add_up_over_a_month():
    days = [f"2025-01-{day:02}" for day in range(1, 20)]
    assert shares([a_gap(day, 2) for day in days], Calendar()) == {"2025-01": 38 / 744}
    assert shares([a_gap(day, 2) for day in days[1:]], Calendar()) == {}


def test_a_gap_over_the_end_of_a_month_is_of_both():
    assert shares([a_gap("2025-01-30T10:00:00", 76)], Calendar()) == {"2025-01": 38 / 744, "2025-02": 38 / 672}
    assert shares([a_gap("2025-01-30T11:00:00", 70)], Calendar()) == {}


def test_a_month_of_new_york_ends_four_hours_after_that_of_utc_and_is_an_hour_short():
    gap = a_gap("2025-03-30T14:00:00", 38)  # up to 04:00 UTC on the first of April
    assert shares([gap], Calendar(time_zone="America/New_York")) == {"2025-03": 38 / 743}
    assert shares([gap], Calendar()) == {}


def test_the_hour_that_spring_takes_from_a_quarter_is_not_there_to_be_missed():
    gap = a_gap("2025-02-08", 108)
    assert shares([gap], Calendar(Period.QUARTER, "America/New_York")) == {"2025-Q1": 108 / 2159}
    assert shares([gap], Calendar(Period.QUARTER)) == {}


def test_the_hour_that_autumn_adds_to_a_day_counts():
    twice = a_gap("2025-11-02T05:00:00", 2)  # both are one o'clock in New York
    assert shares([twice], Calendar(Period.DAY, "America/New_York")) == {"2025-11-02": 2 / 25}


def test_where_a_day_begins_at_half_past_the_hour_is_halved():
    gap = a_gap("2024-12-31T18:00:00", 38)  # January begins at 18:30 UTC in India
    assert shares([gap], Calendar(time_zone="Asia/Kolkata")) == {"2025-01": 37.5 / 744}


def test_a_day_that_a_zone_skipped_cannot_be_degraded():
    # Samoa went from the 29th to the 31st of December 2011.
    gap = a_gap("2011-12-30T08:00:00", 4)
    assert shares([gap], Calendar(Period.DAY, "Pacific/Apia")) == {"2011-12-29": 2 / 24, "2011-12-31": 2 / 24}


def test_two_sources_that_miss_little_each_degrade_nothing_together():
    assert degraded_periods([a_gap("2025-01-05", 30), a_gap("2025-01-15", 30, source="acme-reddit")], Calendar()) == {}
    assert degraded_periods([a_gap("2025-01-05", 30), a_gap("2025-01-15", 30, brand="zenith")], Calendar()) == {}


def test_a_degraded_period_names_who_missed_too_much_of_it_and_why():
    gaps = [
        a_gap("2025-01-05", 30, Why.WINDOW, "b"),
        a_gap("2025-01-15", 30, Why.CAP, "b"),
        a_gap("2025-01-15", 50, Why.OUTAGE, "a"),
        a_gap("2025-01-20", 9, Why.RATE_LIMIT, "c"),
    ]
    start, end = at("2025-01-01").date(), at("2025-02-01").date()
    (found,) = degraded_periods(gaps, Calendar()).values()
    assert found == DegradedPeriod("2025-01", start, end, 60 / 744, ("a", "b"), ("outage", "spend cap", "window exceeded"))
