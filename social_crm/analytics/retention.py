"""Retention: how many of a period's people are still with us later; services come in here for all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from social_crm.analytics.cohorts import Cell, CohortRow, CohortTable, Pooled, cohort_table
from social_crm.analytics.definition import RetentionDefinition, Rule, TableKind
from social_crm.analytics.drilldown import cell_people
from social_crm.analytics.gaps import DegradedPeriod, Gap, find_gaps
from social_crm.analytics.growth import GrowthRow, growth
from social_crm.analytics.periods import Calendar, Period
from social_crm.analytics.plain import as_json
from social_crm.analytics.presence import presence
from social_crm.analytics.timeline import State, timeline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime

__all__ = [
    "Calendar",
    "Cell",
    "CohortRow",
    "CohortTable",
    "DegradedPeriod",
    "Gap",
    "GrowthRow",
    "Period",
    "Pooled",
    "RetentionDefinition",
    "RetentionReport",
    "Rule",
    "State",
    "TableKind",
    "as_json",
    "cell_people",
    "find_gaps",
    "retention",
]


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """Who keeps coming back: both cohort tables and the growth accounting, with the choices and the input they rest on.

    `people` is how many were ever active by the definition. `first_day` and `last_day` are those of the input (local
    dates), `watermark` (UTC) is the time up to which it is complete; all None where there is none. `degraded` are the
    periods, from the first with activity on, of which a source missed too much.
    """

    definition: RetentionDefinition
    watermark: datetime | None
    first_day: date | None
    last_day: date | None
    people: int
    recurring: CohortTable
    first_time: CohortTable
    growth: tuple[GrowthRow, ...]
    degraded: tuple[DegradedPeriod, ...] = ()


def retention(
    activity: pl.DataFrame,
    people: pl.DataFrame,
    definition: RetentionDefinition,
    watermark: datetime | None = None,
    excluded: Collection[str] = frozenset(),
    gaps: Iterable[Gap] = (),
) -> RetentionReport:
    """The retention report (methods.md 1.2) from the tables ACTIVITY and PEOPLE.

    `activity` is all history of the brands in question; rows of one account and day add up. `excluded` are accounts that
    are left out: the brand's own and its staff's. `gaps` are the hours that live sources missed. Raises Invalid when the
    report would be too large to read.
    """
    first_day, last_day = activity.select(pl.col("day").min().alias("first"), pl.col("day").max().alias("last")).row(0)
    present = presence(activity, people, definition, watermark, excluded)
    if present is None:
        nothing = CohortTable((), ())
        return RetentionReport(definition, watermark, first_day, last_day, 0, nothing, nothing, ())
    line = timeline(present, definition, watermark, gaps)
    return RetentionReport(
        definition,
        watermark,
        first_day,
        last_day,
        present.people,
        cohort_table(present, line, definition, TableKind.RECURRING),
        cohort_table(present, line, definition, TableKind.FIRST_TIME),
        growth(present, line),
        tuple(line.degraded.values()),
    )
