"""Building blocks of what callers may send: strict models and the types of their fields; the handlers come in."""

# No `from __future__ import annotations` here and in the handlers: pydantic reads the annotations while the module loads.
import re
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid


class Strict(BaseModel):
    """What a request may carry: anything that is not named is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Strict):
    """No parameters, or no body."""


def _moment(text: object) -> datetime:
    try:
        return parse_time(str(text))
    except (Invalid, OverflowError) as error:  # the years 1 and 9999 have instants outside of the calendar in UTC
        message = "write a time as 2026-11-22 or 2026-11-22T10:00:00Z (and + as %2B)"
        raise ValueError(message) from error


def _day(text: object) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(text)):
        message = "write a date as 2026-11-22"
        raise ValueError(message)
    return date.fromisoformat(str(text))


def _split(values: object) -> object:
    return [part for text in values for part in str(text).split(",")] if isinstance(values, list) else values


# An instant: RFC 3339, or a bare date for midnight UTC.
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, or a date for midnight UTC"}),
]
# A calendar day.
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
# A parameter that may be repeated or hold several values with commas between.
Several = BeforeValidator(_split)
# One line of text without control characters.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
# The name of a platform, as it begins an id.
Platform = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
# How many items a page may have.
Limit = Annotated[int, Field(ge=1, le=200, description="how many items at most")]
# Where to go on: `next_cursor` of the page before.
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
