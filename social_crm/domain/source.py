"""A source as data: where to listen, for which brand, when, with what, and how far it has come; anyone may come in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid
from social_crm.domain.platform import platform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from social_crm.domain.coverage import Coverage
    from social_crm.domain.event import Event

_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
LONGEST_QUERY = 512
LARGEST_CAP = 2**53 - 1  # what JSON carries everywhere without loss


class SourceState(StrEnum):
    """Whether a source is collected."""

    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class SourceSetup:
    """A source as it was set up.

    `query` is in the platform's own words (docs/how-to has a page for each). `schedule` is cron of five fields in UTC.
    `options` are those of its platform (domain.platform). `sealed` holds the credentials, encrypted. `daily_cap` is the
    most that a UTC day may cost, in the platform's unit of spend; None means no cap. `reason` says why it is paused.
    `version` counts the edits. Raises Invalid for what cannot be.
    """

    id: str
    platform: str
    brand: str
    query: str = ""
    schedule: str = "*/15 * * * *"
    options: Mapping[str, str] = field(default_factory=dict)
    sealed: bytes = field(default=b"", repr=False)
    daily_cap: int | None = None
    state: SourceState = SourceState.ACTIVE
    reason: str = ""
    version: int = 0

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise Invalid(
                f"source id {self.id!r}: use 1 to 64 of a-z 0-9 . _ - and begin and end with a letter or digit, "
                "such as acme-reddit"
            )
        for name, text in (("query", self.query), ("reason", self.reason), *self.options.items()):
            if not text.isprintable():
                raise Invalid(f"source {self.id}: {name} holds a character that cannot be shown: leave it out")
        place = platform(self.platform)
        place.check(self.id, self.query, self.options)
        if len(self.query) > LONGEST_QUERY:
            raise Invalid(f"source {self.id}: the query is longer than {LONGEST_QUERY} characters")
        if self.daily_cap is not None and not 0 <= self.daily_cap <= LARGEST_CAP:
            raise Invalid(f"source {self.id}: the daily cap must be from 0 to {LARGEST_CAP} {place.unit}")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source has come; all times in UTC.

    `query` is what `cursor` belongs to: another query begins anew; `version` is that of the setup, whose edit makes a
    source due. `due_at` is when to collect next (None: at once).
    `covered_from` and `covered_to` bound the unbroken span that is covered so far. `finished_at` is when the last walk came
    to its end, `revisited_at` up to when stored mentions have had their turn of being looked at again, `revisiting` where
    an unfinished round of that stands. `failures` counts those since the last success, `trouble` says why in one line,
    `delayed_by` what to call a gap that comes of it.
    """

    source: str
    query: str = ""
    cursor: str = ""
    due_at: datetime | None = None
    covered_from: datetime | None = None
    covered_to: datetime | None = None
    finished_at: datetime | None = None
    revisited_at: datetime | None = None
    revisiting: str = ""
    failures: int = 0
    trouble: str = ""
    delayed_by: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Spend:
    """What a source has cost on a UTC day, in the platform's unit."""

    source: str
    day: date
    units: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one page, or the end of a run, changes about a source: written whole or not at all.

    `spent` is added to what the day has cost; it may be negative where more was charged beforehand.
    """

    progress: Progress
    coverage: tuple[Coverage, ...] = ()
    spent: tuple[tuple[date, int], ...] = ()
    events: tuple[Event, ...] = ()
