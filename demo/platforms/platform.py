"""What every loopback platform has: requests, answers, a window of requests; the platforms and the server come in."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from demo.platforms.shelf import Shelf

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """A request: `query` holds the last value of each name, `queries` all of them."""

    method: str
    path: str
    query: Mapping[str, str]
    queries: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `items` are the ids of the mentions that it serves, for the server's log."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ()


@dataclass(slots=True)
class Window:
    """A fixed window of requests, as platforms count: it begins anew every `seconds` of the clock.

    `overrun` counts the requests that came when none was left: a client that paces itself never makes one.
    """

    limit: int
    seconds: int
    overrun: int = 0
    _begun: int = -1
    _used: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, now: datetime, cost: int = 1) -> bool:
        """Count a request, which may cost more than one; answers whether it was within the limit."""
        with self._guard:
            number = int((now - _EPOCH).total_seconds()) // self.seconds
            if number != self._begun:
                self._begun, self._used = number, 0
            self._used += cost
            self.overrun += self._used > self.limit
            return self._used <= self.limit

    def left(self) -> int:
        """How many requests are left."""
        return max(self.limit - self._used, 0)

    def resets_at(self) -> datetime:
        """When the next window begins."""
        return _EPOCH + timedelta(seconds=(self._begun + 1) * self.seconds)


class LoopbackPlatform(ABC):
    """A platform that answers for what its shelf holds, as of its clock."""

    name: ClassVar[str]
    # Requests and seconds of the window that the real platform has.
    usual_window: ClassVar[tuple[int, int]]

    def __init__(self, shelf: Shelf, clock: Callable[[], datetime], window: Window | None = None) -> None:
        self.shelf, self.clock = shelf, clock
        self.window = window or Window(*self.usual_window)

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """The answer to a request that nothing goes wrong with."""

    def counts(self, request: Request) -> bool:  # noqa: ARG002 - some platforms leave signing in out
        """Whether a request counts against the window."""
        return True

    def limit_headers(self) -> Mapping[str, str]:
        """What each answer says of the window; nothing unless the platform does."""
        return {}

    def limited(self, *, says_when: bool) -> Answer:
        """The answer to one request too many."""
        headers = {**self.limit_headers(), **self.wait_headers()} if says_when else {}
        return error(429, "Too Many Requests", headers)

    def wait_headers(self) -> Mapping[str, str]:
        """What a refusal says of when to come again."""
        wait = max(int((self.window.resets_at() - self.clock()).total_seconds()), 1)
        return {"Retry-After": str(wait)}

    def date(self) -> str:
        """The header Date."""
        return format_datetime(self.clock(), usegmt=True)


def answer_json(
    body: Any, items: tuple[str, ...] = (), headers: Mapping[str, str] | None = None, status: int = 200
) -> Answer:
    """An answer of JSON."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return Answer(status, content, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, items)


def error(status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
    """A refusal in plain words, as JSON."""
    return answer_json({"error": words, "message": words}, headers=headers, status=status)


def whole(request: Request, name: str, default: int, largest: int) -> int:
    """A whole number of the query, within 1 and the largest."""
    text = request.query.get(name, "")
    return min(max(int(text), 1), largest) if text.isdecimal() else default
