"""A heard mention: with what we made of it, what became of it, and which ones to list; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.domain.mention import Mention
    from social_crm.domain.reading import Reading


@dataclass(frozen=True, slots=True)
class Heard:
    """A mention together with what we made of it."""

    mention: Mention
    reading: Reading


@dataclass(frozen=True, slots=True)
class Taken:
    """How many mentions of a page were new, changed, or already there with the same content."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.new + other.new, self.changed + other.changed, self.same + other.same)


@dataclass(frozen=True, slots=True)
class MentionFilter:
    """Which mentions to list; None lets everything through. `since` is inclusive, `until` exclusive."""

    brand: str | None = None
    author: str | None = None
    platform: str | None = None
    kind: str | None = None
    label: str | None = None
    since: datetime | None = None
    until: datetime | None = None
