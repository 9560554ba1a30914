"""Retention over periods of which a live source missed too much: flagged, out of every average, and no churn from it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.show import show_retention
from social_crm.analytics.retention import (
    CohortTable,
    Gap,
    GrowthRow,
    RetentionDefinition,
    RetentionReport,
    Rule,
    State,
    as_json,
    find_gaps,
    retention,
)
from social_crm.services.exports import retention_csv
from social_crm.tables import COVERAGE
from tests.builders import at
from tests.retention_oracle import NOBODY, STEADY, end_of_month, months, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

# V1 of methods.md 1.3: January to April 2025.
V1 = {"ana": [0, 1, 2, 3], "ben": [0, 2], "cy": [0], "dee": [0, 1], "eli": [1, 2, 3], "fay": [1, 3], "gus": [2]}
MONTHS = 6
WHEN = st.lists(st.integers(0, MONTHS - 1), min_size=1, unique=True)
ACTIVE = st.dictionaries(st.sampled_from([f"x:{number}" for number in range(8)]), WHEN).map(
    lambda active: {**active, "x:first": [0, MONTHS - 1]}
)
LETTERS = {State.COMPLETE: "c", State.PARTIAL: "p", State.DEGRADED: "d", State.FUTURE: "f"}


def gap(month: int, hours: float = 40, why: str = "outage") -> Gap:
    start = at(f"2025-{month + 1:02}-03")
    return Gap("acme-x", "acme", start, start + timedelta(hours=hours), why)


def v1(*gaps: Gap, watermark: datetime | None = None, **choices: Any) -> RetentionReport:
    return retention(months(V1), NOBODY, RetentionDefinition(**choices), watermark or end_of_month(3), gaps=gaps)


def states(table: CohortTable) -> list[str]:
    return ["".join(LETTERS[cell.state] for cell in row.cells) for row in table.rows]


def pooled(table: CohortTable) -> dict[int, tuple[int, int]]:
    return {cell.k: (cell.n, cell.size) for cell in table.pooled}


def moves(rows: Iterable[GrowthRow]) -> list[tuple]:
    return [(row.active, row.new, row.retained, row.resurrected, row.churned, row.quick_ratio) for row in rows]


def test_every_cell_that_rests_on_a_degraded_month_says_so_and_keeps_its_count():
    found = v1(gap(1))
    for table in (found.recurring, found.first_time):
        assert states(table) == ["cdcc", "dddf", "ccff", "cfff"]
        assert [row.state for row in table.rows] == [State.COMPLETE, State.DEGRADED, State.COMPLETE, State.COMPLETE]
    assert numbers(found.recurring) == numbers(v1().recurring)


def test_the_averages_are_those_of_the_cells_that_are_left():
    found = v1(gap(1))
    # By hand: recurring Jan 4, Mar 4, Apr 3; at 1 Mar-Apr 2 of 4; at 2 Jan-Mar 2 of 4; at 3 Jan-Apr 1 of 4.
    assert pooled(found.recurring) == {0: (11, 11), 1: (2, 4), 2: (2, 4), 3: (1, 4)}
    assert pooled(found.first_time) == {0: (5, 5), 1: (0, 1), 2: (2, 4), 3: (1, 4)}
    assert [cell.cohorts for cell in found.recurring.pooled] == [3, 1, 1, 1]


def test_a_distance_without_a_sound_cell_has_no_average():
    found = v1(gap(1), watermark=end_of_month(2))
    assert pooled(found.recurring) == {0: (8, 8), 2: (2, 4)}
    assert states(found.recurring) == ["cdcp", "dddf", "cpff", "pfff"]


def test_no_churn_is_computed_from_a_degraded_month_nor_in_the_one_after_it():
    assert moves(v1(gap(1)).growth) == [
        (4, 4, 0, 0, 0, None), (4, 2, None, None, None, None), (4, 1, None, None, None, None), (3, 0, 2, 1, 2, 0.5),
    ]  # fmt: skip
    assert moves(v1(gap(3)).growth)[2:] == [(4, 1, 2, 1, 2, 1.0), (3, 0, None, None, None, None)]
    assert moves(v1(gap(0)).growth)[:3] == [
        (4, 4, None, None, None, None), (4, 2, None, None, None, None), (4, 1, 2, 1, 2, 1.0),
    ]  # fmt: skip


def test_growth_knows_of_a_degraded_month_before_the_first_row():
    first = at("2025-03-01").date()
    assert moves(v1(gap(1), first=first).growth) == [(4, 1, None, None, None, None), (3, 0, 2, 1, 2, 0.5)]


@pytest.mark.parametrize(("hours", "state"), [(37, State.COMPLETE), (38, State.DEGRADED)])
def test_of_a_month_of_744_hours_37_may_be_missed_and_38_may_not(hours: int, state: State):
    found = v1(gap(2, hours))
    assert found.growth[2].state is state
    assert (found.growth[2].churned is None) == (state is State.DEGRADED)
    assert [period.missed for period in found.degraded] == ([38 / 744] if state is State.DEGRADED else [])


def test_a_month_that_is_not_over_and_degraded_already_is_degraded():
    found = v1(gap(3), watermark=at("2025-04-15"))
    assert states(found.recurring) == ["cccd", "ccdf", "cdff", "dfff"]
    assert found.growth[3].churned is None
    assert found.growth[2].churned == 2


def test_a_cell_that_is_not_known_yet_stays_empty_in_a_degraded_row():
    found = v1(gap(3), watermark=end_of_month(3)).recurring.rows[3]
    assert [(cell.state, cell.n) for cell in found.cells] == [(State.DEGRADED, 3), *[(State.FUTURE, None)] * 3]


def test_gaps_before_and_after_what_is_known_degrade_nothing():
    early, late = gap(0, 700), gap(8, 700)
    found = retention(months({"ana": [2, 3]}), NOBODY, RetentionDefinition(), end_of_month(3), gaps=[early, late])
    assert found == retention(months({"ana": [2, 3]}), NOBODY, RetentionDefinition(), end_of_month(3))
    assert retention(months({}), NOBODY, RetentionDefinition(), end_of_month(3), gaps=[early]).degraded == ()


def test_who_may_have_returned_unseen_makes_a_lower_bound_of_a_horizon_that_is_over():
    def bounds(*gaps: Gap) -> list[list[bool]]:
        rows = v1(*gaps, rule=Rule.ON_OR_AFTER, horizon=2).recurring.rows
        return [[cell.lower_bound for cell in row.cells if cell.n is not None] for row in rows]

    assert bounds() == [[False] * 3, [False] * 3, [False, True], [False]]
    # March degraded: January's 1..2 and February's 1..2 reach into it.
    assert bounds(gap(2)) == [[False, True, True], [False, True, False], [False, True], [False]]
    found = v1(gap(2), rule=Rule.ON_OR_AFTER, horizon=2).recurring.pooled
    # At 1 only January is sound (dee, ana by February; ben in March), and its count may be too low.
    assert [(cell.k, cell.n, cell.size, cell.lower_bound) for cell in found] == [
        (0, 11, 11, False), (1, 3, 4, True), (2, 3, 4, False),
    ]  # fmt: skip


def test_an_average_is_a_lower_bound_when_any_of_its_cells_is():
    # January looks into the degraded March; April, the last row, into May and June only.
    definition = RetentionDefinition(rule=Rule.ON_OR_AFTER, horizon=2, last=at("2025-04-01").date())
    active = months({"ana": range(7)})
    for gaps, expected in (([], [False] * 3), ([gap(2)], [False, True, False])):
        found = retention(active, NOBODY, definition, end_of_month(6), gaps=gaps).recurring
        assert [cell.lower_bound for cell in found.pooled] == expected
        assert [cell.lower_bound for cell in found.rows[3].cells] == [False] * 3


@STEADY
@given(
    active=ACTIVE,
    damaged=st.sets(st.integers(0, MONTHS - 1)),
    rule=st.sampled_from(Rule),
    horizon=st.none() | st.integers(0, MONTHS),
    over=st.integers(0, MONTHS - 1),
)
def test_averages_hold_exactly_the_sound_cells_and_counts_do_not_change(
    active: Mapping[str, list[int]], damaged: set[int], rule: Rule, horizon: int | None, over: int
):
    choices = (months(active), NOBODY, RetentionDefinition(rule=rule, horizon=horizon, resamples=1), end_of_month(over))
    found, plain = retention(*choices, gaps=[gap(month) for month in damaged]), retention(*choices)
    for table, before in ((found.recurring, plain.recurring), (found.first_time, plain.first_time)):
        assert numbers(table) == numbers(before)
        for row, old in zip(table.rows, before.rows, strict=True):
            for cell, was in zip(row.cells, old.cells, strict=True):
                touched = not damaged.isdisjoint({row.start.month - 1, row.start.month - 1 + cell.k})
                expected = State.DEGRADED if touched and was.state is not State.FUTURE else was.state
                assert cell.state is expected
        sound: dict[int, tuple[int, int]] = {}
        for row in table.rows:
            for cell in row.cells:
                if cell.state is State.COMPLETE:
                    n, size = sound.get(cell.k, (0, 0))
                    sound[cell.k] = (n + (cell.n or 0), size + row.size)
        assert pooled(table) == sound
    for row, was in zip(found.growth, plain.growth, strict=True):
        known = damaged.isdisjoint({row.start.month - 1, row.start.month - 2})
        assert (row.retained, row.resurrected, row.churned) == (
            (was.retained, was.resurrected, was.churned) if known else (None, None, None)
        )
        assert (row.active, row.new) == (was.active, was.new)


@STEADY
@given(
    active=ACTIVE,
    rule=st.sampled_from(Rule),
    spans=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 300)), max_size=8),
)
def test_a_ledger_without_a_gap_leaves_the_report_as_it_is(
    active: Mapping[str, list[int]], rule: Rule, spans: Sequence[tuple[int, int]]
):
    new_year = at("2025-01-01")
    rows = []
    for begin, length in spans:
        start, end = (new_year + timedelta(hours=hour) for hour in (begin, begin + length))
        # What was missed at first, a later walk took in.
        rows += [("acme-x", "acme", start, end, "missed", "outage"), ("acme-x", "acme", start, end, "covered", "")]
    gaps = find_gaps(pl.DataFrame(rows, schema=dict(COVERAGE), orient="row"))
    choices = (months(active), NOBODY, RetentionDefinition(rule=rule, resamples=20), end_of_month(MONTHS - 1))
    assert gaps == ()
    assert retention(*choices, gaps=gaps) == retention(*choices)


@STEADY
@given(active=ACTIVE, hours=st.lists(st.integers(0, 33), min_size=MONTHS, max_size=MONTHS))
def test_gaps_that_are_tolerated_leave_the_report_as_it_is(active: Mapping[str, list[int]], hours: list[int]):
    choices = (months(active), NOBODY, RetentionDefinition(resamples=20), end_of_month(MONTHS - 1))
    gaps = [gap(month, length) for month, length in enumerate(hours) if length]
    assert retention(*choices, gaps=gaps) == retention(*choices)


def body_of(report: RetentionReport) -> dict[str, Any]:
    return {**as_json(report), "input": {"pending": 0}}


def test_the_json_form_tells_who_missed_how_much_and_why():
    body = body_of(v1(gap(1, 84, "spend cap")))
    assert body["degraded"] == [
        {
            "label": "2025-02",
            "start": "2025-02-01",
            "end": "2025-03-01",
            "missed": 0.125,
            "sources": ["acme-x"],
            "reasons": ["spend cap"],
        }
    ]
    assert body["recurring"]["rows"][0]["cells"][1]["state"] == "degraded"
    assert body["growth"][2]["churned"] is None


def test_a_spreadsheet_gets_the_state_of_every_cell():
    lines = [line.split(",") for line in retention_csv(body_of(v1(gap(1)))).splitlines()]
    column = lines[0].index("state")
    february = [line[column] for line in lines if line[:2] == ["recurring", "2025-02"]]
    assert february == ["degraded"] * 3 + ["future"]
    assert [line[6] for line in lines if line[:2] == ["recurring", "pooled"]] == ["0", "1", "2", "3"]


def drawn(report: RetentionReport) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=200, highlight=False, markup=False)
    show_retention(body_of(report), console.print)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_the_terminal_marks_what_is_degraded_and_says_why():
    shown = drawn(v1(gap(1, 84)))
    assert "2025-01 < 4 !50.0? 50.0? 25.0?" in shown
    assert "!2025-02 4 !50.0? !75.0? ." in shown
    assert "!2025-02 4 2 . . . ." in shown
    assert "2025-03 4 1 . . . ." in shown
    assert "! 2025-02: 12.5 % of the hours were missed by acme-x (outage)" in shown
    assert any(line.startswith("! degraded:") for line in shown)
    assert not any("!" in line for line in drawn(v1()))


def test_an_average_stands_under_its_own_distance():
    (averages, _) = [line for line in drawn(v1(gap(1), watermark=end_of_month(2))) if line.startswith("average")]
    assert averages == "average 50.0"
    wide = io.StringIO()
    show_retention(body_of(v1(gap(1), watermark=end_of_month(2))), Console(file=wide, width=200).print)
    lines = wide.getvalue().splitlines()
    heads = next(line for line in lines if line.startswith("cohort"))
    average = next(line for line in lines if line.startswith("average"))
    assert average.rstrip().endswith("50.0")
    assert len(average.rstrip()) == heads.index("+2") + len("+2")
