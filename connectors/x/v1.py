"""Objects of X's API v1.1 turned into facts, quickly: the hot path of an import; `connectors.x.parse` comes in.

What was decided:

- A repost addresses the reposted author and nobody else: the mentions inside belong to the reposted text. Its counts are
  left out, since X repeats the original's on it.
- The reposted or quoted original gives an account but no mention: it was not collected, it only hangs on what was. Taking
  it would count people whom the query never matched, with no say on what else they wrote.
- v1.1 knows no conversation. As on v2 (where 4,097 of 4,097 replies stand in another tweet's conversation and 5,033 of
  5,033 other tweets in their own), a reply stands in the thread of the tweet that it answers, all else opens its own.
  So a root and its direct replies share a thread; deeper replies do not find the root.
- An account is the face as of that tweet: observed when the tweet was posted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    v1_birth,
    v1_time,
)
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import TypeAlias

    from connectors.x.fields import Parsed

    Json: TypeAlias = Mapping[str, Any]

_COUNTS = (("likes", "favorite_count"), ("reposts", "retweet_count"), ("replies", "reply_count"), ("quotes", "quote_count"))
_DAYS = frozenset({"Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "})


def looks_like_v1(raw: object) -> bool:
    """Whether a JSON value is a tweet of API v1.1, or an array of them: its time is written `Wed Aug 27 ...`."""
    if isinstance(raw, list):
        return bool(raw) and looks_like_v1(raw[0])
    if not isinstance(raw, dict) or "user" not in raw:
        return False
    return ("id_str" in raw or "id" in raw) and isinstance(when := raw.get("created_at"), str) and when[:4] in _DAYS


def parse_v1(raw: object, collected_at: datetime) -> Parsed:
    """One tweet of API v1.1 (or an array of them): the mention, its author, and the author whom it reposts or quotes.

    Raises Invalid with the reason when the id, the author, the time or the text is missing or not of X's form.
    """
    if not isinstance(raw, dict):
        if isinstance(raw, list):
            return each(raw, lambda item: parse_v1(item, collected_at))
        raise Invalid("not a tweet of API v1.1: not a JSON object")
    try:
        mention, accounts = _tweet(raw, collected_at)
    except MISSHAPEN as error:
        raise Invalid(f"not a tweet of API v1.1: {type(error).__name__} {error}"[:200]) from error
    return (mention,), accounts, ()


def _tweet(raw: Json, collected_at: datetime) -> tuple[Mention, tuple[Account, ...]]:
    own = require_id(raw.get("id_str") or raw.get("id"), "tweet")
    user = raw.get("user")
    if not user:
        raise Invalid(f"tweet {own}: no user: ask for whole user objects")
    author = require_id(user.get("id_str") or user.get("id"), "user")
    posted_at = v1_time(raw.get("created_at") or "")
    body = raw.get("extended_tweet") or raw
    reposted, quoted = raw.get("retweeted_status"), raw.get("quoted_status")
    other = reposted or quoted
    answered = own_id(raw.get("in_reply_to_status_id_str") or raw.get("in_reply_to_status_id"))
    face = _face(user, author, posted_at)
    mention = Mention(
        own,
        author,
        posted_at,
        collected_at,
        plain(body.get("full_text") or raw.get("full_text") or raw.get("text")),
        _kind(raw, reposted, quoted),
        answered or _original(raw, other),
        answered or own,
        _reposted(reposted, author) if reposted else _addressed(raw, body, quoted, author),
        counts(raw, () if reposted else _COUNTS, face.followers if face else follower_count(user)),
        language(raw.get("lang")),
        f"https://x.com/{face.handle if face else 'i'}/status/{own[2:]}",
    )
    faces = (face, _face(other.get("user"), None, posted_at)) if other else (face,)
    return mention, tuple(filter(None, faces))


def _kind(raw: Json, reposted: Json | None, quoted: Json | None) -> Kind:
    if reposted:
        return Kind.REPOST
    if quoted or raw.get("is_quote_status"):
        return Kind.QUOTE
    if raw.get("in_reply_to_status_id") or raw.get("in_reply_to_user_id"):
        return Kind.REPLY
    return Kind.POST


def _original(raw: Json, original: Json | None) -> str | None:
    """The reposted or quoted tweet; `quoted_status_id` stays where the quoted tweet is gone."""
    if original:
        return own_id(original.get("id_str") or original.get("id"))
    return own_id(raw.get("quoted_status_id_str") or raw.get("quoted_status_id"))


def _reposted(original: Json, author: str) -> tuple[tuple[How, str], ...]:
    whom = _user_id(original.get("user"))
    return ((How.REPOST, whom),) if whom and whom != author else ()


def _addressed(raw: Json, body: Json, quoted: Json | None, author: str) -> tuple[tuple[How, str], ...]:
    named = (body.get("entities") or raw.get("entities") or {}).get("user_mentions")
    answered = raw.get("in_reply_to_user_id_str") or raw.get("in_reply_to_user_id")
    if not (named or answered or quoted):
        return ()
    pairs = [(How.MENTION, _user_id(user)) for user in named or ()]
    if answered:
        pairs.append((How.REPLY, own_id(answered)))
    if quoted:
        pairs.append((How.QUOTE, _user_id(quoted.get("user"))))
    return address([(how, account) for how, account in pairs if account], author)


def _user_id(user: Json | None) -> str | None:
    return own_id(user.get("id_str") or user.get("id")) if user else None


def _face(user: Json | None, own: str | None, seen_at: datetime) -> Account | None:
    """The account as the tweet shows it; None for a user who is gone or trimmed to an id."""
    if not user:
        return None
    handle = user.get("screen_name")
    own = own or _user_id(user)
    if not own or not handle:
        return None
    born = user.get("created_at")
    return Account(
        own,
        text_of(handle, "screen_name"),
        seen_at,
        text_of(user.get("name") or "", "name"),
        follower_count(user),
        v1_birth(born) if born else None,
        f"https://x.com/{handle}",
    )
