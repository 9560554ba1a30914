"""What YouTube says, as facts: comment threads, and comments by themselves; this room's client comes in.

A thread is a top comment and its replies, two levels deep. A top comment stands alone: it has no parent, and its thread is
its own id; the video that it stands under is in its address. A reply answers the top comment. The name that YouTube shows
is the handle, which may change: the account is the channel's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from social_crm.domain.account import Account
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address, natural_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import TypeAlias

    from connectors.transport.envelopes import Parsed

    Json: TypeAlias = Mapping[str, Any]

PLACE = "https://www.youtube.com"
_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
_LARGEST = 2**63 - 1  # what every store can hold; a count above it is not one


@dataclass(frozen=True, slots=True)
class Top:
    """What a reply alone does not tell of its thread: the channel that began it, and the video; "" where unknown."""

    author: str = ""
    video: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread in a listing: its id, its top comment, since when, and whether it has replies that did not come with it."""

    id: str
    top: Top
    posted_at: datetime | None
    untold: bool


def items_of(page: Any) -> list[Any]:
    """The items of a list. Raises Invalid when it is not one of YouTube's: an empty one may leave them out."""
    if not isinstance(page, dict) or not str(page.get("kind")).endswith("ListResponse"):
        raise Invalid("not a list that YouTube gave: it does not say that it is one")
    items = page.get("items", [])
    if not isinstance(items, list):
        raise Invalid("not a list that YouTube gave: its items are no list")
    return items


def threads_of(page: Json) -> list[Thread]:
    """What a walk must know of the threads of a list; what cannot be read is left to the parser's rejects."""
    found = []
    for item in items_of(page):
        try:
            found.append(_thread(item))
        except (Invalid, *_MISSHAPEN):
            continue
    return found


def told_replies(page: Json) -> set[str]:
    """The ids of the replies that stand in a list of threads, also where they are read from pages of their own."""
    found: set[str] = set()
    for item in items_of(page):
        try:
            found |= {natural_id("youtube", one["id"]) for one in (item.get("replies") or {}).get("comments") or ()}
        except (Invalid, *_MISSHAPEN):
            continue
    return found


def parse_threads(answer: Json, collected_at: datetime) -> Parsed:
    """Threads: `page` is YouTube's list, `later` holds the threads whose replies come in pages of their own.

    Raises Invalid when it is not such an answer.
    """
    later, pieces = frozenset(answer.get("later") or ()) if isinstance(answer, dict) else frozenset(), []
    faults: list[tuple[str, Any]] = []
    for item in items_of(_page(answer)):
        try:
            pieces += _pieces(item, told=item["id"] not in later)
        except _MISSHAPEN as error:
            faults.append((f"not a thread of YouTube: {type(error).__name__} {error}"[:200], item))
    return _each(pieces, faults, collected_at)


def parse_comments(answer: Json, collected_at: datetime) -> Parsed:
    """Comments: `page` is YouTube's list, `tops` tells of each thread what comments do not.

    Raises Invalid when it is not such an answer.
    """
    items = items_of(_page(answer))
    raw = answer.get("tops")
    known = {str(own): Top(*map(str, told)) for own, told in raw.items()} if isinstance(raw, dict) else {}
    return _each([(item, known.get(_top_of(item), Top()), None) for item in items], [], collected_at)


def parse_videos(answer: Json, collected_at: datetime) -> Parsed:  # noqa: ARG001 - what every parser takes
    """The videos of a search hold no comments. Raises Invalid when it is not such an answer."""
    items_of(_page(answer))
    return (), (), ()


def _page(answer: Any) -> Any:
    return answer.get("page") if isinstance(answer, dict) else None


def _top_of(item: Any) -> str:
    """The top comment of a comment: what stands before the dot of its parent, or itself."""
    snippet = item.get("snippet") if isinstance(item, dict) else None
    parent = snippet.get("parentId") if isinstance(snippet, dict) else None
    own = item.get("id") if isinstance(item, dict) else None
    return str(parent or own).partition(".")[0]


