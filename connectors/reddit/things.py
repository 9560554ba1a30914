"""Envelopes of Reddit (listings, things, trees of replies) opened, and its single fields read; our parser comes in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What reading a foreign object of the wrong shape raises: each becomes one Invalid with a reason.
MISSHAPEN = (AttributeError, IndexError, KeyError, OSError, OverflowError, RecursionError, TypeError, ValueError)

CROSSPOSTED = "crossposted"
_KINDS = frozenset({"t1", "t3", "t4", "more", "Listing"})
_LARGEST = 2**63 - 1  # what every store can hold


def is_thing(raw: Mapping[str, Any]) -> bool:
    """Whether an object is an envelope of Reddit's, or a post or comment without one (as dumps hold them)."""
    if "kind" in raw:
        return isinstance(raw["kind"], str) and raw["kind"] in _KINDS and isinstance(raw.get("data"), dict)
    return "subreddit" in raw and "author" in raw and "created_utc" in raw and ("body" in raw or "title" in raw)


def things(raw: object) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every thing inside as (kind, full name, its data), parents before their replies.

    The post that a crosspost repeats comes behind it, as of the kind CROSSPOSTED. Walks with a stack of its own: a thread
    may be nested deeper than Python calls may be.
    """
    waiting = [raw]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, list):
            waiting.extend(reversed(piece))
        elif isinstance(piece, dict) and is_thing(piece):
            kind, data = (piece["kind"], piece["data"]) if "kind" in piece else (_bare_kind(piece), piece)
            if kind == "Listing":
                waiting.append(data.get("children"))
            else:
                yield kind, _name(kind, data), data
                yield from _crossposted(data)
                waiting.append(data.get("replies"))
        elif isinstance(piece, dict) and (wrapped := _wrapped(piece)) is not None:
            waiting.append(wrapped)
        elif isinstance(piece, dict):
            yield _unknown_kind(piece), "", piece
        elif piece not in {None, ""}:  # "" is how Reddit writes that there are no replies
            yield type(piece).__name__, "", {}


def _crossposted(data: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    originals = data.get("crosspost_parent_list")
    for original in originals if isinstance(originals, list) else ():
        if isinstance(original, dict):
            yield CROSSPOSTED, _name("t3", original), original


def _wrapped(piece: Mapping[str, Any]) -> list[Any] | None:
    """The things of an answer to a change, or to what asks for more comments: they stand deeper there."""
    try:
        found = piece["json"]["data"]["things"]
    except MISSHAPEN:
        return None
    return found if isinstance(found, list) else None


def _unknown_kind(piece: Mapping[str, Any]) -> str:
    return kind if isinstance(kind := piece.get("kind"), str) else "none"


def _bare_kind(data: Mapping[str, Any]) -> str:
    return "t1" if "body" in data else "t3"


def _name(kind: str, data: Mapping[str, Any]) -> str:
    """The full name such as t1_k3j2; dumps leave it out and hold the bare id."""
    name = data.get("name")
    if isinstance(name, str) and name.startswith(kind + "_"):
        return name
    return f"{kind}_{data['id']}" if isinstance(data.get("id"), str) and data["id"] else ""


def moment(seconds: object, field: str) -> datetime:
    """Epoch seconds, as number or text, in UTC. Raises Invalid when they are not."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)  # type: ignore[arg-type] # whatever is not a number raises
    except MISSHAPEN as error:
        raise Invalid(f"{field} {str(seconds)[:40]!r} is not a time in seconds since 1970") from error


def plain(text: object, field: str, *, escaped: bool) -> str:
    """The text as its author wrote it; `escaped`: Reddit wrote entities in it. Raises Invalid when it is not text."""
    if not isinstance(text, str):
        raise Invalid(f"no text: {field} holds {str(text)[:40]!r}")
    if not escaped:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def count_of(value: object) -> int | None:
    """A whole number that every store can hold, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST else None
