"""The single fields of Bluesky's records - addresses, times, texts, counts - read strictly; this room's parser comes in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json: TypeAlias = Mapping[str, Any]

# What reading a foreign object of the wrong shape raises: each becomes one Invalid with a reason.
MISSHAPEN = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]", re.ASCII)
_POST = re.compile(rf"at://({_DID.pattern})/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{{1,512}})", re.ASCII)
_LARGEST = 2**63 - 1  # what every store can hold; a count above it is not one
_FIRST_YEAR, _LAST_YEAR = 1970, 9998  # between them every time zone can tell the day
_LONGEST = 8 * 1024  # of an address, by the protocol
_COUNTS = (("likes", "likeCount"), ("reposts", "repostCount"), ("replies", "replyCount"), ("quotes", "quoteCount"))


def post_address(uri: object) -> tuple[str, str] | None:
    """The author's did and the record's key of `at://<did>/app.bsky.feed.post/<key>`; None for any other address."""
    found = _POST.fullmatch(uri) if isinstance(uri, str) and len(uri) <= _LONGEST else None
    return (found.group(1), found.group(2)) if found else None


def account_id(did: object) -> str | None:
    """Our id of an account by its did, which stays when the handle changes; None when it is no did."""
    return f"bluesky:{did}" if isinstance(did, str) and len(did) <= _LONGEST and _DID.fullmatch(did) else None


def author_of(uri: object) -> str | None:
    """Our id of the account in whose repository a post lies: it is part of the address."""
    found = post_address(uri)
    return account_id(found[0]) if found else None


def moment(value: object) -> datetime | None:
    """A time with a zone, in UTC; None where it is none: clients write all sorts, the year 1 among them."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        found = read.astimezone(UTC) if read is not None and read.tzinfo is not None else None
    except MISSHAPEN:
        return None
    return found if found is not None and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def moments(view: Json) -> tuple[datetime, ...]:
    """When a post was written, by its author's client, and when Bluesky first saw it: those of the two that are told."""
    record = body(view)
    told = (moment(record.get("createdAt")), moment(view.get("indexedAt")))
    return tuple(one for one in told if one is not None)


def body(view: Json) -> Json:
    """The record of a post: views of posts hold it as `record`, embedded views and repositories as `value`."""
    record = view.get("record", view.get("value"))
    if not isinstance(record, dict):
        raise Invalid("a post without its record: there is nothing that was said")
    return record


def plain(value: object, field: str) -> str:
    """A text that every store can hold. Raises Invalid when it is none."""
    if not isinstance(value, str):
        raise Invalid(f"{field} is not text: {str(value)[:40]!r}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{field} holds half a character: {value[:40]!r}") from error
    return value


def counts(view: Json, author: Json) -> dict[str, int]:
    """The counts of a post under our names, and its author's followers where they are told; no count, no entry."""
    found = {ours: n for ours, theirs in _COUNTS if (n := whole(view.get(theirs))) is not None}
    followers = whole(author.get("followersCount"))
    return found if followers is None else {**found, "author_followers": followers}


def whole(value: object) -> int | None:
    """A count, None where it is none."""
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def language(langs: object) -> str:
    """The first language that the author's client names, "" where it names none."""
    first = langs[0] if isinstance(langs, list) and langs else ""
    return first if isinstance(first, str) and first.isascii() and first.isprintable() and len(first) <= 35 else ""


def quoted(record: Json) -> str | None:
    """The address of the post that a post quotes; None when it embeds none (a list, a feed, a picture)."""
    embed = record.get("embed")
    held = embed.get("record") if isinstance(embed, dict) else None
    if isinstance(held, dict) and isinstance(held.get("record"), dict):  # a quote beside pictures is one level deeper
        held = held["record"]
    uri = held.get("uri") if isinstance(held, dict) else None
    return uri if isinstance(uri, str) and post_address(uri) else None


def mentioned(record: Json) -> list[str]:
    """Our ids of the accounts that a text names, by its facets; what is no facet is passed over."""
    facets = record.get("facets")
    features = [
        feature
        for facet in (facets if isinstance(facets, list) else ())
        if isinstance(facet, dict) and isinstance(facet.get("features"), list)
        for feature in facet["features"]
        if isinstance(feature, dict) and feature.get("$type") == "app.bsky.richtext.facet#mention"
    ]
    found = [account_id(feature.get("did")) for feature in features]
    return [one for one in found if one is not None]
