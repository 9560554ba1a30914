"""Cursors: a place in a list, sealed so that callers can keep it but not make it up; the handlers come in."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from social_crm.domain.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SEAL = 16  # bytes of HMAC-SHA256: 128 bits


def seal(secret: bytes, scope: bytes, position: tuple[datetime, str]) -> str:
    """Write a position (time, id) as opaque text that is good for one scope: the list and its filter."""
    moment, identity = position
    return _seal(secret, scope, [(moment - _EPOCH) // _MICROSECOND, identity])


def unseal(secret: bytes, scope: bytes, text: str) -> tuple[datetime, str]:
    """Read a position back. Raises Invalid when it was not sealed here, or for another list or filter."""
    microseconds, identity = _unseal(secret, scope, text, "cursor")
    return _EPOCH + microseconds * _MICROSECOND, identity


def seal_number(secret: bytes, scope: bytes, position: int) -> str:
    """Write the position in a list that only grows as opaque text that is good for that list."""
    return _seal(secret, scope, [position])


def unseal_number(secret: bytes, scope: bytes, text: str, parameter: str) -> int:
    """Read such a position back. Raises Invalid, which names the query parameter, like `unseal`."""
    position: int = _unseal(secret, scope, text, parameter)[0]
    return position


def _seal(secret: bytes, scope: bytes, parts: list[int | str]) -> str:
    place = orjson.dumps(parts)
    return _text(_mac(secret, scope, place) + place)


def _unseal(secret: bytes, scope: bytes, text: str, parameter: str) -> list[Any]:
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise _refusal(parameter) from error
    given, place = raw[:_SEAL], raw[_SEAL:]
    if _text(raw) != text or not hmac.compare_digest(given, _mac(secret, scope, place)):
        raise _refusal(parameter)  # decoding forgives stray characters: there is only one right way to write a cursor
    parts: list[Any] = orjson.loads(place)
    return parts


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(secret: bytes, scope: bytes, place: bytes) -> bytes:
    lengths = len(scope).to_bytes(8, "big")  # so that no byte can move from the scope to the place
    return hmac.new(secret, lengths + scope + place, hashlib.sha256).digest()[:_SEAL]


def _refusal(parameter: str) -> Invalid:
    says = "not a cursor of this list and filter: take `next_cursor` of an answer as it is, or leave it out to begin anew"
    return Invalid(f"the cursor is {says}", ((f"query.{parameter}", says),))
