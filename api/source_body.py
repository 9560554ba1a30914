"""A source as callers write it, looked over without a word of its credentials; the handler of sources comes in."""

# No `from __future__ import annotations` here: pydantic reads the annotations while the module loads.
import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from api.shapes import Line, Platform, Strict
from social_crm.domain.platform import PLATFORMS
from social_crm.domain.source import LONGEST_QUERY, SourceState

# The options that say to which server a source speaks.
ADDRESSES = ("instance", "base_url")

_LONGEST_SECRET = 4096
_CREDENTIALS = frozenset(name for place in PLATFORMS.values() for name in (*place.credentials, *place.optional))
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_USER = re.compile(r"(?:[a-z][a-z0-9+.-]*:/*)?[^/?#]*@", re.IGNORECASE)  # an address that begins with somebody's name


def _credentials(given: object) -> object:
    """Look credentials over without ever repeating what was sent, neither a value nor what stands where a name should."""
    if not isinstance(given, dict):
        message = 'write an object of texts, such as {"api_key": "..."}; leave it out to keep what is there'
    elif not given.keys() <= _CREDENTIALS:
        message = "it holds a name that is no credential of any platform: see /v1/platforms"
    elif wrong := [name for name, value in given.items() if not _is_secret(value)]:
        message = f"{', '.join(wrong)}: write a text of 1 to {_LONGEST_SECRET} characters, none of them a control character"
    else:
        return given
    raise ValueError(message)


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_SECRET and not _CONTROL.search(value)


PlatformName = Annotated[Platform, Field(json_schema_extra={"enum": list(PLATFORMS)})]
Query = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUERY, pattern=r"^[^\x00-\x1f\x7f]+$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
Cap = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Reason = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Credentials = Annotated[
    dict[str, str],
    BeforeValidator(_credentials),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "writeOnly": True}),
]


class SourceBody(Strict):
    """A source as callers write it: its id is in the path, its version in the ETag; see /v1/platforms for what it needs."""

    platform: PlatformName
    brand: Line = Field(description="the id of the brand that it listens for")
    query: Query = Field(description="what to ask for, in the platform's own words")
    schedule: Line = Field(default="*/15 * * * *", description="when: cron of five fields, in UTC")
    options: dict[OptionName, Line] = Field(default={}, max_length=20, description="options of the platform")
    credentials: Credentials | None = Field(
        default=None, repr=False, description="kept encrypted and never shown; left out, those that are there stay"
    )
    daily_cap: Cap | None = Field(default=None, description="the most that a UTC day may cost, in the platform's unit")
    state: SourceState = SourceState.ACTIVE
    reason: Reason = Field(default="", description="why it is paused")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        place = PLATFORMS.get(self.platform)
        addresses = [self.options.get(name, "") for name in ADDRESSES]
        addresses += [self.query] if place is not None and place.by_query else []
        if any(_USER.match(address) for address in addresses):
            message = "leave user names and passwords out of addresses: they would be shown"
            raise ValueError(message)
        if self.reason and self.state is SourceState.ACTIVE:
            message = "reason: it says why a source is paused: leave it out for one that is active"
            raise ValueError(message)
        return self


class PauseBody(Strict):
    """Why a source is paused."""

    reason: Reason = "paused by hand"
