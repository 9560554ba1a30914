"""Rolls marked days up: activity and exchanges recomputed from the mentions themselves; worker and commands come in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from social_crm.analytics import activity
from social_crm.domain.clock import day_start
from social_crm.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from social_crm.ports import Clock, Mark, Store

# Marks are read this many at a time, and rolled up by runs of neighbouring days of one brand: one read and one write a run.
MARKS_AT_A_TIME = 20_000
LONGEST_RUN = timedelta(days=92)
WIDEST_GAP = timedelta(days=3)


def roll_up(store: Store, clock: Clock, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Recompute every marked (brand, day) and answer how many there were.

    Repeating it is harmless, and so is stopping it: a mark goes only together with its new figures. `progress` is told how
    many of how many known marks are done. A day that is still being written keeps its mark and waits for the next call.
    """
    done = 0
    seen: set[Mark] = set()
    while marks := [mark for mark in store.rollups.marks(MARKS_AT_A_TIME) if mark not in seen]:
        seen.update(marks)
        for run in _runs(marks):
            _recompute(store, run, clock)
            done += len(run)
            progress(done, len(seen))
    return done


def _runs(marks: Sequence[Mark]) -> Iterator[list[Mark]]:
    run: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.brand, mark.day)):
        if run and not _continues(run, mark):
            yield run
            run = []
        run.append(mark)
    if run:
        yield run


def _continues(run: Sequence[Mark], mark: Mark) -> bool:
    near = mark.day - run[-1].day <= WIDEST_GAP and mark.day - run[0].day <= LONGEST_RUN
    return near and mark.brand == run[0].brand


def _recompute(store: Store, run: Sequence[Mark], clock: Clock) -> None:
    brand_id = run[0].brand
    try:
        zone = store.brands.get(brand_id).time_zone
    except NotFound:
        zone = "UTC"
    start, end = day_start(run[0].day, zone), day_start(run[-1].day + timedelta(days=1), zone)
    active, exchanged = activity.roll_up(store.mentions.table(brand_id, start, end), brand_id, zone)
    marked = pl.col("day").is_in([mark.day for mark in run])
    store.rollups.replace(run, active.filter(marked), exchanged.filter(marked), clock())
