"""The single fields of Mastodon's objects - ids, times, texts, counts - read strictly; this room comes in.

The number of a status is a snowflake: milliseconds since 1970, shifted by 16 bits, and 16 bits that tell apart what came
in the same millisecond. It tells when the status reached the server, or, where the server fetched it later, when it was
written.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid

# What reading a foreign object of the wrong shape raises: each becomes one Invalid with a reason.
MISSHAPEN = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

_NATIVE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_LARGEST = 2**63 - 1  # what every store can hold; a count above it is not one
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BITS = 16


def natural(server: str, native: object) -> str:
    """Our id of a status or an account. Raises Invalid when the server's id is missing or none of Mastodon's form."""
    text = str(native) if isinstance(native, str | int) and not isinstance(native, bool) else ""
    if not _NATIVE.fullmatch(text):
        raise Invalid(f"an item without an id: {str(native)[:40]!r} is none of Mastodon's")
    return f"mastodon:{server}/{text}"


def native_of(own_id: str, server: str) -> str | None:
    """The server's own id, None when the id is not one of that server."""
    start = f"mastodon:{server}/"
    return own_id[len(start) :] if own_id.startswith(start) and _NATIVE.fullmatch(own_id[len(start) :]) else None


def numbered(own_id: str, server: str) -> bool:
    """Whether an id is of the form that a server of Mastodon's gives."""
    return number_of(native_of(own_id, server) or "") is not None


def moment(text: object, field: str) -> datetime:
    """A time in UTC. Raises Invalid."""
    if not isinstance(text, str):
        raise Invalid(f"{field} is not a time: {str(text)[:40]!r}")
    return parse_time(text)


def text_of(value: object, field: str) -> str:
    """A text that every store can hold. Raises Invalid."""
    if not isinstance(value, str):
        raise Invalid(f"{field} is not text: {str(value)[:40]!r}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{field} holds half of a character, which is no text") from error
    return value


def count_of(value: object) -> int | None:
    """A count, None when it is none."""
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def number_of(native: object) -> int | None:
    """An id as the number by which the server sorts, None when it is none."""
    text = str(native)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def time_of(number: int) -> datetime:
    """When a snowflake was made; 1970 for the small numbers of old servers."""
    return _EPOCH + timedelta(milliseconds=number >> _BITS)


def snowflake(when: datetime) -> int:
    """The smallest number of a millisecond."""
    return max((when - _EPOCH) // timedelta(milliseconds=1), 0) << _BITS
