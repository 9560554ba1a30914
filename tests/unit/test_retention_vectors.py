"""Retention: the test vectors V0 and V1 of methods.md 1.3, as they are written there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from social_crm.analytics.people import resolve
from social_crm.analytics.retention import (
    CohortTable,
    Period,
    RetentionDefinition,
    RetentionReport,
    Rule,
    State,
    retention,
)
from social_crm.domain.brand import WeekStart
from tests.retention_oracle import NOBODY, days, end_of_month, links, months, numbers, padded

V1 = {"ana": [0, 1, 2, 3], "ben": [0, 2], "cy": [0], "dee": [0, 1], "eli": [1, 2, 3], "fay": [1, 3], "gus": [2]}
INSIDE_APRIL = datetime(2025, 4, 15, tzinfo=UTC)


def v1(rule: Rule = Rule.ON, watermark: datetime | None = None) -> RetentionReport:
    return retention(months(V1), NOBODY, RetentionDefinition(rule=rule), watermark or end_of_month(3))


def states(table: CohortTable) -> list[str]:
    letters = {State.COMPLETE: "c", State.PARTIAL: "p", State.FUTURE: "f"}
    return ["".join(letters[cell.state] for cell in row.cells) for row in table.rows]


def pooled(table: CohortTable) -> list[tuple[int, int]]:
    return [(cell.n, cell.size) for cell in table.pooled]


def test_v0_days_with_two_accounts_of_one_person():
    # p1 has two accounts, which take turns.
    active = {"person1": [0, 2, 6], "alias1": [1, 5], "person2": [1, 2, 3, 6]}
    people = resolve(links(("person1", "alias1")))
    first = date(2025, 6, 10)
    eleven_days = datetime(2025, 6, 21, tzinfo=UTC)
    report = retention(days(active, first), people, RetentionDefinition(Period.DAY), eleven_days)
    begins = [[1, 1, 1, 0, 0, 1, 1], [2, 2, 1, 0, 1, 2], [2, 1, 0, 1, 2], [1, 0, 0, 1], [0], [1, 1], [2], [], [], [], []]
    assert numbers(report.recurring) == padded(begins, 11)
    assert report.people == 2


def test_v0_months():
    active = {"p1": [0, 1, 2, 4, 5, 8], "p2": [0, 1, 2, 5, 6, 10]}
    report = retention(months(active), NOBODY, RetentionDefinition())
    assert numbers(report.recurring) == [
        [2, 2, 2, 0, 1, 2, 1, 0, 1, 0, 1], [2, 2, 0, 1, 2, 1, 0, 1, 0, 1], [2, 0, 1, 2, 1, 0, 1, 0, 1], [0] * 8,
        [1, 1, 0, 0, 1, 0, 0], [2, 1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0], [0, 0], [1],
    ]  # fmt: skip


@pytest.mark.parametrize("week_start", WeekStart)
def test_v0_weeks(week_start: WeekStart):
    active = {"p1": [0, 1, 2, 3, 4], "p2": [0, 1, 3, 4, 6]}
    definition = RetentionDefinition(Period.WEEK, week_start=week_start)
    report = retention(days(active, date(2025, 2, 5), step=7), NOBODY, definition)
    expected = [[2, 2, 1, 2, 2, 0, 1], [2, 1, 2, 2, 0, 1], [1, 1, 1, 0, 0], [2, 2, 0, 1], [2, 0, 1], [0, 0], [1]]
    assert numbers(report.recurring) == expected
    assert report.recurring.rows[0].label == {"monday": "2025-W06", "sunday": "2025-02-02"}[week_start]


def test_v0_two_accounts_that_are_merged_fill_each_others_gaps():
    table = months({"p1": range(0, 11, 2), "p2": range(1, 10, 2)})
    merged = retention(table, resolve(links(("p1", "p2"))), RetentionDefinition())
    assert numbers(merged.recurring) == [[1] * (11 - at) for at in range(11)]
    assert retention(table, NOBODY, RetentionDefinition()).people == 2
    assert merged.people == 1


def test_v1_first_time_on():
    assert numbers(v1().first_time) == [[4, 2, 2, 1], [2, 1, 2], [1, 0], [0]]


def test_v1_first_time_on_or_after():
    assert numbers(v1(Rule.ON_OR_AFTER).first_time) == [[4, 3, 2, 1], [2, 2, 2], [1, 0], [0]]


def test_v1_recurring_on():
    assert numbers(v1().recurring) == [[4, 2, 2, 1], [4, 2, 3], [4, 2], [3]]


def test_v1_recurring_on_or_after():
    assert numbers(v1(Rule.ON_OR_AFTER).recurring) == [[4, 3, 2, 1], [4, 3, 3], [4, 2], [3]]


def test_v1_growth():
    rows = [(g.active, g.new, g.retained, g.resurrected, g.churned, g.quick_ratio) for g in v1().growth]
    assert rows == [(4, 4, 0, 0, 0, None), (4, 2, 2, 0, 2, 1.0), (4, 1, 2, 1, 2, 1.0), (3, 0, 2, 1, 2, 0.5)]


def test_v1_pooled_first_time():
    found = v1().first_time.pooled
    assert [(cell.k, cell.n, cell.size) for cell in found] == [(0, 7, 7), (1, 3, 7), (2, 4, 6), (3, 1, 4)]
    assert found[1].rate == pytest.approx(3 / 7)
    bounds = [(cell.low, cell.high) for cell in found[1:]]
    expected = [(0.1582, 0.7495), (0.3000, 0.9032), (0.0456, 0.6994)]
    assert [pytest.approx(pair, abs=5e-5) for pair in expected] == bounds


def test_v1_intervals_of_january():
    cells = v1().first_time.rows[0].cells
    assert (cells[2].low, cells[2].high) == pytest.approx((0.150039, 0.849961), abs=5e-7)
    assert (cells[0].low, cells[0].high) == pytest.approx((0.510109, 1), abs=5e-7)


def test_v1_with_the_watermark_inside_april_its_cells_become_partial_and_leave_the_pools():
    report = v1(watermark=INSIDE_APRIL)
    for table in (report.first_time, report.recurring):
        assert states(table) == ["cccp", "ccpf", "cpff", "pfff"]
    assert numbers(report.first_time) == numbers(v1().first_time)
    assert pooled(report.first_time) == [(7, 7), (3, 6), (2, 4)]
    assert [g.state for g in report.growth] == [*[State.COMPLETE] * 3, State.PARTIAL]


def test_v1_with_april_over_everything_is_complete():
    report = v1()
    assert states(report.first_time) == ["cccc", "cccf", "ccff", "cfff"]
    assert pooled(report.first_time) == [(7, 7), (3, 7), (4, 6), (1, 4)]
    assert pooled(report.recurring) == [(15, 15), (6, 12), (5, 8), (1, 4)]


def test_a_microsecond_before_the_end_of_april_it_is_not_over():
    report = v1(watermark=end_of_month(3) - timedelta(microseconds=1))
    assert states(report.first_time)[0] == "cccp"


def test_without_a_watermark_everything_up_to_the_last_activity_is_partial_and_nothing_is_pooled():
    report = retention(months(V1), NOBODY, RetentionDefinition(), None)
    assert states(report.recurring) == ["pppp", "pppf", "ppff", "pfff"]
    assert report.recurring.pooled == report.first_time.pooled == ()


def test_a_future_cell_has_no_count_and_a_quiet_month_has_zero():
    report = v1(watermark=end_of_month(4))
    may = [cell for cell in report.recurring.rows[0].cells if cell.k == 4]
    assert [(cell.n, cell.rate, cell.state) for cell in may] == [(0, 0.0, State.COMPLETE)]
    last = report.recurring.rows[-1]
    assert (last.label, last.size) == ("2025-05", 0)
    assert [(cell.n, cell.rate, cell.low) for cell in last.cells] == [(0, None, None)] + [(None, None, None)] * 4


def test_activity_after_the_watermark_is_shown_as_partial_and_silence_after_it_is_not_shown():
    active = {"ana": [0, 1, 4], "ben": [0]}
    report = retention(months(active), NOBODY, RetentionDefinition(), end_of_month(1))
    assert [row.label for row in report.recurring.rows] == ["2025-01", "2025-02", "2025-05"]
    assert states(report.recurring) == ["ccffp", "cffpf", "pffff"]
    assert [cell.n for cell in report.recurring.rows[0].cells] == [2, 1, None, None, 1]
    assert [g.label for g in report.growth] == ["2025-01", "2025-02", "2025-05"]
