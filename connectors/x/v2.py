"""Objects of X's API v2 turned into facts, bare tweets and whole answers; `connectors.x.parse` comes in.

What is decided for v1.1 (`connectors.x.v1`) holds here too: tweets under `includes` are what a collected tweet points at,
so they tell who is addressed and are no mentions. Three things differ: the thread is X's own conversation; the users of
an answer are as of its newest tweet that names them, since an answer shows a user once for all its tweets; and the
versions of an edited post are one mention (`connectors.x.edits`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.x.edits import Versions, history_of
from connectors.x.fields import (
    MISSHAPEN,
    counts,
    each,
    follower_count,
    language,
    own_id,
    plain,
    require_id,
    text_of,
    v2_time,
)
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from connectors.x.fields import Parsed

    Json: TypeAlias = Mapping[str, Any]

_COUNTS = (("likes", "like_count"), ("reposts", "retweet_count"), ("replies", "reply_count"), ("quotes", "quote_count"))
_ANSWER = ("data", "includes", "meta", "errors")
_REPOST_PREFIX = "RT @"


class _Known:
    """What an answer says beside its tweets: users by id and by name, tweets that are pointed at by id, and versions."""

    def __init__(self, answer: Json, tweets: Sequence[object]) -> None:
        includes = answer.get("includes") or {}
        users = [user for user in includes.get("users") or () if own_id(user.get("id"))]
        self.users = {own_id(user["id"]): user for user in users}
        self.names = {str(user.get("username")).lower(): own_id(user["id"]) for user in users}
        shown = [tweet for tweet in (*(includes.get("tweets") or ()), *tweets) if isinstance(tweet, dict)]
        self.authors = {own_id(tweet.get("id")): own_id(tweet.get("author_id")) for tweet in shown}
        self.versions = Versions(shown)


def looks_like_v2(raw: object) -> bool:
    """Whether a JSON value is a tweet of API v2, an array of them, or a whole answer of that API."""
    if isinstance(raw, list):
        return bool(raw) and looks_like_v2(raw[0])
    if not isinstance(raw, dict) or "kind" in raw:
        return False
    if "data" in raw:
        return looks_like_v2(raw["data"]) or (raw["data"] == [] and "meta" in raw)
    if "id" not in raw:
        return "meta" in raw and "result_count" in (raw["meta"] or ())
    return all(isinstance(raw.get(name), str) and raw[name].isdecimal() for name in ("id", "author_id")) and "text" in raw


def parse_v2(raw: object, collected_at: datetime) -> Parsed:
    """One tweet of API v2, an array of them, or a whole answer `{"data": ..., "includes": ...}`.

    A bare tweet tells no handle, so it gives no account. Raises Invalid with the reason for a single tweet without id,
    author, time or text, and for an answer that is only an error.
    """
    if isinstance(raw, dict) and "id" not in raw and any(name in raw for name in _ANSWER):
        return parse_v2_page(raw, collected_at)
    alone = _Known({}, ())
    if isinstance(raw, list):
        return each(raw, lambda item: _tweet(item, alone, collected_at))
    return _tweet(raw, alone, collected_at)


def parse_v2_page(answer: Json, collected_at: datetime) -> Parsed:
    """A whole answer of API v2; a tweet that is Invalid does not take the others with it.

    Raises Invalid when the answer is only an error, or not of the API's shape.
    """
    try:
        data = answer.get("data")
        if data is None and answer.get("errors") and not answer.get("meta"):
            raise Invalid(f"an error of X instead of tweets: {answer['errors'][0].get('title')!s:.100}")
        tweets = data if isinstance(data, list) else [] if data is None else [data]
        known = _Known(answer, tweets)
        mentions, seen, faults = each(known.versions.current(tweets), lambda item: _tweet(item, known, collected_at))
        return mentions, _newest(seen), faults
    except MISSHAPEN as error:
        raise Invalid(f"not an answer of API v2: {type(error).__name__} {error}"[:200]) from error


def _tweet(raw: object, known: _Known, collected_at: datetime) -> Parsed:
    if not isinstance(raw, dict):
        raise Invalid("not a tweet of API v2: not a JSON object")
    try:
        mention = _mention(raw, known, collected_at)
        return (mention,), _faces(mention, known), ()
    except MISSHAPEN as error:
        raise Invalid(f"not a tweet of API v2: {type(error).__name__} {error}"[:200]) from error


def _mention(raw: Json, known: _Known, collected_at: datetime) -> Mention:
    version = require_id(raw.get("id"), "tweet")
    own = history_of(raw)[0]
    author = require_id(raw.get("author_id"), "author (ask for tweet.fields=author_id)")
    if not raw.get("created_at"):
        raise Invalid(f"tweet {version}: no created_at: ask for tweet.fields=created_at")
    body = raw.get("note_tweet") or raw
    points_at = {other.get("type"): own_id(other.get("id")) for other in raw.get("referenced_tweets") or ()}
    user = known.users.get(author) or {}
    followers = follower_count(user.get("public_metrics") or {})
    reposted, first = "retweeted" in points_at, known.versions.first
    return Mention(
        own,
        author,
        known.versions.posted_at(raw),
        collected_at,
        plain(body.get("text")),
        _kind(raw, points_at),
        first(points_at.get("replied_to") or points_at.get("retweeted") or points_at.get("quoted")),
        first(_thread(raw, own)) or first(points_at.get("replied_to")) or own,
        address(_reposted(raw, points_at, known) if reposted else _named(raw, body, points_at, known), author),
        counts(raw.get("public_metrics") or {}, () if reposted else _COUNTS, followers),
        language(raw.get("lang")),
        f"https://x.com/{user.get('username') or 'i'}/status/{own[2:]}",
        v2_time(raw["created_at"]) if version != own else None,
    )


def _thread(raw: Json, own: str) -> str | None:
    """X's own conversation; what is in the history of a post itself opened that conversation under its first id."""
    told = own_id(raw.get("conversation_id"))
    return own if told in history_of(raw) else told


