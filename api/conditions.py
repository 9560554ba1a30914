"""Preconditions: which version of a thing a write may find, by the ETag that its caller has read; the handlers come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from aiohttp import hdrs

from social_crm.domain.errors import Conflict, Invalid, NotFound, Stale

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

_TAG = re.compile(r'(?<!W/)"([0-9]{1,18})"')  # a weak tag never matches (RFC 9110, 8.8.3.2)

T = TypeVar("T")


class Versioned(Protocol):
    """Something whose `version` counts its edits."""

    @property
    def version(self) -> int:
        """The version, from 1 on."""
        ...


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request says of the version that it wants to write over; None where it says nothing."""

    match: str | None
    none_match: str | None

    def expected(self, named: str, version: int) -> int | None:
        """The version that must be there when the write comes; None: any.

        Raises Stale when If-Match does not allow the one that is there now (RFC 9110, 13.1.1).
        """
        if self.match is None:
            return None
        allowed = {int(tag) for tag in _TAG.findall(self.match)}
        if self.match.strip() != "*" and version not in allowed:
            raise Stale(f"{named} was edited since it was read: read it again")
        return version

    def put(self, named: str, read: Callable[[], Versioned], write: Callable[[int | None], T]) -> T:
        """Write a thing whole: `read` gets what is there, `write` is told which version it must find (0: none at all).

        Raises Stale when a condition fails, Invalid for conditions that make no sense, and what the two raise.
        """
        if self.none_match is None:
            return write(None if self.match is None else self.expected(named, self._version(named, read)))
        if self.match is not None or self.none_match.strip() != "*":
            raise Invalid("send either If-Match with an ETag or If-None-Match with *")
        try:
            return write(0)
        except Conflict as error:
            raise Stale(f"{named} exists already: read it, and send its ETag as If-Match to replace it") from error

    @staticmethod
    def _version(named: str, read: Callable[[], Versioned]) -> int:
        try:
            return read().version
        except NotFound as error:
            raise Stale(f"{named} does not exist: leave If-Match out to add it") from error


def conditions(request: web.Request) -> Conditions:
    """The conditions of a request; a header that comes in several lines is one list (RFC 9110, 5.3)."""
    return Conditions(*(_joined(request, name) for name in (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH)))


def tag(fact: Versioned) -> dict[str, str]:
    """The header that tells a caller which version it has read."""
    return {hdrs.ETAG: f'"{fact.version}"'}


def _joined(request: web.Request, name: str) -> str | None:
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None
