"""When a schedule comes next: cron of five fields, in UTC; jobs and other services come in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from apscheduler.triggers.cron import CronTrigger

from social_crm.domain.errors import Invalid

_INSTANT = timedelta(microseconds=1)
# The library counts weekdays from Monday on, cron from Sunday on: names mean the same to both.
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS = re.compile(r"([0-7])(?:-([0-7]))?(?:/([1-9]))?")


def next_time(schedule: str, after: datetime) -> datetime:
    """The first time of a schedule that lies after an instant. Raises Invalid when it is no cron, or never comes."""
    found = _trigger(schedule).get_next_fire_time(None, after + _INSTANT)
    if found is None:
        raise Invalid(f"the schedule {schedule!r} never comes: write cron of five fields, such as */15 * * * *")
    return datetime.fromtimestamp(found.timestamp(), UTC)


def check(schedule: str) -> None:
    """Raises Invalid when a schedule is not cron of five fields, or never comes."""
    next_time(schedule, datetime(2026, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=256)
def _trigger(schedule: str) -> Any:
    try:
        *others, weekdays = schedule.split()
        return CronTrigger.from_crontab(" ".join((*others, _named(weekdays))), timezone=UTC)
    except (ValueError, TypeError) as error:
        raise Invalid(f"the schedule {schedule!r} is not cron of five fields: write */15 * * * * or 0 6 * * *") from error


def _named(weekdays: str) -> str:
    """Cron's field of weekdays with its numbers as names: 1-5 becomes mon,tue,wed,thu,fri."""
    return ",".join(_days(part) for part in weekdays.split(","))


def _days(part: str) -> str:
    numbers = _NUMBERS.fullmatch(part.replace("*/", "0-6/"))
    if numbers is None:
        return part
    first, last, step = (int(text) if text else None for text in numbers.groups())
    if first is None:
        return part
    end = last if last is not None else 6 if step else first
    if end < first:
        raise ValueError(part)
    return ",".join(_WEEKDAYS[day] for day in range(first, end + 1, step or 1))
