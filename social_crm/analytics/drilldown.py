"""The people behind a cell of a cohort table; retention comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from social_crm.analytics.definition import Rule, TableKind
from social_crm.analytics.people import attach
from social_crm.analytics.presence import qualifying
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection

    from social_crm.analytics.definition import RetentionDefinition


def cell_people(
    activity: pl.DataFrame,
    people: pl.DataFrame,
    definition: RetentionDefinition,
    cohort: str,
    k: int,
    table: TableKind = TableKind.RECURRING,
    excluded: Collection[str] = frozenset(),
) -> pl.DataFrame:
    """The people of the cell at distance k of the cohort with that label, one row each, ordered by person.

    Columns: person; accounts (those it was active with, sorted); cohort_events and return_events (qualifying mentions in
    the cohort's period and in the period or periods of a return); returned. There are as many rows as the cohort has
    people, and as many of them returned as the cell's n. Raises Invalid for what is no label or no distance of the table.
    """
    start = definition.calendar.parse(cohort)
    if k < 0 or (definition.horizon is not None and k > definition.horizon):
        raise Invalid(f"there is no cell at distance {k}: use 0 to {definition.horizon or 'the last one of the row'}")
    rows = attach(qualifying(activity, definition, excluded), people)
    members = _members(rows, definition, start, table)
    theirs = rows.join(members, on="person", how="semi").group_by("person", "period")
    by_period = theirs.agg(pl.col("events").sum(), pl.col("account"))
    within, returning = pl.col("period") == start, _returning(definition, start, k)
    present = pl.col("events") >= definition.minimum
    return (
        by_period.group_by("person")
        .agg(
            accounts=pl.col("account").explode().unique().sort(),
            cohort_events=pl.col("events").filter(within).sum(),
            return_events=pl.col("events").filter(returning).sum(),
            returned=(returning & present).any(),
        )
        .sort("person")
        .collect()
    )


def _members(rows: pl.LazyFrame, definition: RetentionDefinition, start: int, table: TableKind) -> pl.LazyFrame:
    active = _active(rows.filter(pl.col("period") == start), definition)
    if table is TableKind.RECURRING:
        return active
    return active.join(_active(rows.filter(pl.col("period") < start), definition), on="person", how="anti")


def _active(rows: pl.LazyFrame, definition: RetentionDefinition) -> pl.LazyFrame:
    """Whoever is active, by the definition, in at least one of the periods of the rows."""
    events = rows.group_by("person", "period").agg(pl.col("events").sum())
    return events.filter(pl.col("events") >= definition.minimum).select("person").unique()


def _returning(definition: RetentionDefinition, start: int, k: int) -> pl.Expr:
    """The periods in which a return at distance k counts."""
    if definition.rule is Rule.ON:
        return pl.col("period") == start + k
    later = pl.col("period") >= start + k
    return later if definition.horizon is None else later & (pl.col("period") <= start + definition.horizon)
