"""Retention: what counts, which rows and cells a report has, and how it is written as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from social_crm.analytics import cohorts, presence
from social_crm.analytics.people import resolve
from social_crm.analytics.retention import (
    Period,
    RetentionDefinition,
    RetentionReport,
    Rule,
    State,
    as_json,
    retention,
)
from social_crm.domain.errors import Invalid
from social_crm.tables import KIND_COLUMNS
from tests.retention_oracle import NOBODY, activity, end_of_month, links, months, numbers

JANUARY, FEBRUARY = date(2025, 1, 10), date(2025, 2, 10)
ACTIVE = {"ana": [0, 1, 2, 3], "ben": [1, 3], "cy": [0, 2]}


def report(active: dict[str, list[int]] | None = None, month: int = 3, **choices: object) -> RetentionReport:
    return retention(months(active or ACTIVE), NOBODY, RetentionDefinition(**choices), end_of_month(month))


def test_no_activity_is_an_empty_report():
    empty = retention(activity([]), NOBODY, RetentionDefinition(), end_of_month(0))
    assert (empty.people, empty.recurring.rows, empty.first_time.pooled, empty.growth) == (0, (), (), ())
    assert (empty.first_day, empty.last_day) == (None, None)


@pytest.mark.parametrize(("kind", "column"), KIND_COLUMNS.items())
def test_only_the_kinds_asked_for_count(kind: str, column: str):
    table = activity([("x:1", JANUARY, {column: 1}), ("x:2", JANUARY, {"deleted": 3})])
    assert retention(table, NOBODY, RetentionDefinition(kinds=(kind,))).people == 1
    others = tuple(set(KIND_COLUMNS) - {kind})
    assert retention(table, NOBODY, RetentionDefinition(kinds=others)).people == 0
    assert retention(table, NOBODY, RetentionDefinition()).people == (kind != "repost")


def test_the_minimum_is_counted_over_days_kinds_and_accounts_of_a_person():
    rows = [("x:1", JANUARY), ("x:2", date(2025, 1, 20), {"replies": 1}), ("x:3", JANUARY), ("x:3", FEBRUARY)]
    together = resolve(links(("x:1", "x:2")))
    assert numbers(retention(activity(rows), together, RetentionDefinition(minimum=2)).recurring) == [[1, 0], [0]]
    assert numbers(retention(activity(rows), NOBODY, RetentionDefinition(minimum=2)).recurring) == [[0, 0], [0]]
    assert numbers(retention(activity(rows), together, RetentionDefinition(minimum=3)).recurring) == [[0, 0], [0]]


def test_excluded_accounts_leave_no_trace_but_the_days_of_the_input():
    rows = [("x:brand", date(2024, 12, 1)), ("x:1", JANUARY), ("x:brand", FEBRUARY), ("x:1", FEBRUARY)]
    kept = retention(activity(rows), NOBODY, RetentionDefinition(), end_of_month(1), frozenset({"x:brand", "x:gone"}))
    assert numbers(kept.recurring) == [[1, 1], [1]]
    assert (kept.people, kept.first_day, kept.last_day) == (1, date(2024, 12, 1), FEBRUARY)


def test_the_first_cohort_of_history_says_so_and_no_other():
    found = report()
    for rows in (found.recurring.rows, found.first_time.rows, found.growth):
        assert [row.history_starts for row in rows] == [True, False, False, False]
    assert not any(row.history_starts for row in report(first=date(2025, 2, 1)).first_time.rows)


def test_first_and_last_limit_the_rows_but_who_is_new_is_judged_by_all_history():
    found = report(first=date(2025, 2, 20), last=date(2025, 3, 1))
    assert [row.label for row in found.first_time.rows] == ["2025-02", "2025-03"]
    assert numbers(found.first_time) == [[1, 0, 1], [0, 0]]
    assert numbers(found.recurring) == [[2, 1, 2], [2, 1]]
    assert [(g.label, g.new, g.resurrected) for g in found.growth] == [("2025-02", 1, 0), ("2025-03", 0, 1)]
    assert [(cell.k, cell.n, cell.size) for cell in found.recurring.pooled] == [(0, 4, 4), (1, 2, 4), (2, 2, 2)]


@pytest.mark.parametrize("limits", [{"first": date(2026, 1, 1)}, {"last": date(2024, 1, 1)}])
def test_limits_beyond_the_activity_leave_no_rows(limits: dict[str, date]):
    found = report(**limits)
    assert (found.recurring.rows, found.recurring.pooled, found.growth, found.people) == ((), (), (), 3)


def test_the_horizon_is_the_largest_distance():
    found = report(horizon=2)
    assert numbers(found.recurring) == [[2, 1, 2], [2, 1, 2], [2, 1], [2]]
    assert {len(row.cells) for row in found.recurring.rows} == {3}
    beyond = report(horizon=6).recurring.rows[0].cells
    assert [cell.state for cell in beyond[4:]] == [State.FUTURE] * 3


def test_with_a_horizon_a_later_return_does_not_count():
    active = {"ana": [0, 3], "ben": [0, 1]}
    assert numbers(report(active, rule=Rule.ON_OR_AFTER, horizon=2).recurring)[0] == [2, 1, 0]
    assert numbers(report(active, rule=Rule.ON_OR_AFTER).recurring)[0] == [2, 2, 1, 1]


def test_on_or_after_is_a_lower_bound_until_a_stated_horizon_is_over():
    def bounds(found: RetentionReport) -> list[list[bool]]:
        return [[cell.lower_bound for cell in row.cells if cell.n is not None] for row in found.recurring.rows]

    assert bounds(report(rule=Rule.ON_OR_AFTER))[0] == [False, True, True, True]
    assert bounds(report(rule=Rule.ON_OR_AFTER, horizon=2)) == [
        [False] * 3, [False] * 3, [False, True], [False],
    ]  # fmt: skip
    assert not any(flag for row in bounds(report()) for flag in row)
    pooled = report(rule=Rule.ON_OR_AFTER, horizon=1).recurring.pooled
    assert [cell.lower_bound for cell in pooled] == [False, False]
    assert [cell.lower_bound for cell in report(rule=Rule.ON_OR_AFTER).recurring.pooled] == [False, True, True, True]


@pytest.mark.parametrize(("people", "small"), [(29, True), (30, False)])
def test_cells_of_fewer_than_thirty_people_say_so(people: int, small: bool):
    found = report({f"x:{number}": [0, 1] for number in range(people)}, month=1)
    assert [cell.small for cell in found.recurring.rows[0].cells] == [small, small]


def test_rates_and_intervals_are_those_of_the_counts():
    cell = (
        report({f"x:{number}": [0, 1] if number < 81 else [0] for number in range(263)}, month=1).recurring.rows[0].cells[1]
    )
    assert (cell.n, cell.rate) == (81, 81 / 263)
    assert (cell.low, cell.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_the_json_form_holds_plain_values_only():
    found = as_json(report(first=date(2025, 1, 1)))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["watermark"] == "2025-05-01T00:00:00Z"
    assert (found["first_day"], found["last_day"]) == ("2025-01-10", "2025-04-10")
    assert found["definition"]["first"] == "2025-01-01"
    assert found["definition"]["kinds"] == ["post", "comment", "reply", "quote", "review"]
    assert found["recurring"]["rows"][0]["label"] == "2025-01"
    cell = found["recurring"]["rows"][0]["cells"][1]
    assert {name: cell[name] for name in ("k", "state", "n", "rate")} == {"k": 1, "state": "complete", "n": 1, "rate": 0.5}
    assert found["first_time"]["rows"][3]["cells"][0]["rate"] is None
    assert set(map(type, _leaves(found))) <= {str, int, float, bool, type(None)}


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"kinds": ()}, "kinds are empty: use one or more of post"),
        ({"kinds": ("post", "like")}, "kinds like: use one or more of post"),
        ({"minimum": 0}, "at least 1 mention"),
        ({"horizon": -1}, "use 0 or more periods"),
        ({"first": date(2025, 2, 1), "last": date(2025, 1, 1)}, "exchange them"),
        ({"resamples": 0}, "resamples must be 1 or more"),
        ({"seed": -1}, "seed 0 or more"),
        ({"time_zone": "Mars/Olympus"}, "is not a time zone"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choices: dict[str, object], message: str):
    with pytest.raises(Invalid, match=message):
        RetentionDefinition(**choices)


def test_a_mention_with_an_absurd_date_is_named_as_the_reason():
    table = activity([("x:1", date(1970, 1, 1)), ("x:2", JANUARY)])
    with pytest.raises(Invalid, match=f"more than {presence.MOST_PERIODS:,}: choose a longer period"):
        retention(table, NOBODY, RetentionDefinition(Period.DAY))
    assert retention(table, NOBODY, RetentionDefinition(Period.QUARTER, resamples=1)).people == 2


def test_a_report_that_nobody_could_read_is_refused_with_a_way_out():
    table = activity([("x:1", date(2015, 1, 1)), ("x:2", JANUARY)])
    with pytest.raises(Invalid, match="too many for one report: give a horizon"):
        retention(table, NOBODY, RetentionDefinition(Period.DAY))
    short = retention(table, NOBODY, RetentionDefinition(Period.DAY, horizon=7))
    assert sum(len(row.cells) for row in short.recurring.rows) <= cohorts.MOST_CELLS


def test_the_time_zone_decides_when_a_period_is_over():
    over_in_tokyo = datetime(2025, 1, 31, 15, tzinfo=UTC)
    for zone, state in (("Asia/Tokyo", State.COMPLETE), ("UTC", State.PARTIAL), ("America/New_York", State.PARTIAL)):
        found = retention(months({"ana": [0]}), NOBODY, RetentionDefinition(time_zone=zone), over_in_tokyo)
        assert found.recurring.rows[0].state is state
