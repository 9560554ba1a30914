"""What can go wrong with a platform, planned for its next requests or for a span of time; the server and tests come in."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.domain.span import Span


class Fault(StrEnum):
    """One way in which an answer fails."""

    NONE = "none"  # this one goes well
    LIMITED = "429 that says when"
    LIMITED_BLIND = "429 that says nothing"
    BROKEN = "500"
    HTML = "503 as HTML"
    STALL = "no answer"
    RESET = "connection reset"
    BAD_JSON = "half of the JSON"
    UNAUTHORIZED = "401"


@dataclass(slots=True)
class Faults:
    """The faults to come: one a request in their order, and spans of time in which nothing works. Safe between threads."""

    outages: list[Span] = field(default_factory=list)
    _next: deque[Fault] = field(default_factory=deque)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, *faults: Fault) -> None:
        """Let the next requests fail so."""
        with self._guard:
            self._next.extend(faults)

    def due(self, now: datetime) -> Fault:
        """What happens to a request that comes now."""
        if any(outage.start <= now < outage.end for outage in self.outages):
            return Fault.HTML
        with self._guard:
            return self._next.popleft() if self._next else Fault.NONE
