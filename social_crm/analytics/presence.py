"""Who was active in which period, as one packed set of people a period; the rest of analytics comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from social_crm.analytics.bitsets import WORD, pack, sizes
from social_crm.analytics.people import attach
from social_crm.domain.errors import Invalid
from social_crm.tables import KIND_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from numpy.typing import NDArray

    from social_crm.analytics.bitsets import Bits
    from social_crm.analytics.definition import RetentionDefinition

# Days over 27 years; more comes from a mention with a date that cannot be right.
MOST_PERIODS = 10_000
# Flags are set for so many (period, person) places at a time and then packed, so that memory does not grow with both.
_PLACES_AT_A_TIME = 1 << 24


@dataclass(frozen=True, slots=True)
class Presence:
    """The sets A(t) of the people active in period t (methods.md 1.2), for consecutive periods without a hole.

    `bits` holds a row a period, from the period `first` on; `new` holds for the same periods those whose first ever it is.
    """

    first: int
    bits: Bits
    new: Bits

    @property
    def people(self) -> int:
        """How many people are in any of the sets."""
        return int(sizes(self.new).sum())


def qualifying(
    activity: pl.DataFrame, definition: RetentionDefinition, excluded: Collection[str] = frozenset()
) -> pl.LazyFrame:
    """What counts as activity: rows account, period (index), events (at least 1), without the excluded accounts."""
    events = pl.sum_horizontal(pl.col(KIND_COLUMNS[kind]).cast(pl.UInt64) for kind in sorted(set(definition.kinds)))
    rows = activity.lazy().select("account", definition.calendar.indices(pl.col("day")).alias("period"), events=events)
    rows = rows.filter(pl.col("events") > 0)
    return rows.filter(~pl.col("account").is_in(sorted(excluded))) if excluded else rows


def presence(
    activity: pl.DataFrame,
    people: pl.DataFrame,
    definition: RetentionDefinition,
    watermark: datetime | None = None,
    excluded: Collection[str] = frozenset(),
) -> Presence | None:
    """Who was active when, from the first period with activity to the last one that is over or under way.

    That is the last with activity, or the one that the watermark falls into if it is later. None when nothing qualifies.
    Raises Invalid when that makes more than MOST_PERIODS periods.
    """
    codes, periods, events = _encode(qualifying(activity, definition, excluded), people, definition.minimum)
    if not len(periods):
        return None
    first, last = int(periods.min()), int(periods.max())
    if watermark is not None:
        last = max(last, definition.calendar.last_before(watermark))
    if last - first >= MOST_PERIODS:
        raise Invalid(
            f"the activity spans {last - first + 1:,} periods of a {definition.period}, more than {MOST_PERIODS:,}: "
            "choose a longer period, or look for mentions with a wrong date"
        )
    shape = (last - first + 1, -(-(int(codes.max()) + 1) // WORD) * WORD)
    bits = _mark(codes, periods - first, events, shape, definition.minimum)
    return Presence(first, bits, _first_ever(bits))


def _encode(
    rows: pl.LazyFrame, people: pl.DataFrame, minimum: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint64]]:
    """Numbers instead of names: the person's code, the period and the events of each row; no events where any will do.

    Grouping the rows by account reads each name once; people are then looked up a name, not a row.
    """
    wanted = ["period"] if minimum == 1 else ["period", "events"]
    grouped = rows.group_by("account").agg(wanted).collect()
    codes = np.repeat(_person_codes(grouped.select("account"), people), grouped["period"].list.len().to_numpy())
    lists = grouped.drop("account").explode(wanted)
    return codes, lists["period"].to_numpy(), lists.get_column("events", default=pl.Series(dtype=pl.UInt64)).to_numpy()


def _person_codes(accounts: pl.DataFrame, people: pl.DataFrame) -> NDArray[np.int32]:
    """A number from 0 on for each account, the same for accounts of one person."""
    codes = np.arange(accounts.height, dtype=np.int32)
    if people.is_empty():
        return codes
    named = attach(accounts.lazy(), people).select("person").with_row_index("place")
    parts = named.group_by("person").agg("place").collect()["place"]
    codes[parts.explode().to_numpy()] = np.repeat(np.arange(len(parts), dtype=np.int32), parts.list.len().to_numpy())
    return codes


def _mark(
    codes: NDArray[np.int32], periods: NDArray[np.int32], events: NDArray[np.uint64], shape: tuple[int, int], minimum: int
) -> Bits:
    """Sets (periods x people, as `shape` says) of those with at least `minimum` events in the period."""
    count, width = shape
    bits = np.zeros((count, width // WORD), dtype=np.uint64)
    step = max(1, _PLACES_AT_A_TIME // width)
    for begin in range(0, count, step):
        end = min(begin + step, count)
        inside = slice(None) if step >= count else (periods >= begin) & (periods < end)
        places = (periods[inside].astype(np.int64) - begin) * width + codes[inside]
        if minimum == 1:
            flags = np.zeros((end - begin) * width, dtype=np.bool_)
            flags[places] = True
        else:
            flags = np.bincount(places, weights=events[inside], minlength=(end - begin) * width) >= minimum
        bits[begin:end] = pack(flags.reshape(end - begin, width))
    return bits


def _first_ever(bits: Bits) -> Bits:
    """For each period those who are in its set and in none before."""
    before = np.zeros_like(bits)
    np.bitwise_or.accumulate(bits[:-1], axis=0, out=before[1:])
    return bits & ~before
