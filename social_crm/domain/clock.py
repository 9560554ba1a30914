"""Time as the brand sees it: zones, local days and the instants at which they begin; anyone may come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from social_crm.domain.errors import Invalid

ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises Invalid when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"{name!r} is not a time zone: use an IANA name such as Europe/Berlin or UTC") from error


def local_day(moment: datetime, zone_name: str) -> date:
    """The calendar day of an instant in a zone; a local day lasts 23, 24 or 25 hours (methods.md 1.2).

    It is the day whose `day_start` came last, also where clocks went back past midnight and the old date came again.
    """
    if zone_name == "UTC":
        return moment.astimezone(UTC).date()
    day = moment.astimezone(zone(zone_name)).date()
    if moment < day_start(day, zone_name):
        return day - ONE_DAY
    return day + ONE_DAY if moment >= day_start(day + ONE_DAY, zone_name) else day


@lru_cache(maxsize=65_536)
def day_start(day: date, zone_name: str) -> datetime:
    """The UTC instant at which a local day begins: local midnight with fold 0 (methods.md 1.2)."""
    return datetime.combine(day, time(0), zone(zone_name)).astimezone(UTC)


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time or a bare date (midnight UTC) into UTC. Raises Invalid when it is neither or has no zone."""
    try:
        if len(text) == len("2026-11-22"):
            return datetime.combine(date.fromisoformat(text), time(0), UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise Invalid(f"{text!r} has no time zone: add Z or an offset such as +01:00")
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid(f"{text!r} is not a time: write 2026-11-22 or 2026-11-22T10:00:00Z") from error
