"""The pace of requests: over 10,000 simulated ones no window of a platform is ever exceeded, and none is wasted."""

from __future__ import annotations

import heapq
import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from connectors.transport.pace import MARGIN, Pace
from demo.platforms.platform import Window
from social_crm.domain.errors import RateLimited
from tests.builders import at

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = at("2026-03-02T09:00:07")
SECOND = timedelta(seconds=1)
REQUESTS = 10_000
LIMIT, SECONDS = 60, 60


@dataclass
class World:
    """A platform that counts in a window, and clients whose requests and answers take their time and cross."""

    chance: random.Random
    window: Window
    slowest: float = 4.0
    tells: bool = True
    offset: timedelta = timedelta(0)
    now: datetime = BEGIN
    taken: int = 0
    refused: int = 0
    waited: int = 0
    _events: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _number: count[int] = field(default_factory=count)

    def clock(self) -> datetime:
        """What time the clients think it is."""
        return self.now + self.offset

    def later(self, by: timedelta, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + by, next(self._number), act))

    def on_the_way(self) -> timedelta:
        """Most answers take a moment, some seconds."""
        slow = self.chance.random() < 0.1
        return self.chance.uniform(0.01, self.slowest if slow else 0.3) * SECOND

    def client(self, pace: Pace, rest: float) -> None:
        """One source: asks, waits for the answer, rests for about so many seconds, and asks again."""
        turn = ExitStack()
        try:
            turn.enter_context(pace.turn())
        except RateLimited as limited:
            self.waited += 1
            again = limited.retry_at or self.clock()
            wait = max(again - self.clock(), timedelta(0)) + self.chance.random() * SECOND
            self.later(wait, lambda: self.client(pace, rest))
            return
        self.later(self.on_the_way(), lambda: self._arrive(pace, turn, rest))

    def _arrive(self, pace: Pace, turn: ExitStack, rest: float) -> None:
        within = self.window.take(self.now)
        self.taken += 1
        self.refused += not within
        left, ends = self.window.left(), self.window.resets_at()
        lasts = timedelta(seconds=int((ends - self.now).total_seconds()))  # platforms round to seconds
        self.later(self.on_the_way(), lambda: self._answered(pace, turn, (left, lasts, within), rest))

    def _answered(self, pace: Pace, turn: ExitStack, said: tuple[int, timedelta, bool], rest: float) -> None:
        left, lasts, within = said
        if self.tells:
            pace.told(left, lasts)
        if not within:
            pace.exhausted(self.clock() + lasts + MARGIN)
        turn.close()
        self.later(self.chance.expovariate(1 / rest) * SECOND, lambda: self.client(pace, rest))

    def run(self) -> None:
        """Until the platform has counted all the requests."""
        while self.taken < REQUESTS:
            self.now, _, act = heapq.heappop(self._events)
            act()


def seeded(name: str) -> random.Random:
    seed = random.SystemRandom().randrange(10**6)
    print(f"{name}: seed {seed}")  # noqa: T201 - shown when it fails
    return random.Random(seed)


def crowd(world: World, paces: list[Pace], sources: int, rest: float) -> None:
    """As many sources as are wanted, all of which set out at once, over some paces."""
    for number in range(sources):
        pace = paces[number % len(paces)]
        world.later(world.chance.random() * SECOND, lambda pace=pace: world.client(pace, rest))


def shortest(world: World) -> timedelta:
    """How long so many requests take when every window is used to its last."""
    return timedelta(seconds=REQUESTS / world.window.limit * world.window.seconds)


@pytest.mark.parametrize("sources", [1, 20])
@pytest.mark.parametrize("offset", [-4, 0, 4])
def test_by_the_platforms_own_word_no_window_is_exceeded(sources: int, offset: int):
    """Only its word, from the first request on, while answers cross and our clock is wrong."""
    world = World(seeded("word"), Window(LIMIT, SECONDS), offset=offset * SECOND)
    crowd(world, [Pace(world.clock)], sources, rest=0.1)
    world.run()
    assert (world.refused, world.window.overrun) == (0, 0)
    if sources > 1:
        assert world.waited
        assert world.now - BEGIN < 3 * shortest(world), "nor is most of a window wasted"


