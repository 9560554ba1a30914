"""Times as files write them - ISO 8601, RFC 2822, epoch seconds and finer - read into UTC; this room comes in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

from social_crm.domain.errors import Invalid

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_COMPACT_DATE = re.compile(r"(19|20)\d\d[01]\d[0-3]\d")
# Above these a number counts milliseconds, microseconds: seconds stay below 1e11 until the year 5138.
_MILLIS, _MICROS = 1e11, 1e14


def read_time(value: object, zone: tzinfo | None) -> datetime:
    """Read a time into UTC; one without a zone stands in `zone`.

    Raises Invalid when it is not a time, or when it has no zone and none is set.
    """
    moment = value if isinstance(value, datetime) else _read(str(value).strip())
    if moment.tzinfo is None:
        if zone is None:
            raise Invalid(f"the time {str(value)[:40]!r} has no zone: set one for the file, such as zone:=Europe/Berlin")
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise Invalid(f"the time {str(value)[:40]!r} is outside the years 1 to 9999") from error


def _read(text: str) -> datetime:
    if _NUMBER.fullmatch(text) and not _COMPACT_DATE.fullmatch(text):
        return _since_1970(text)
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return reader(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    raise Invalid(f"{text[:40]!r} is not a time: use 2026-11-22T10:00:00Z, an RFC 2822 date, or seconds since 1970")


def _since_1970(text: str) -> datetime:
    number = float(text)
    scale = 1e6 if abs(number) >= _MICROS else 1e3 if abs(number) >= _MILLIS else 1
    try:
        return datetime.fromtimestamp(number / scale, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid(f"{text[:40]!r} is not a time in seconds, milliseconds or microseconds since 1970") from error
