"""Which periods are over, under way or still to come, as far as anybody vouches for it; the rest of analytics comes in."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from social_crm.analytics.bitsets import sizes
from social_crm.analytics.gaps import degraded_periods

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from social_crm.analytics.definition import RetentionDefinition
    from social_crm.analytics.gaps import DegradedPeriod, Gap
    from social_crm.analytics.periods import Calendar
    from social_crm.analytics.presence import Presence


class State(StrEnum):
    """How far a figure can be trusted.

    It is final; it may still change; it rests on a period of which too much was missed, over or not; or there is nothing to
    be known yet.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    DEGRADED = "degraded"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class Timeline:
    """The periods of a presence, by their place in it from 0 on; `rows` are the places that a report shows as rows.

    A period is complete when it ends (UTC) at or before the watermark; it is future when it does not begin before the
    watermark and nobody was active in it; else it is partial. Without a watermark nothing is vouched for: all are partial
    (methods.md 1.2). Of those that are complete or partial, the ones in `degraded` (by place) are degraded instead. Those
    before the place `complete` are over: complete, or degraded.
    """

    calendar: Calendar
    first: int
    states: tuple[State, ...]
    rows: tuple[int, ...]
    complete: int
    degraded: Mapping[int, DegradedPeriod]

    def state(self, place: int) -> State:
        """The state of a period; beyond the last one all is future."""
        return self.states[place] if place < len(self.states) else State.FUTURE

    def state_of_return(self, place: int, k: int) -> State:
        """The state of what is known of the people of a period at distance k: no better than either period."""
        then = self.state(place + k)
        return State.DEGRADED if then is not State.FUTURE and place in self.degraded else then

    def any_degraded(self, start: int, end: int) -> bool:
        """Whether any of the periods from one place up to another (half-open) is degraded."""
        places = tuple(self.degraded)
        return bisect_left(places, start) < bisect_left(places, end)

    def span(self, place: int) -> tuple[str, date, date]:
        """A period's label, first day, and the first day after it (local dates)."""
        index = self.first + place
        return self.calendar.label(index), self.calendar.first_day(index), self.calendar.first_day(index + 1)


def timeline(
    present: Presence, definition: RetentionDefinition, watermark: datetime | None, gaps: Iterable[Gap] = ()
) -> Timeline:
    """The timeline of a presence, with what its sources missed. Raises Invalid for a period outside the years 1 to 9999."""
    calendar = definition.calendar
    lowest = present.first if definition.first is None else calendar.index(definition.first)
    highest = present.first + len(present.bits) if definition.last is None else calendar.index(definition.last)
    known = [
        _state(calendar, present.first + place, active > 0, watermark)
        for place, active in enumerate(sizes(present.bits).tolist())
    ]
    complete = known.count(State.COMPLETE)
    degraded = {
        index - present.first: period
        for index, period in degraded_periods(gaps, calendar).items()
        if 0 <= index - present.first < len(known)
    }
    states = tuple(
        State.DEGRADED if place in degraded and state is not State.FUTURE else state for place, state in enumerate(known)
    )
    rows = tuple(
        place
        for place, state in enumerate(states)
        if state is not State.FUTURE and lowest <= present.first + place <= highest
    )
    return Timeline(calendar, present.first, states, rows, complete, degraded)


def _state(calendar: Calendar, index: int, active: bool, watermark: datetime | None) -> State:  # noqa: FBT001
    if watermark is None:
        return State.PARTIAL
    if calendar.end(index) <= watermark:
        return State.COMPLETE
    if active or calendar.start(index) < watermark:
        return State.PARTIAL
    return State.FUTURE
