"""Retention: what holds for any input, and a slow oracle of Python sets beside it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from social_crm.analytics.activity import roll_up
from social_crm.analytics.people import resolve
from social_crm.analytics.retention import (
    Period,
    RetentionDefinition,
    RetentionReport,
    Rule,
    TableKind,
    as_json,
    cell_people,
    retention,
)
from tests import retention_oracle as oracle
from tests.retention_oracle import NOBODY, STEADY, activity, end_of_month, links, mentions, months, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTHS = 7
NAMES = [f"x:{number}" for number in range(12)]
WHEN = st.lists(st.integers(0, MONTHS - 1), min_size=1, max_size=MONTHS, unique=True)
# Somebody is there in the first and in the last month, so that the oracle's periods are those of the report.
ACTIVE = st.dictionaries(st.sampled_from(NAMES), WHEN).map(lambda active: {**active, "x:first": [0, MONTHS - 1]})
RULES = st.sampled_from(Rule)
TOLD = st.lists(
    st.fixed_dictionaries({
        "author": st.sampled_from(NAMES[:5]),
        "posted_at": st.datetimes(datetime(2025, 1, 1), datetime(2025, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        "kind": st.sampled_from(["post", "reply", "repost"]),
        "deleted": st.booleans(),
    }),
    max_size=25,
)  # fmt: skip
NEW_YEAR = datetime(2025, 7, 1, tzinfo=UTC)


def told(table: pl.DataFrame, zone: str = "UTC", watermark: datetime = NEW_YEAR) -> RetentionReport:
    rolled, _ = roll_up(table, "acme", zone)
    return retention(rolled, NOBODY, RetentionDefinition(time_zone=zone), watermark)


def figures(report: RetentionReport) -> dict[str, Any]:
    """All of a report but the choices and instants that it was made under."""
    return {name: value for name, value in as_json(report).items() if name not in {"definition", "watermark"}}


@STEADY
@given(active=ACTIVE, rule=RULES, horizon=st.none() | st.integers(0, MONTHS + 1))
def test_the_oracle_agrees(active: Mapping[str, list[int]], rule: Rule, horizon: int | None):
    definition = RetentionDefinition(rule=rule, horizon=horizon, resamples=1)
    report = retention(months(active), NOBODY, definition, end_of_month(MONTHS - 1))
    for table, first_time in ((report.recurring, False), (report.first_time, True)):
        expected = oracle.counts(active, MONTHS, first_time=first_time, or_after=rule is Rule.ON_OR_AFTER, horizon=horizon)
        assert numbers(table) == expected
        pooled = [(cell.n, cell.size) for cell in table.pooled]
        longest = max(map(len, expected))
        rows = [[row for row in expected if len(row) > k] for k in range(longest)]
        assert pooled == [(sum(row[k] for row in having), sum(row[0] for row in having)) for k, having in enumerate(rows)]
    assert [(g.active, g.new, g.retained, g.resurrected, g.churned) for g in report.growth] == oracle.growth(active, MONTHS)
    assert report.people == len(active)


@pytest.mark.parametrize("period", Period)
def test_the_oracle_agrees_on_two_thousand_people_and_any_period(period: Period):
    chance = random.Random(5)
    first, count = date(2024, 1, 1), 300
    rows = [(f"x:{int(2000 * chance.random() ** 2)}", first + timedelta(days=chance.randrange(count))) for _ in range(9000)]
    rows += [("x:a", first), ("x:a", first + timedelta(days=count - 1))]
    definition = RetentionDefinition(period, horizon=20, resamples=1)
    calendar = definition.calendar
    active: dict[str, set[int]] = {}
    for who, day in rows:
        active.setdefault(who, set()).add(calendar.index(day) - calendar.index(first))
    periods = 1 + max(map(max, active.values()))
    report = retention(activity(rows), NOBODY, definition)
    assert numbers(report.recurring) == oracle.counts(active, periods, first_time=False, horizon=20)
    assert numbers(report.first_time) == oracle.counts(active, periods, first_time=True, horizon=20)


@pytest.mark.parametrize("minimum", [1, 2])
def test_more_people_and_days_than_are_packed_at_a_time_count_alike(minimum: int):
    chance = random.Random(6)
    first, count = date(2000, 1, 1), 9000
    rows = [(f"x:{number}", first + timedelta(days=chance.randrange(count))) for number in range(2000)]
    rows += [("x:a", first), ("x:a", first + timedelta(days=count - 1))]
    table = activity([(who, day, {"posts": 1 + (day.day % 2)}) for who, day in rows])
    report = retention(table, NOBODY, RetentionDefinition(Period.DAY, horizon=0, minimum=minimum, resamples=1))
    active = [day for _, day in rows if minimum == 1 or day.day % 2]
    sizes = {row.start: row.size for row in report.recurring.rows if row.size}
    assert sizes == {day: active.count(day) for day in active}


@STEADY
@given(active=ACTIVE)
def test_the_growth_identity_holds(active: Mapping[str, list[int]]):
    before = 0
    for row in retention(months(active), NOBODY, RetentionDefinition(resamples=1)).growth:
        assert row.active == before + row.new + row.resurrected - row.churned
        assert row.active == row.retained + row.new + row.resurrected
        before = row.active


@STEADY
@given(active=ACTIVE)
def test_on_or_after_never_rises_with_distance_and_is_never_below_on(active: Mapping[str, list[int]]):
    on, after = (
        retention(months(active), NOBODY, RetentionDefinition(rule=rule, resamples=1), end_of_month(3)) for rule in Rule
    )
    for table in ("recurring", "first_time"):
        for exact, unbounded in zip(numbers(getattr(on, table)), numbers(getattr(after, table)), strict=True):
            assert unbounded == sorted(unbounded, reverse=True)
            assert all(more >= few for few, more in zip(exact, unbounded, strict=True))


@settings(STEADY, max_examples=30)
@given(active=ACTIVE, data=st.data())
def test_the_order_of_rows_does_not_matter(active: Mapping[str, list[int]], data: st.DataObject):
    table = months(active)
    order = data.draw(st.permutations(range(table.height)))
    choices = (NOBODY, RetentionDefinition(resamples=50), end_of_month(4))
    assert retention(table[order], *choices) == retention(table, *choices)


@settings(STEADY, max_examples=30)
@given(active=ACTIVE, data=st.data())
def test_the_names_of_accounts_do_not_matter(active: Mapping[str, list[int]], data: st.DataObject):
    names = sorted(active)
    renamed = dict(zip(names, data.draw(st.permutations(names)), strict=True))
    choices = (NOBODY, RetentionDefinition(resamples=50), end_of_month(4))
    other = {renamed[who]: when for who, when in active.items()}
    assert retention(months(other), *choices) == retention(months(active), *choices)


@settings(STEADY, max_examples=50)
@given(active=ACTIVE, minimum=st.integers(1, 3), data=st.data())
def test_two_merged_accounts_count_like_one(active: Mapping[str, list[int]], minimum: int, data: st.DataObject):
    left, right = data.draw(st.sampled_from(sorted(active))), data.draw(st.sampled_from(NAMES))
    table = months(active)
    one_id = table.with_columns(pl.col("account").replace(right, left))
    definition = RetentionDefinition(minimum=minimum, resamples=50)
    merged = retention(table, resolve(links((left, right))), definition, end_of_month(4))
    assert merged == retention(one_id, NOBODY, definition, end_of_month(4))


@settings(STEADY, max_examples=50)
@given(rows=TOLD, data=st.data())
def test_mentions_told_twice_and_in_any_order_count_once(rows: list[dict[str, Any]], data: st.DataObject):
    table = mentions(rows)
    again = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10)) if rows else []
    order = data.draw(st.permutations([*range(len(rows)), *again]))
    for one, other in zip(roll_up(table[order], "acme", "UTC"), roll_up(table, "acme", "UTC"), strict=True):
        assert one.equals(other)
    assert told(table[order]) == told(table)


@settings(STEADY, max_examples=50)
@given(rows=TOLD, hours=st.sampled_from([-12, -5, 3, 14]))
def test_the_same_story_told_in_another_zone_has_the_same_figures(rows: list[dict[str, Any]], hours: int):
    zone = f"Etc/GMT{-hours:+d}"  # its sign is the other way round: Etc/GMT-3 is three hours ahead of UTC
    offset = timedelta(hours=hours)
    shifted = mentions([{**row, "posted_at": row["posted_at"] - offset} for row in rows])
    assert figures(told(shifted, zone, NEW_YEAR - offset)) == figures(told(mentions(rows)))


@settings(STEADY, max_examples=20)
@given(active=ACTIVE, rule=RULES, kind=st.sampled_from(TableKind), minimum=st.integers(1, 2), data=st.data())
def test_the_people_of_a_cell_are_as_many_as_it_counts(
    active: Mapping[str, list[int]], rule: Rule, kind: TableKind, minimum: int, data: st.DataObject
):
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=4))
    people = resolve(links(*pairs))
    table = pl.concat([months(active), months(active).filter(pl.col("account").str.ends_with("1"))])
    definition = RetentionDefinition(rule=rule, minimum=minimum, horizon=data.draw(st.none() | st.integers(0, 4)))
    excluded = frozenset({"x:3"})
    report = retention(table, people, definition, excluded=excluded)
    for row in getattr(report, kind.value).rows:
        for cell in row.cells:
            found = cell_people(table, people, definition, row.label, cell.k, kind, excluded)
            assert found.height == row.size
            assert cell.n is None or found["returned"].sum() == cell.n
