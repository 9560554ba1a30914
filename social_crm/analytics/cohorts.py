"""Cohort tables: of the people of each period, how many returned k periods later; retention comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from social_crm.analytics.bitsets import sizes, tally
from social_crm.analytics.bootstrap import ratio_interval
from social_crm.analytics.definition import Rule, TableKind
from social_crm.analytics.intervals import wilson, wilson_interval
from social_crm.analytics.timeline import State
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from numpy.typing import NDArray

    from social_crm.analytics.bitsets import Bits
    from social_crm.analytics.definition import RetentionDefinition
    from social_crm.analytics.presence import Presence
    from social_crm.analytics.timeline import Timeline

# Below this many people a share says little: 15 of 30 may be .33 or .67 (methods.md 1.2).
FEW = 30
# What one report may hold; a daily report over more than three years needs a horizon.
MOST_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """Of a cohort, the `n` people who returned at distance `k`, and which share that is, with its Wilson 95 % interval.

    A future cell has no `n`; an empty cohort has no base, hence no `rate`. The state is degraded when the period of the
    cohort is, or the one at distance `k`. `small`: the cohort has fewer than FEW people. `lower_bound`: under on_or_after,
    people may still return (with a horizon: until it is over), or have returned unseen in a later, degraded period.
    """

    k: int
    state: State
    n: int | None
    rate: float | None
    low: float | None
    high: float | None
    small: bool
    lower_bound: bool


@dataclass(frozen=True, slots=True)
class CohortRow:
    """A cohort: the people of the period from `start` up to `end` (local dates, half-open), and a cell for each k from 0.

    `history_starts`: it is the first period of history, so that its people may have been there before (left-truncated).
    """

    label: str
    start: date
    end: date
    state: State
    size: int
    history_starts: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Pooled:
    """All complete cells at distance `k` together: sum of `n` over sum of `size` (methods.md 1.2), with a 95 % interval.

    `cohorts` is the number of cells, `people` that of different people in their cohorts.
    """

    k: int
    n: int
    size: int
    cohorts: int
    people: int
    rate: float | None
    low: float | None
    high: float | None
    lower_bound: bool


@dataclass(frozen=True, slots=True)
class CohortTable:
    """One row a period, and one pooled cell for each distance that has a complete cell."""

    rows: tuple[CohortRow, ...]
    pooled: tuple[Pooled, ...]


def cohort_table(present: Presence, line: Timeline, definition: RetentionDefinition, kind: TableKind) -> CohortTable:
    """The cohort table of one kind. Raises Invalid when it would hold more than MOST_CELLS cells."""
    if not line.rows:
        return CohortTable((), ())
    cohorts = present.bits if kind is TableKind.RECURRING else present.new
    longest = len(line.states) - 1 - line.rows[0] if definition.horizon is None else definition.horizon
    if len(line.rows) * (longest + 1) > MOST_CELLS:
        raise Invalid(
            f"{len(line.rows):,} rows of {longest + 1:,} cells are too many for one report: "
            "give a horizon, limit the rows by first and last, or choose a longer period"
        )
    shown = np.array(line.rows)
    counts = np.zeros((len(shown), longest + 1), dtype=np.int64)
    final = np.array([state is State.COMPLETE for state in line.states])
    pooled = []
    for k, returned in _returned(present.bits, cohorts, longest, definition.rule):
        reached = shown[shown < len(returned)]
        counts[: len(reached), k] = sizes(returned[reached])
        pool = reached[final[reached] & final[reached + k]].tolist()
        if pool:
            whole = len(pool) == pool[-1] + 1 - pool[0]
            few = slice(pool[0], pool[-1] + 1) if whole else pool
            # Without degraded periods the last row is the last to be over.
            rising = any(_rising(line, definition, k, place) for place in (pool if line.degraded else pool[-1:]))
            pooled.append(_pool(k, cohorts[few], returned[few], definition, kind, rising))
    return CohortTable(_rows(line, definition, sizes(cohorts[shown]), counts), tuple(reversed(pooled)))


def _returned(active: Bits, cohorts: Bits, longest: int, rule: Rule) -> Iterator[tuple[int, Bits]]:
    """For k from the longest down to 0: of each cohort c with a period c+k those who returned.

    On: active in c+k. On or after: active in any period from c+k up to c+longest, which grows by one set at each step.
    """
    later = np.zeros_like(active)
    for k in range(min(longest, len(active) - 1), -1, -1):
        here = active[k:]
        if rule is Rule.ON_OR_AFTER:
            later[: len(here)] |= here
            here = later[: len(here)]
        yield k, cohorts[: len(here)] & here


def _pool(
    k: int,
    cohorts: Bits,
    returned: Bits,
    definition: RetentionDefinition,
    kind: TableKind,
    rising: bool,  # noqa: FBT001
) -> Pooled:
    n, size, count = int(sizes(returned).sum()), int(sizes(cohorts).sum()), len(cohorts)
    if kind is TableKind.FIRST_TIME:
        # Everybody is in one cohort at most, so the cells are independent.
        people, interval = size, wilson_interval(n, size)
    else:
        times, times_returned = tally(cohorts), tally(returned)
        people = int(np.count_nonzero(times))
        interval = ratio_interval(times_returned, times, definition.resamples, (definition.seed, k))
    low, high = interval or (None, None)
    return Pooled(k, n, size, count, people, n / size if size else None, low, high, rising)


def _rows(
    line: Timeline, definition: RetentionDefinition, size: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[CohortRow, ...]:
    lows, highs = wilson(counts, size[:, np.newaxis])
    rows = []
    for place, people, numbers, low, high in zip(
        line.rows, size.tolist(), counts.tolist(), lows.tolist(), highs.tolist(), strict=True
    ):
        cells = (
            _cell(line, definition, place, people, k, figures)
            for k, figures in enumerate(zip(numbers, low, high, strict=True))
        )
        rows.append(CohortRow(*line.span(place), line.state(place), people, place == 0, tuple(cells)))
    return tuple(rows)


def _cell(
    line: Timeline, definition: RetentionDefinition, place: int, size: int, k: int, figures: tuple[int, float, float]
) -> Cell:
    state, small = line.state_of_return(place, k), size < FEW
    if state is State.FUTURE:
        return Cell(k, state, None, None, None, None, small, lower_bound=False)
    n, low, high = figures
    rising = _rising(line, definition, k, place)
    if size == 0:
        return Cell(k, state, n, None, None, None, small, rising)
    return Cell(k, state, n, n / size, low, high, small, rising)


def _rising(line: Timeline, definition: RetentionDefinition, k: int, place: int) -> bool:
    """Whether the count of a cell can still rise after its period is complete, or would be higher if we knew all.

    At k 0 everybody is counted already; with a horizon nothing rises once it is over (methods.md 1.2), but who returned in
    a degraded period within it may not have been seen.
    """
    if definition.rule is Rule.ON or k == 0:
        return False
    if definition.horizon is None or place + definition.horizon >= line.complete:
        return True
    return line.any_degraded(place + k, place + definition.horizon + 1)
