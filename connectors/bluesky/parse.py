"""What Bluesky says, as facts: the posts of a search or a look-up, and the posts of a thread; its client comes in.

A post is known by its address and an account by its did, which both stay when a handle changes. `posted_at` is the earlier
of what the author's client wrote and of when Bluesky first saw the post: a client may lie about the future, and archives
brought along from elsewhere are older than their arrival. A post that answers and quotes is a reply. What pictures show
(their alternative texts) is not the text. Bluesky tells of no edits: a record may be replaced, and then reads differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.bluesky.fields import (
    MISSHAPEN,
    account_id,
    author_of,
    body,
    counts,
    language,
    mentioned,
    moment,
    moments,
    plain,
    post_address,
    quoted,
    whole,
)
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from connectors.bluesky.fields import Json
    from connectors.transport.envelopes import Parsed

PLACE = "https://bsky.app/profile"


def parse_posts(answer: object, collected_at: datetime) -> Parsed:
    """The posts of a search or of a look-up. Raises Invalid when it is no answer of either."""
    return _each(_posts(answer), collected_at)


def parse_thread(answer: object, collected_at: datetime) -> Parsed:
    """The posts of a thread that are shown. Raises Invalid when it is not a thread."""
    return _each(_nodes(answer), collected_at)


def parse_post(view: object, collected_at: datetime) -> tuple[Mention, Account | None]:
    """One post: a view of it, as part of another post or not, or its record with its address.

    A bare record tells nothing of its author but the did, so it gives no account. Raises Invalid with the reason.
    """
    try:
        if not isinstance(view, dict):
            raise Invalid("not a post of Bluesky: it is not an object")
        return _mention(view, collected_at), _account(view, collected_at)
    except MISSHAPEN as error:
        raise Invalid(f"not a post of Bluesky: {type(error).__name__} {error}"[:200]) from error


def latest_times(answer: object) -> list[datetime]:
    """For each post of a search, the later of its two times: whatever the search sorts by, no post sorts above it.

    So the earliest of them bounds all posts that the search has not shown yet, also beside posts dated into the future.
    """
    found = [moments(view) for view in _posts(answer) if isinstance(view, dict) and isinstance(view.get("record"), dict)]
    return [max(times) for times in found if times]


def is_gone(answer: object, uri: str) -> bool:
    """Whether the answer for a thread says of exactly this post that it does not exist; one that is hidden from us does."""
    thread = answer.get("thread") if isinstance(answer, dict) else None
    return isinstance(thread, dict) and thread.get("notFound") is True and thread.get("uri") == uri


def reply_counts(answer: object) -> dict[str, int]:
    """How many direct answers the posts of a look-up have, by our ids."""
    views = [view for view in _posts(answer) if isinstance(view, dict) and post_address(view.get("uri"))]
    told = {f"bluesky:{view['uri']}": whole(view.get("replyCount")) for view in views}
    return {own: replies for own, replies in told.items() if replies is not None}


def said_in(answer: object) -> set[str]:
    """Our ids of all posts whose words an answer holds, those among them that others quote."""
    found: set[str] = set()
    waiting = [answer]
    while waiting:  # no recursion: an answer may be deep
        one = waiting.pop()
        if isinstance(one, dict):
            told = (one.get("record"), one.get("value"))
            if any(isinstance(record, dict) for record in told) and post_address(one.get("uri")):
                found.add(f"bluesky:{one['uri']}")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def _posts(answer: object) -> list[Any]:
    posts = answer.get("posts") if isinstance(answer, dict) else None
    if not isinstance(posts, list):
        raise Invalid("not an answer of Bluesky with posts: it has no list of them")
    return posts


def _nodes(answer: object) -> Iterator[object]:
    """The posts of a thread; no recursion: threads are deep. What is gone or hidden from us has no post."""
    thread = answer.get("thread") if isinstance(answer, dict) else None
    if not isinstance(thread, dict):
        raise Invalid("not an answer of Bluesky with a thread")
    waiting: list[Json] = [thread]
    while waiting:
        node = waiting.pop()
        if "post" in node:
            yield node["post"]
        replies: object = node.get("replies")
        waiting += reversed([one for one in replies if isinstance(one, dict)] if isinstance(replies, list) else [])


def _each(views: Iterable[object], collected_at: datetime) -> Parsed:
    mentions: list[Mention] = []
    accounts: dict[str, Account] = {}
    faults: list[tuple[str, Any]] = []
    for view in views:
        try:
            mention, account = parse_post(view, collected_at)
        except Invalid as error:
            faults.append((error.message, view))
        else:
            mentions.append(mention)
            if account is not None:
                accounts[account.id] = account
    return mentions, tuple(accounts.values()), faults


def _mention(view: Json, collected_at: datetime) -> Mention:
    uri = view.get("uri")
    place, author = post_address(uri), author_of(uri)
    if place is None or author is None:
        raise Invalid(f"no post: {str(uri)[:80]!r} is not the address of one")
    record, times = body(view), moments(view)
    if not times:
        raise Invalid("a post without a time: neither createdAt nor indexedAt is one")
    parent, root = _answered(record)
    quote = quoted(record)
    return Mention(
        id=f"bluesky:{uri}",
        author=author,
        posted_at=min(times),
        collected_at=collected_at,
        text=plain(record.get("text"), "text"),
        kind=Kind.REPLY if parent else Kind.QUOTE if quote else Kind.POST,
        parent=f"bluesky:{parent}" if parent else None,
        thread=f"bluesky:{root or uri}",
        addressed=_addressed(record, parent, quote, author),
        metrics=counts(view, _face(view)),
        language=language(record.get("langs")),
        url=f"{PLACE}/{place[0]}/post/{place[1]}",
    )


def _answered(record: Json) -> tuple[str | None, str | None]:
    """The addresses of the post that is answered and of the first one of its thread."""
    reply = record.get("reply")
    if reply is None:
        return None, None
    parent = reply["parent"]["uri"]
    if not post_address(parent):
        raise Invalid(f"a reply to {str(parent)[:80]!r}, which is not the address of a post")
    held = reply.get("root")
    root = held.get("uri") if isinstance(held, dict) else None
    return parent, root if post_address(root) else parent


def _addressed(record: Json, parent: str | None, quote: str | None, author: str) -> tuple[tuple[How, str], ...]:
    pointed = [(How.REPLY, author_of(parent)), (How.QUOTE, author_of(quote))]
    named = [(How.MENTION, one) for one in mentioned(record)]
    return address([(how, one) for how, one in (*pointed, *named) if one is not None], author)


def _face(view: Json) -> Json:
    author = view.get("author")
    return author if isinstance(author, dict) else {}


def _account(view: Json, collected_at: datetime) -> Account | None:
    face = _face(view)
    if not face:
        return None
    own, lies_with = account_id(face.get("did")), author_of(view.get("uri"))
    if own is None or own != lies_with:
        raise Invalid(f"a post of {str(lies_with)[:60]} that is said to be by {str(face.get('did'))[:60]!r}")
    did = own.partition(":")[2]
    handle = face.get("handle")
    return Account(
        id=own,
        handle=plain(handle, "handle") if handle else did,
        observed_at=collected_at,
        name=plain(face.get("displayName") or "", "displayName"),
        followers=whole(face.get("followersCount")),
        created_at=moment(face.get("createdAt")),
        url=f"{PLACE}/{did}",
    )
