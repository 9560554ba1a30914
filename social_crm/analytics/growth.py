"""Growth accounting: who came, stayed, came back and went, period by period; retention comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from social_crm.analytics.bitsets import sizes

if TYPE_CHECKING:
    from datetime import date

    from social_crm.analytics.presence import Presence
    from social_crm.analytics.timeline import State, Timeline


@dataclass(frozen=True, slots=True)
class GrowthRow:
    """The people of one period (methods.md 1.2): active = active before + new + resurrected - churned.

    `start` and `end` are local dates, half-open. `quick_ratio` is (new + resurrected) / churned, None where nobody churned.
    In the first period of history everybody is new (`history_starts`). Where the period or the one before it is degraded,
    nobody can tell who stayed, came back or went, so `retained`, `resurrected`, `churned` and the ratio are None.
    """

    label: str
    start: date
    end: date
    state: State
    history_starts: bool
    active: int
    new: int
    retained: int | None
    resurrected: int | None
    churned: int | None
    quick_ratio: float | None


def growth(present: Presence, line: Timeline) -> tuple[GrowthRow, ...]:
    """The growth accounting of the periods that a report shows."""
    active, new = present.bits, present.new
    before = np.zeros_like(active)
    before[1:] = active[:-1]
    counts = np.stack([
        sizes(active), sizes(new), sizes(active & before), sizes(active & ~before & ~new), sizes(before & ~active),
    ])  # fmt: skip
    return tuple(_row(line, place, counts[:, place].tolist()) for place in line.rows)


def _row(line: Timeline, place: int, counts: list[int]) -> GrowthRow:
    active, new, *moves = counts
    retained, resurrected, churned = moves if _comparable(line, place) else (None, None, None)
    quick = None if resurrected is None or not churned else (new + resurrected) / churned
    label, start, end = line.span(place)
    starts = place == 0
    return GrowthRow(label, start, end, line.state(place), starts, active, new, retained, resurrected, churned, quick)


def _comparable(line: Timeline, place: int) -> bool:
    """Whether who is in a period can be held against who was in the one before (methods.md 1.2)."""
    return line.degraded.keys().isdisjoint({place, place - 1})