@pytest.mark.parametrize("sources", [1, 20])
@pytest.mark.parametrize("slowest", [0.02, 4.0, 25.0])
def test_by_our_own_count_no_window_is_exceeded_however_long_a_request_is_on_its_way(sources: int, slowest: float):
    world = World(seeded("count"), Window(LIMIT, SECONDS), slowest=slowest, tells=False)
    crowd(world, [Pace(world.clock, LIMIT, SECONDS * SECOND)], sources, rest=0.1)
    world.run()
    assert (world.refused, world.window.overrun) == (0, 0)
    if sources > 1 and slowest < 1:
        assert world.waited
        assert world.now - BEGIN < 2 * shortest(world)


@pytest.mark.parametrize("offset", [-4, 0, 4])
def test_a_day_that_we_count_ourselves_is_not_exceeded_by_a_clock_that_is_off(offset: int):
    """Fixed windows of a platform that says nothing, as YouTube's day."""
    world = World(seeded("fixed"), Window(LIMIT, SECONDS), tells=False, offset=offset * SECOND)
    crowd(world, [Pace(world.clock, LIMIT, SECONDS * SECOND, _minute_ends)], 20, rest=0.1)
    world.run()
    assert (world.refused, world.window.overrun) == (0, 0)
    assert world.now - BEGIN < 3 * shortest(world)


def _minute_ends(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


def test_until_the_platform_has_said_anything_one_request_goes_at_a_time():
    pace = Pace(lambda: BEGIN)
    with pace.turn():
        with pytest.raises(RateLimited), pace.turn():
            pass
        pace.told(2, 10 * SECOND)
        with pace.turn(), pace.turn(), pytest.raises(RateLimited) as caught, pace.turn():
            pass
    assert caught.value.retry_at == BEGIN + 10 * SECOND + MARGIN


def test_an_answer_that_was_overtaken_does_not_raise_what_is_left():
    world = World(random.Random(1), Window(LIMIT, SECONDS))
    pace = Pace(world.clock)
    with pace.turn():
        pace.told(10, 30 * SECOND)
    slow = ExitStack()
    slow.enter_context(pace.turn())
    with pace.turn():
        pace.told(0, 30 * SECOND)
    world.now += 9 * SECOND
    pace.told(9, 30 * SECOND)
    slow.close()
    with pytest.raises(RateLimited), pace.turn():
        pass


def test_requests_under_way_are_taken_off_what_the_first_answer_says_is_left():
    pace = Pace(lambda: BEGIN, LIMIT)
    with ExitStack() as under_way:
        for _ in range(3):
            under_way.enter_context(pace.turn())
        pace.told(3, 30 * SECOND)
        under_way.enter_context(pace.turn())
        with pytest.raises(RateLimited), pace.turn():
            pass


def test_after_a_refusal_nothing_goes_before_its_time_whatever_other_answers_say():
    world = World(random.Random(1), Window(LIMIT, SECONDS))
    pace = Pace(world.clock)
    with pace.turn():
        pace.exhausted(BEGIN + 40 * SECOND)
        pace.told(9, 3 * SECOND)
    world.now += 39 * SECOND
    with pytest.raises(RateLimited) as caught, pace.turn():
        pass
    assert caught.value.retry_at == BEGIN + 40 * SECOND
    world.now += SECOND
    with pace.turn():
        pass


def test_a_request_that_costs_much_waits_until_there_is_room_for_it():
    world = World(random.Random(1), Window(LIMIT, SECONDS))
    pace = Pace(world.clock, 10)
    with pace.turn(8), pytest.raises(RateLimited), pace.turn(3):
        pass
    with pace.turn(2), pytest.raises(RateLimited), pace.turn():
        pass
    world.now += 60 * SECOND
    with pace.turn(10):
        pass


def test_with_both_bounds_the_lower_one_holds():
    world = World(seeded("both"), Window(LIMIT, SECONDS))
    crowd(world, [Pace(world.clock, LIMIT // 2, SECONDS * SECOND)], 20, rest=0.1)
    world.run()
    assert world.window.overrun == 0
    assert world.now - BEGIN > 1.9 * shortest(world)


@pytest.mark.parametrize("processes", [2, 5])
def test_several_processes_with_the_same_account_overrun_a_window_by_what_is_on_its_way_at_most(processes: int):
    """No process knows what another has just sent: a window may be passed by one request of each source, then all wait."""
    world = World(seeded("processes"), Window(LIMIT, SECONDS))
    sources = 2 * processes
    crowd(world, [Pace(world.clock) for _ in range(processes)], sources, rest=0.5)
    world.run()
    windows = (world.now - BEGIN).total_seconds() / SECONDS + 1
    assert world.window.overrun <= windows * sources
    assert world.refused < REQUESTS / 4
