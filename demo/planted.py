"""The answers that were planted in the demo world, read off its plan and never off its mentions; the doors come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.plan import Plan


@dataclass(frozen=True, slots=True)
class Retention:
    """The truth about one brand over the complete months, in the brand's time zone.

    Row c of `recurring` belongs to the people active in month c, row c of `first_time` to those first active in it. Place k
    of a row counts those of them who are active in month c+k, so place 0 is the size of the cohort. `people` is how many
    people were ever active. The sums do not depend on whether reposts count: nobody only reposts in a month.
    """

    recurring: tuple[tuple[int, ...], ...]
    first_time: tuple[tuple[int, ...], ...]
    people: int


Planted = dict[str, Retention]


def read_off(plan: Plan, months: int) -> Planted:
    """The truth by brand id, over the complete months 0 to months-1."""
    return {brand: _retention(active, months) for brand, active in plan.items()}


def _retention(active: Mapping[int, tuple[int, ...]], months: int) -> Retention:
    return Retention(
        tuple(_row([set(when) for when in active.values() if cohort in when], cohort, months) for cohort in range(months)),
        tuple(
            _row([set(when) for when in active.values() if when[0] == cohort], cohort, months) for cohort in range(months)
        ),
        len(active),
    )


def _row(people: list[set[int]], cohort: int, months: int) -> tuple[int, ...]:
    return tuple(sum(month in when for when in people) for month in range(cohort, months))
