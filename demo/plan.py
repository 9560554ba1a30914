"""The plan of the demo world: its people, their habits, and who is active in which month; the rooms of the demo come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from demo.names import handle, invent
from demo.places import CUSTOMS, account_of
from demo.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

# Brand id -> number of a person -> the months in which that person speaks about the brand, rising.
Plan = dict[str, dict[int, tuple[int, ...]]]


class Habit(StrEnum):
    """How a person keeps in touch: every month, on and off, or once."""

    REGULAR = "regular"
    DRIFTER = "drifter"
    ONE_TIMER = "one_timer"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person. `accounts` maps account ids to handles; `customer` is the CRM's id, where the CRM knows them."""

    number: int
    name: str
    habit: Habit
    language: str
    mood: int
    accounts: Mapping[str, str]
    customer: str | None

    @property
    def followers(self) -> int:
        """How many follow each of their accounts."""
        return 10 + self.number * 7919 % 900


def draw_people(random: Random, count: int) -> tuple[Person, ...]:
    """That many people; about three in ten have two or three accounts, and the CRM knows some of those."""
    return tuple(_person(random, number) for number in range(count))


def _person(random: Random, number: int) -> Person:
    name = invent(random)
    accounts = random.choices((1, 2, 3), (0.7, 0.22, 0.08))[0]
    platforms = _platforms(random)[:accounts]
    return Person(
        number,
        " ".join(name),
        random.choices(tuple(Habit), (0.1, 0.5, 0.4))[0],
        random.choices(LANGUAGES, (0.8, 0.1, 0.1))[0],
        random.choices((-1, 0, 1), (0.25, 0.35, 0.4))[0],
        dict(account_of(platform, number, handle(name, number, style)) for style, platform in enumerate(platforms)),
        f"crm:{10_000 + number}" if accounts > 1 and random.random() < 0.4 else None,
    )


def _platforms(random: Random) -> list[str]:
    """All platforms, the likelier ones rather first: drawn by weight (Efraimidis and Spirakis 2006)."""
    keys = {platform: random.random() ** (1 / custom.weight) for platform, custom in CUSTOMS.items()}
    return sorted(keys, key=keys.__getitem__, reverse=True)


def draw_plan(random: Random, brands: tuple[str, ...], people: tuple[Person, ...], months: int) -> Plan:
    """Who is active for whom and when. Month number `months` has only begun: only people seen before speak in it."""
    plan: Plan = {brand: {} for brand in brands}
    for person in people:
        for brand in random.sample(brands, 1 if len(brands) == 1 or random.random() < 0.7 else 2):
            start = 0 if random.random() < 0.35 else random.randrange(months)
            plan[brand][person.number] = tuple(_active(random, person.habit, start, months))
    return plan


def _active(random: Random, habit: Habit, start: int, months: int) -> list[int]:
    if habit is Habit.ONE_TIMER:
        return [start]
    if habit is Habit.REGULAR:
        return list(range(start, months + 1))
    active = [start]
    for month in range(start + 1, months):
        if random.random() < (0.5 if active[-1] == month - 1 else 0.16):
            active.append(month)
    return active
