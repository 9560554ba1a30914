"""An account: one identity on one platform, as last observed; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Account:
    """An account's public face. The id is the platform's own and stays when the handle changes: `x:2244994945`.

    `observed_at` (UTC) is when the platform showed this face; the newest observation wins.
    """

    id: str
    handle: str
    observed_at: datetime
    name: str = ""
    followers: int | None = None
    created_at: datetime | None = None
    url: str | None = None

    @property
    def platform(self) -> str:
        """The part of the id before the first colon."""
        return self.id.partition(":")[0]
