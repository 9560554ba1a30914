"""What both stores do alike: when a mention meets the one stored, how a report is packed; only sqlite and mongo come in."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from social_crm.domain.clock import local_day
from social_crm.domain.errors import Conflict, Invalid, Stale

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from social_crm.domain.mention import Mention
    from social_crm.ports import Heard

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)
# MongoDB refuses a document of more than 16 MiB; what stands beside the body is small.
_LARGEST_BODY = 12_000_000


def fingerprint(heard: Heard) -> str:
    """16 hex digits that name a mention's content and its scorer, the same in every process.

    When it was collected, its brands and the language that we read into it are left out: none of them is content. Raises
    Invalid when it holds what no store can keep.
    """
    said = heard.mention
    content = (
        said.id,
        said.author,
        said.posted_at,
        said.text,
        said.kind,
        said.parent,
        said.thread,
        said.addressed,
        dict(said.metrics),
        said.language,
        said.url,
        said.edited_at,
        said.deleted_at,
        heard.reading.sentiment.scorer,
    )
    try:
        return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    except orjson.JSONEncodeError as error:
        raise Invalid(f"mention {said.id!a} cannot be stored ({error}): clean its text and counts first") from error


def newer(stored_edited_at: datetime | None, stored_deleted: bool, incoming: Mention) -> bool:  # noqa: FBT001 - one rule, three facts
    """Whether what comes in may replace what is stored: nothing replaces a deletion, an older edit replaces nothing.

    A deletion replaces any edit. Of two states of the same edit the one that comes in last stands (its metrics moved).
    """
    if stored_deleted:
        return False
    if stored_edited_at is None or incoming.deleted_at is not None:
        return True
    return incoming.edited_at is not None and incoming.edited_at >= stored_edited_at


def blanked(mention: Mention) -> Mention:
    """The mention without its text and address when it is deleted, else the mention as it is."""
    return mention if mention.deleted_at is None else replace(mention, text="", url=None)


def merged(stored: Collection[str], incoming: Iterable[str]) -> tuple[str, ...]:
    """The brands of a mention after another sighting: only added, sorted."""
    return tuple(sorted({*stored, *incoming}))


def check_version(name: str, there: int, expect: int | None, kind: str = "brand") -> None:
    """Raises Conflict when a thing was to be new and is there, Stale when it is at another version than was read."""
    if expect is None or expect == there:
        return
    if expect == 0:
        raise Conflict(f"{kind} {name} exists already: choose another id, or edit that {kind}")
    raise Stale(f"{kind} {name} is at version {there}, not {expect}: read it again and repeat your edit")


def partitions(posted_at: datetime, brands: Iterable[str], zones: Mapping[str, str]) -> list[tuple[str, date]]:
    """The partitions that a mention of that instant counts in. Raises Invalid when a brand has no zone."""
    quarter = quarter_of(posted_at)
    return [partition(brand, quarter, zones) for brand in brands]


def quarter_of(posted_at: datetime) -> int:
    """The quarter of an hour, counted from 1970, in which an instant stands: it lies in one local day of any zone."""
    return (posted_at - _EPOCH) // _QUARTER


def partition(brand: str, quarter: int, zones: Mapping[str, str]) -> tuple[str, date]:
    """The (brand, local day) partition in which the mentions of a quarter of an hour count.

    Raises Invalid when the brand has no zone.
    """
    zone = zones.get(brand)
    if zone is None:
        raise Invalid(f"brand {brand} has no time zone here: read the brands again and repeat")
    return brand, _day_of(quarter, zone)


def packed(body: Mapping[str, Any]) -> bytes:
    """The body of a report as compressed JSON. Raises Invalid when it holds more than plain values or is too large."""
    try:
        text = orjson.dumps(dict(body))
    except orjson.JSONEncodeError as error:
        raise Invalid(f"this cannot be stored as JSON: {error}") from error
    content = zlib.compress(text, level=6)
    if len(content) > _LARGEST_BODY:
        size = f"{len(content) / 1e6:.1f} MB"
        raise Invalid(f"this report is too large to keep ({size}): give a horizon, fewer periods, or a longer period")
    return content


def deflated(raw: str) -> bytes:
    """The text of an archived page, compressed. Raises Invalid when it cannot be written down."""
    try:
        return zlib.compress(raw.encode(), level=6)
    except UnicodeEncodeError as error:
        raise Invalid(f"an archived page cannot be stored ({error}): its text is broken") from error


def inflated(content: bytes) -> str:
    """The text that was compressed."""
    return zlib.decompress(content).decode()


def unpacked(content: bytes) -> dict[str, Any]:
    """The body that was packed, its columns in the same order."""
    body: dict[str, Any] = orjson.loads(zlib.decompress(content))
    return body


# Local days begin at local midnight, and since 1972 that is a full quarter of an hour in UTC everywhere.
@lru_cache(maxsize=131_072)
def _day_of(quarter: int, zone: str) -> date:
    return local_day(_EPOCH + quarter * _QUARTER, zone)
