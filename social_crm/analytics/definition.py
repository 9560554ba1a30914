"""What is meant by retention: the choices that a report is made under; the rest of analytics and services come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from social_crm.analytics.periods import Calendar, Period
from social_crm.domain.brand import WeekStart
from social_crm.domain.clock import zone
from social_crm.domain.errors import Invalid
from social_crm.tables import KIND_COLUMNS

if TYPE_CHECKING:
    from datetime import date

# Reposts are off by default: passing something on is not saying something (methods.md 1.2).
SAYING = ("post", "comment", "reply", "quote", "review")


class Rule(StrEnum):
    """When somebody counts as returned at distance k: in exactly that period, or in that one or any later."""

    ON = "on"
    ON_OR_AFTER = "on_or_after"


class TableKind(StrEnum):
    """Who makes a cohort: everybody active in its period, or only those for whom it is the first ever."""

    RECURRING = "recurring"
    FIRST_TIME = "first_time"


@dataclass(frozen=True, slots=True)
class RetentionDefinition:
    """The choices of a retention report (methods.md 1.2).

    A person is active in a period with at least `minimum` mentions of `kinds` (the keys of tables.KIND_COLUMNS).
    `time_zone` is the zone whose days the activity is counted in. `horizon` is the largest distance k, None for all that
    there are; under ON_OR_AFTER a return counts only within it. `first` and `last` are local dates that limit the rows of
    the report to the periods that they fall into; who is new is always judged by all history. `resamples` and `seed` are
    those of the bootstrap. Raises Invalid when a choice makes no sense.
    """

    period: Period = Period.MONTH
    time_zone: str = "UTC"
    week_start: WeekStart = WeekStart.MONDAY
    rule: Rule = Rule.ON
    kinds: tuple[str, ...] = SAYING
    minimum: int = 1
    horizon: int | None = None
    first: date | None = None
    last: date | None = None
    resamples: int = 1000
    seed: int = 20250101

    def __post_init__(self) -> None:
        unknown = sorted(set(self.kinds) - set(KIND_COLUMNS))
        if unknown or not self.kinds:
            raise Invalid(f"kinds {', '.join(unknown) or 'are empty'}: use one or more of {', '.join(KIND_COLUMNS)}")
        if self.minimum < 1:
            raise Invalid(f"minimum {self.minimum}: it takes at least 1 mention to be active")
        if self.horizon is not None and self.horizon < 0:
            raise Invalid(f"horizon {self.horizon}: use 0 or more periods, or none for all")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise Invalid(f"first {self.first} is after last {self.last}: exchange them")
        if self.resamples < 1 or self.seed < 0:
            raise Invalid("resamples must be 1 or more, and seed 0 or more")
        zone(self.time_zone)

    @property
    def calendar(self) -> Calendar:
        """The calendar that the report is cut by."""
        return Calendar(self.period, self.time_zone, self.week_start)