def _kind(raw: Json, points_at: Mapping[Any, str | None]) -> Kind:
    if "retweeted" in points_at:
        return Kind.REPOST
    if "quoted" in points_at:
        return Kind.QUOTE
    return Kind.REPLY if "replied_to" in points_at or raw.get("in_reply_to_user_id") else Kind.POST


def _reposted(raw: Json, points_at: Mapping[Any, str | None], known: _Known) -> list[tuple[How, str]]:
    """The reposted author, from the included tweet, else from the name in `RT @name: ...`."""
    author = known.authors.get(points_at["retweeted"])
    if author is None and str(raw.get("text")).startswith(_REPOST_PREFIX):
        named = (raw.get("entities") or {}).get("mentions") or ()
        author = next((_user(user, known) for user in named if user.get("start") == len(_REPOST_PREFIX) - 1), None)
    return [(How.REPOST, author)] if author else []


def _named(raw: Json, body: Json, points_at: Mapping[Any, str | None], known: _Known) -> list[tuple[How, str]]:
    """Whom a tweet answers, quotes and mentions; a name whose id nobody tells is left out."""
    answered = own_id(raw.get("in_reply_to_user_id")) or known.authors.get(points_at.get("replied_to"))
    named = (body.get("entities") or raw.get("entities") or {}).get("mentions") or ()
    pairs = [(How.REPLY, answered), (How.QUOTE, known.authors.get(points_at.get("quoted")))]
    pairs += [(How.MENTION, _user(user, known)) for user in named]
    return [(how, account) for how, account in pairs if account]


def _user(named: Json, known: _Known) -> str | None:
    return own_id(named.get("id")) or known.names.get(str(named.get("username")).lower())


def _faces(mention: Mention, known: _Known) -> list[Account]:
    """The author and whoever is addressed, as far as the answer shows them."""
    ids = (mention.author, *(account for _, account in mention.addressed))
    return [_account(account, known.users[account], mention.posted_at) for account in ids if account in known.users]


def _account(own: str, user: Json, seen_at: datetime) -> Account:
    handle = text_of(user.get("username"), "username")
    return Account(
        own,
        handle,
        seen_at,
        text_of(user.get("name") or "", "name"),
        follower_count(user.get("public_metrics") or {}),
        v2_time(user["created_at"]) if user.get("created_at") else None,
        f"https://x.com/{handle}",
    )


def _newest(seen: Sequence[Account]) -> tuple[Account, ...]:
    newest: dict[str, Account] = {}
    for account in seen:
        known = newest.get(account.id)
        if known is None or account.observed_at > known.observed_at:
            newest[account.id] = account
    return tuple(newest.values())
