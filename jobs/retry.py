"""Decides what a job does about an error: try again when, or give up; the worker comes in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from social_crm.domain.errors import SocialCrmError, Transient

if TYPE_CHECKING:
    import random
    from datetime import datetime

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at a time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again before the next regular turn."""


def decide(error: SocialCrmError, attempt: int, now: datetime, chance: random.Random) -> Retry | GiveUp:
    """What to do after the attempt with that number (1 is the first) failed.

    A transient error is tried again when it says so, else after an exponential wait with full jitter, capped at five
    minutes. Any other error is not cured by trying again.
    """
    if not isinstance(error, Transient):
        return GiveUp()
    if error.retry_at is not None:
        return Retry(max(error.retry_at, now))
    longest = min(FIRST_WAIT * 2 ** min(attempt - 1, 20), LONGEST_WAIT)
    return Retry(now + longest * chance.random())
