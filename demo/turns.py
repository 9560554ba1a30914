"""Turns: which account speaks about which brand at which instant, drawn so that the plan comes true; the world comes in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from demo.plan import Habit
from social_crm.domain.clock import day_start, local_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from random import Random

    from demo.catalogue import Listing
    from demo.plan import Person, Plan

_EDGE_SECONDS = 3600  # how close to the end of a month an instant stands that would tell on a wrong time zone


class Duty(StrEnum):
    """What a turn must do: count as activity, add to a month that counts anyway, be deleted, or speak for the house."""

    COUNT = "count"
    ADD = "add"
    VANISH = "vanish"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Turn:
    """One account about to speak. `other` is a second brand that the words may name without breaking the plan."""

    at: datetime
    listing: Listing
    account: str
    duty: Duty
    person: Person | None = None
    other: Listing | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The months of the world: `firsts` holds the first day of each, the begun one and the one after it included."""

    firsts: tuple[date, ...]
    until: datetime

    def span(self, month: int, zone: str) -> tuple[datetime, datetime]:
        """The instants between which a month lasts in a zone; nothing is said after `until`."""
        start, end = (day_start(first, zone) for first in self.firsts[month : month + 2])
        return start, min(end, self.until)

    def month(self, at: datetime, zone: str) -> int:
        """The number of the month that an instant falls in."""
        day = local_day(at, zone)
        return (day.year - self.firsts[0].year) * 12 + day.month - self.firsts[0].month


def draw_turns(
    random: Random, listings: Sequence[Listing], people: Sequence[Person], plan: Plan, calendar: Calendar
) -> list[Turn]:
    """Every turn of the world, in the order of time."""
    turns: list[Turn] = []
    for listing in listings:
        spans = [calendar.span(month, listing.brand.time_zone) for month in range(len(calendar.firsts) - 1)]
        for number, months in plan[listing.brand.id].items():
            turns += _person_turns(random, listing, people[number], months, spans)
        turns += _house_turns(random, listing, spans)
    turns = [_with_other(random, turn, listings, plan, calendar) for turn in turns]
    return sorted(turns, key=lambda turn: (turn.at, turn.account, turn.listing.brand.id))


def _person_turns(
    random: Random, listing: Listing, person: Person, months: tuple[int, ...], spans: Sequence[tuple[datetime, datetime]]
) -> Iterator[Turn]:
    accounts = list(person.accounts)
    for place, month in enumerate(months):
        account = accounts[place % len(accounts)]  # each month on another account: only the links make the person return
        for said in range(_how_often(random, person)):
            duty = Duty.ADD if said else Duty.COUNT
            yield Turn(_instant(random, spans[month]), listing, account, duty, person)
    for month in range(len(spans) - 1):
        if month not in months and random.random() < 0.02:
            yield Turn(_instant(random, spans[month]), listing, random.choice(accounts), Duty.VANISH, person)


def _how_often(random: Random, person: Person) -> int:
    usual = {Habit.REGULAR: 3.0, Habit.DRIFTER: 0.9, Habit.ONE_TIMER: 0.3}[person.habit]
    return 1 + min(int(random.expovariate(1 / usual)), 60)


def _instant(random: Random, span: tuple[datetime, datetime]) -> datetime:
    start, end = span
    seconds = int((end - start).total_seconds())
    where = random.random()
    if where < 0.06:
        return start + timedelta(seconds=random.randrange(_EDGE_SECONDS))
    if where < 0.12:
        return end - timedelta(seconds=1 + random.randrange(_EDGE_SECONDS))
    return start + timedelta(seconds=random.randrange(seconds))


def _house_turns(random: Random, listing: Listing, spans: Sequence[tuple[datetime, datetime]]) -> Iterator[Turn]:
    for span in spans:
        for account, times in [*((own, 3) for own, _ in listing.own), *((staff, 1) for staff, _ in listing.staff)]:
            for _ in range(times):
                yield Turn(_instant(random, span), listing, account, Duty.HOUSE)


def _with_other(random: Random, turn: Turn, listings: Sequence[Listing], plan: Plan, calendar: Calendar) -> Turn:
    """Let the words name a second brand now and then, where its own plan has the person in that month as well."""
    if turn.person is None or turn.person.language != "en" or random.random() > 0.1:
        return turn
    for other in listings:
        month = calendar.month(turn.at, other.brand.time_zone)
        if other is not turn.listing and month in plan[other.brand.id].get(turn.person.number, ()):
            return replace(turn, other=other)
    return turn
