"""A lease: who may work on something until when, and a number that shuts out former holders; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on `name` until `until` (UTC). `fence` rises with each claim: writes under an old one fail."""

    name: str
    holder: str
    fence: int
    until: datetime
