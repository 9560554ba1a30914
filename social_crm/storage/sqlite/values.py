"""How times, days and nested values stand in SQLite columns; the modules of this room come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from social_crm.domain.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST, _LAST = -(2**63), 2**63 - 1
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC: exact, and in the order of time."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The UTC time of that many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def micros_or_none(moment: datetime | None) -> int | None:
    """As `micros`; None stays None."""
    return None if moment is None else micros(moment)


def moment_or_none(micros: int | None) -> datetime | None:
    """As `moment`; None stays None."""
    return None if micros is None else moment(micros)


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def day(number: int) -> date:
    """The day that many days after 1970-01-01."""
    return date.fromordinal(number + _EPOCH_DAY)


def span(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    """The half-open span in microseconds; None is open."""
    return (_FIRST if start is None else micros(start), _LAST if end is None else micros(end))


def days(start: date | None, end: date | None) -> tuple[int, int]:
    """The half-open span in days; None is open."""
    return (_FIRST if start is None else number(start), _LAST if end is None else number(end))


def to_json(value: object) -> str:
    """Plain values as JSON text. Raises Invalid when they are not plain."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise Invalid(f"this cannot be stored as JSON: {error}") from error


def from_json(text: str) -> Any:
    """JSON text as plain values."""
    return orjson.loads(text)
