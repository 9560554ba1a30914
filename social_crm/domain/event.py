"""An event: something that happened and that others may want to hear of; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class EventKind(StrEnum):
    """What happened, in the past tense."""

    SOURCE_GAP = "source.gap"
    SOURCE_PAUSED = "source.paused"


@dataclass(frozen=True, slots=True)
class Event:
    """Written to the outbox in the same atomic write as the fact that it tells of.

    The id is natural where the fact has one, so that telling it twice is harmless. `subject` names what it is about (a
    source's id); `body` is JSON.
    """

    id: str
    kind: EventKind
    at: datetime
    subject: str
    body: Mapping[str, Any] = field(default_factory=dict)
