"""Retention told a second time, slowly, with Python sets, and tables to compare it on; tests of analytics come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import settings

from social_crm.tables import ACTIVITY, LINKS, MENTIONS, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from social_crm.analytics.retention import CohortTable

    # account or person -> the periods (0, 1, ...) in which it was active
    Active = Mapping[str, Iterable[int]]

# Property tests draw the same examples each time, and a busy machine does not fail them.
STEADY = settings(deadline=None, derandomize=True)

NOBODY = pl.DataFrame(schema=dict(PEOPLE))


def activity(rows: Iterable[tuple[str, date] | tuple[str, date, Mapping[str, int]]]) -> pl.DataFrame:
    """The table ACTIVITY from (account, day) or (account, day, counts); one post where no counts are given."""
    records = []
    for account, day, *counts in rows:
        given: Mapping[str, int] = counts[0] if counts else {"posts": 1}
        columns: dict[str, Any] = dict.fromkeys(ACTIVITY, 0)
        records.append(columns | {"brand": "acme", "day": day, "account": account, "compound_sum": 0.0} | dict(given))
    return pl.DataFrame(records, schema=dict(ACTIVITY))


def mentions(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """The table MENTIONS; what a row does not name is a neutral post of x:1, addressed to nobody."""
    plain = {"author": "x:1", "kind": "post", "deleted": False, "label": "neutral", "compound": 0.0, "addressed": []}
    records = [{"id": f"x:{number}", **plain, **row} for number, row in enumerate(rows)]
    return pl.DataFrame(records, schema=dict(MENTIONS))


def links(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema=dict(LINKS), orient="row")


def months(active: Active) -> pl.DataFrame:
    """Activity on the tenth of each month; month 0 is January 2025."""
    return activity((who, date(2025 + at // 12, at % 12 + 1, 10)) for who, periods in active.items() for at in periods)


def days(active: Active, first: date, step: int = 1) -> pl.DataFrame:
    """Activity on a day every `step` days."""
    return activity((who, first + timedelta(days=step * at)) for who, periods in active.items() for at in periods)


def numbers(table: CohortTable) -> list[list[int]]:
    """The counts of a table, without the future cells."""
    return [[cell.n for cell in row.cells if cell.n is not None] for row in table.rows]


def end_of_month(month: int) -> datetime:
    """The UTC instant at which a month is over; month 0 is January 2025."""
    return datetime(2025 + (month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=UTC)


def cohorts(active: Active, periods: int, *, first_time: bool) -> list[set[str]]:
    """The cohort of each period."""
    return [
        {who for who, when in active.items() if (min(when, default=-1) == at if first_time else at in when)}
        for at in range(periods)
    ]


def counts(
    active: Active, periods: int, *, first_time: bool, or_after: bool = False, horizon: int | None = None
) -> list[list[int]]:
    """The counts of a cohort table, up to the last period."""
    table = []
    for at, cohort in enumerate(cohorts(active, periods, first_time=first_time)):
        longest = periods - 1 - at if horizon is None else min(horizon, periods - 1 - at)
        reach = at + longest if horizon is not None else periods
        row = []
        for k in range(longest + 1):
            counted = set(range(at + k, reach + 1)) if or_after else {at + k}
            row.append(sum(not counted.isdisjoint(active[who]) for who in cohort))
        table.append(row)
    return table


def growth(active: Active, periods: int) -> list[tuple[int, int, int, int, int]]:
    """Active, new, retained, resurrected and churned of each period."""
    rows = []
    for at in range(periods):
        here = {who for who, when in active.items() if at in when}
        before = {who for who, when in active.items() if at - 1 in when}
        new = {who for who in here if min(active[who]) == at}
        rows.append((len(here), len(new), len(here & before), len(here - before - new), len(before - here)))
    return rows


def padded(rows: Sequence[Sequence[int]], width: int) -> list[list[int]]:
    """Rows as they are published, with the zeros at their ends left out, at the full width of each row."""
    return [list(row) + [0] * (width - at - len(row)) for at, row in enumerate(rows)]
