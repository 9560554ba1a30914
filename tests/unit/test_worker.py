"""The worker and how it tries again."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from jobs.retry import LONGEST_WAIT, GiveUp, Retry, decide
from jobs.worker import Worker
from social_crm.domain.errors import Invalid, PlatformUnavailable, RateLimited, StoreUnavailable

NOW = datetime(2025, 1, 1, tzinfo=UTC)


class FakeTime:
    """A clock that moves when the worker rests, and stops it after so many rests."""

    def __init__(self, rests: int) -> None:
        self.now, self.rests, self.rested = NOW, rests, []

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        self.rested.append(seconds)
        return len(self.rested) >= self.rests


def run(jobs: dict, rests: int) -> FakeTime:
    time = FakeTime(rests)
    Worker(jobs, time, time.wait, random.Random(1), timedelta(seconds=10)).run()
    return time


def test_each_job_has_its_turn_every_ten_seconds():
    turns = []
    time = run({"a": lambda: turns.append("a") or 0, "b": lambda: turns.append("b") or 0}, rests=3)
    assert turns == ["a", "b"] * 3
    assert time.rested == [10.0, 10.0, 10.0]


def test_a_job_that_fails_or_crashes_does_not_stop_the_others():
    turns = []

    def fails() -> int:
        raise StoreUnavailable("the database is away")

    def crashes() -> int:
        raise ZeroDivisionError

    run({"fails": fails, "crashes": crashes, "works": lambda: turns.append("works") or 0}, rests=5)
    assert turns


def test_a_transient_error_is_tried_again_when_it_says_so():
    later = NOW + timedelta(minutes=7)
    assert decide(RateLimited("slow down", later), 1, NOW, random.Random(1)) == Retry(later)


def test_a_time_to_retry_that_is_past_means_now():
    assert decide(RateLimited("slow down", NOW - timedelta(hours=1)), 1, NOW, random.Random(1)) == Retry(NOW)


@pytest.mark.parametrize("attempt", [1, 3, 9, 50])
def test_waits_grow_up_to_five_minutes_and_are_spread_by_chance(attempt: int):
    chance = random.Random(attempt)
    waits = [decide(PlatformUnavailable("down"), attempt, NOW, chance).at - NOW for _ in range(300)]
    longest = min(timedelta(seconds=2 ** min(attempt - 1, 20)), LONGEST_WAIT)
    assert max(waits) <= longest
    assert max(waits) > longest * 0.9
    assert min(waits) < longest * 0.1


def test_an_error_that_time_does_not_cure_is_given_up():
    assert decide(Invalid("no such zone"), 1, NOW, random.Random(1)) == GiveUp()
