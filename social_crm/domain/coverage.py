"""Coverage: the span of time that a source vouches for, brand by brand; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """All that a source could see about a brand from `start` up to `end` (UTC, half-open) has been taken in.

    The id is natural (a file's fingerprint, a source's query), so that telling it twice is harmless.
    """

    id: str
    source: str
    brand: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise Invalid(
                f"coverage of {self.brand} by {self.source}: it ends ({self.end}) before it starts ({self.start})"
            )