def _thread(item: Json) -> Thread:
    snippet = item["snippet"]
    top = snippet["topLevelComment"]["snippet"]
    replies = (item.get("replies") or {}).get("comments") or ()
    try:
        posted_at = parse_time(top["publishedAt"])
    except (Invalid, *_MISSHAPEN):
        posted_at = None
    told = Top(_channel(top), str(snippet.get("videoId") or top.get("videoId") or ""))
    return Thread(_text(item["id"]), told, posted_at, int(snippet.get("totalReplyCount") or 0) > len(replies))


def _pieces(item: Json, *, told: bool) -> list[tuple[Any, Top, int | None]]:
    """The comments of a thread, each with its top comment and, for the top one, the count of its replies."""
    snippet = item["snippet"]
    first = snippet["topLevelComment"]
    video = snippet.get("videoId") or first["snippet"].get("videoId") or ""
    top = Top(_channel(first["snippet"]), str(video))
    replies = (item.get("replies") or {}).get("comments") or () if told else ()
    return [(first, top, snippet.get("totalReplyCount")), *((reply, top, None) for reply in replies)]


def _each(pieces: Iterable[tuple[Any, Top, int | None]], faults: list[tuple[str, Any]], collected_at: datetime) -> Parsed:
    mentions: list[Mention] = []
    accounts: dict[str, Account] = {}
    for item, top, replies in pieces:
        try:
            mention = _mention(item, top, replies, collected_at)
            accounts[mention.author] = _account(mention.author, item["snippet"], collected_at)
        except Invalid as error:
            faults.append((error.message, item))
        except _MISSHAPEN as error:
            faults.append((f"not a comment of YouTube: {type(error).__name__} {error}"[:200], item))
        else:
            mentions.append(mention)
    return mentions, tuple(accounts.values()), faults


def _mention(item: Json, top: Top, replies: int | None, collected_at: datetime) -> Mention:
    snippet = item["snippet"]
    own, channel, parent = _text(item["id"]), _channel(snippet), snippet.get("parentId")
    if not channel:
        raise Invalid("no author: YouTube names no channel, the account may be gone")
    author = natural_id("youtube", channel)
    posted_at, answered = parse_time(snippet["publishedAt"]), f"youtube:{top.author}" if parent and top.author else None
    video = snippet.get("videoId") or top.video
    return Mention(
        id=natural_id("youtube", own),
        author=author,
        posted_at=posted_at,
        collected_at=collected_at,
        text=_words(snippet),
        kind=Kind.REPLY if parent else Kind.COMMENT,
        parent=natural_id("youtube", _text(parent)) if parent else None,
        thread=natural_id("youtube", _top_of(item)),
        addressed=address([(How.REPLY, answered)] if answered else [], author),
        metrics=_counts(likes=snippet.get("likeCount"), replies=replies),
        url=f"{PLACE}/watch?v={video}&lc={own}" if video else None,
        edited_at=_edited(snippet, posted_at),
    )


def _account(own: str, snippet: Json, now: datetime) -> Account:
    name = snippet.get("authorDisplayName")
    shown = _text(name) if name else own.partition(":")[2]
    return Account(own, shown.removeprefix("@"), now, shown, url=f"{PLACE}/channel/{own.partition(':')[2]}")


def _channel(snippet: Json) -> str:
    channel = snippet.get("authorChannelId")
    value = channel.get("value") if isinstance(channel, dict) else None
    return value if isinstance(value, str) else ""


def _words(snippet: Json) -> str:
    """What everybody is shown: as written for its author alone."""
    shown = snippet.get("textDisplay")
    return _text(snippet["textOriginal"] if shown is None else shown)


def _edited(snippet: Json, posted_at: datetime) -> datetime | None:
    updated = snippet.get("updatedAt")
    moment = parse_time(updated) if updated else posted_at
    return moment if moment > posted_at else None


def _counts(**found: Any) -> dict[str, int]:
    return {name: n for name, n in found.items() if type(n) is int and 0 <= n <= _LARGEST}


def _text(value: Any) -> str:
    """A text that every store can keep. Raises Invalid for anything else."""
    if not isinstance(value, str):
        raise Invalid(f"not a comment of YouTube: {str(value)[:40]!r} is not text")
    value.encode()  # half of a character cannot be: a ValueError
    return value
