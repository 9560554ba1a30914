"""Daily activity and exchanges, rolled up from the mentions themselves; jobs and services come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from social_crm.domain.clock import day_start, local_day
from social_crm.domain.mention import Kind
from social_crm.domain.reading import Label
from social_crm.tables import ACTIVITY, EXCHANGES, KIND_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from social_crm.tables import ColumnType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Compound scores are summed as whole billionths: sums of whole numbers do not depend on the order of rows.
_FINENESS = 1_000_000_000


def roll_up(mentions: pl.DataFrame, brand: str, time_zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables (ACTIVITY, EXCHANGES) of one brand from its table MENTIONS, each ordered by all that identifies a row.

    A row belongs to the local day in whose half-open span it was posted (methods.md 1.2). What is deleted counts only as
    deleted. An exchange is left out when it is with oneself or its target is not known. Raises Invalid for a time zone that
    does not exist.
    """
    rows = mentions.unique(subset="id", keep="first")
    rows = rows.with_columns(_local_days(rows["posted_at"], time_zone), brand=pl.lit(brand))
    return _activity(rows), _exchanges(rows)


def _local_days(posted_at: pl.Series, time_zone: str) -> pl.Series:
    """The local day of each instant, as the column `day`.

    Looked up among the instants at which days begin, so that roll-ups, period edges and reads by day agree to the
    microsecond; Polars has a time zone database of its own, which may be of another edition.
    """
    earliest, latest = posted_at.min(), posted_at.max()
    if not isinstance(earliest, datetime) or not isinstance(latest, datetime):
        return pl.Series("day", [], dtype=pl.Date)
    # Where clocks were turned back over midnight the instant is in the day before or after the one on the calendar.
    first = local_day(earliest, time_zone) - timedelta(days=1)
    count = (local_day(latest, time_zone) - first).days + 2
    days = [first + timedelta(days=offset) for offset in range(count)]
    starts = np.array([(day_start(day, time_zone) - _EPOCH) // _MICROSECOND for day in days], dtype=np.int64)
    places = np.searchsorted(starts, posted_at.to_physical().to_numpy(), side="right") - 1
    unix_days = (first - date(1970, 1, 1)).days + places.astype(np.int32)
    return pl.Series("day", unix_days, dtype=pl.Int32).cast(pl.Date)


def _activity(rows: pl.DataFrame) -> pl.DataFrame:
    alive, kind, label = ~pl.col("deleted"), pl.col("kind"), pl.col("label")
    scored = alive & (kind != Kind.REPOST) & (label != Label.UNSCORED) & pl.col("compound").is_not_null()
    billionths = (pl.col("compound") * _FINENESS).round().cast(pl.Int64)
    counted = rows.lazy().group_by("brand", "day", account="author").agg(
        *((alive & (kind == name)).sum().alias(column) for name, column in KIND_COLUMNS.items()),
        pl.col("deleted").sum(),
        scored.sum().alias("scored"),
        (scored & (label == Label.POSITIVE)).sum().alias("positive"),
        (scored & (label == Label.NEGATIVE)).sum().alias("negative"),
        (billionths.filter(scored).sum() / _FINENESS).alias("compound_sum"),
    )  # fmt: skip
    return _shaped(counted, ACTIVITY, ["day", "account"])


def _exchanges(rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.lazy().filter(~pl.col("deleted")).select("brand", "day", "addressed", source="author")
    parts = pl.col("addressed").str.splitn(" ", 2).struct
    pairs = told.explode("addressed").drop_nulls("addressed").with_columns(
        kind=parts.field("field_0"), target=parts.field("field_1").fill_null("")
    )  # fmt: skip
    known = pairs.filter((pl.col("target") != pl.col("source")) & (pl.col("target").str.contains(r"^[^:]+:.")))
    keys = ["brand", "day", "source", "target", "kind"]
    return _shaped(known.group_by(keys).agg(n=pl.len()), EXCHANGES, keys)


def _shaped(rows: pl.LazyFrame, schema: Mapping[str, ColumnType], order: list[str]) -> pl.DataFrame:
    columns = [pl.col(name).cast(kind) for name, kind in schema.items()]
    return rows.select(columns).sort(order).collect()
