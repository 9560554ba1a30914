"""A span: a piece of time with a beginning and an end; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The time from `start` up to `end` (UTC, half-open). Raises Invalid when it ends before it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise Invalid(f"a span cannot end ({self.end}) before it starts ({self.start})")

    def overlaps(self, other: Span) -> bool:
        """Whether some instant lies in both; none lies in an empty span."""
        return max(self.start, other.start) < min(self.end, other.end)
