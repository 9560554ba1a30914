"""Rolls marked days up: activity and exchanges recomputed from the mentions themselves; worker and commands come in."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from social_crm.analytics import activity
from social_crm.domain.clock import ONE_DAY, day_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from social_crm.ports import Clock, Mark, Store

# Marks are read this many at a time.
MARKS_AT_A_TIME = 20_000
# Neighbouring days of a brand are read in one go; days between them that are not marked are read too and left out.
LONGEST_RUN = timedelta(days=31)
WIDEST_GAP = timedelta(days=3)
# What was read is computed and stored together once it is this much: small batches cost more than their mentions.
MENTIONS_A_BATCH = 50_000
DAYS_A_BATCH = 1_000


def roll_up(store: Store, clock: Clock, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Recompute every marked (brand, day) and answer how many there were.

    Repeating it is harmless, and so is stopping it: a mark goes only together with its new figures. `progress` is told how
    many of how many known marks are done. A day that is marked again meanwhile, or still being written, keeps its mark and
    waits for the next call, so that this one ends although others go on writing.
    """
    done = 0
    seen: set[tuple[str, date]] = set()
    while marks := [mark for mark in store.rollups.marks(MARKS_AT_A_TIME + len(seen)) if _place(mark) not in seen]:
        seen.update(map(_place, marks))
        for brand_id, group in groupby(sorted(marks, key=_place), key=lambda mark: mark.brand):
            for batch in _recompute(store, brand_id, group, clock):
                done += batch
                progress(done, len(seen))
    return done


def _place(mark: Mark) -> tuple[str, date]:
    return mark.brand, mark.day


def _recompute(store: Store, brand_id: str, marks: Iterable[Mark], clock: Clock) -> Iterator[int]:
    zone = store.brands.get(brand_id).time_zone
    tables: list[pl.DataFrame] = []
    read: list[Mark] = []
    waiting, longest = deque(marks), ONE_DAY
    while waiting:
        run = _next_run(waiting, longest)
        start, end = day_start(run[0].day, zone), day_start(run[-1].day + ONE_DAY, zone)
        tables.append(store.mentions.table(brand_id, start, end))
        longest = _adapted(longest, tables[-1].height)
        read += run
        if sum(table.height for table in tables) >= MENTIONS_A_BATCH or len(read) >= DAYS_A_BATCH:
            yield _replace(store, brand_id, zone, read, tables, clock)
            tables, read = [], []
    if read:
        yield _replace(store, brand_id, zone, read, tables, clock)


def _replace(
    store: Store, brand_id: str, zone: str, marks: Sequence[Mark], tables: Sequence[pl.DataFrame], clock: Clock
) -> int:
    active, exchanged = activity.roll_up(pl.concat(tables), brand_id, zone)
    marked = pl.col("day").is_in([mark.day for mark in marks])
    store.rollups.replace(marks, active.filter(marked), exchanged.filter(marked), clock())
    return len(marks)


def _next_run(waiting: deque[Mark], longest: timedelta) -> list[Mark]:
    """The next marks that are read together: neighbouring days, `longest` from the first to the end of the last."""
    run = [waiting.popleft()]
    while waiting and waiting[0].day - run[-1].day <= WIDEST_GAP and waiting[0].day - run[0].day < longest:
        run.append(waiting.popleft())
    return run


def _adapted(longest: timedelta, mentions: int) -> timedelta:
    """How long the next run may be, by how many mentions the last one held: memory does not grow with a brand."""
    if mentions > MENTIONS_A_BATCH // 4:
        return max(longest / 2, ONE_DAY)
    return min(longest * 2, LONGEST_RUN)
