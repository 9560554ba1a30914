"""What X says of posts that were looked up by their ids: how they are now, and which are gone; this room's client comes in.

What was decided: a post is gone when X names its id among the errors of a look-up, as not found (deleted) or as not to be
seen by us (its author is protected, suspended or withdrew it). X's terms ask to remove both alike, so both are deletions;
which of the two it was stays readable in the archived answer. An id about which X says neither is left as it is: so is a
post of which only a past version came, and one that could not be read.

A post with more answers than before is stored with its old count, as of the old time, until those answers are read: a look
that ends in between leaves it to the next one. The page that brings the answers brings the post again, up to date.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from connectors.x.edits import history_of, is_past
from connectors.x.fields import MISSHAPEN, own_id
from connectors.x.v2 import parse_v2_page
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from connectors.x.fields import Parsed
    from social_crm.domain.mention import Mention

    Json: TypeAlias = Mapping[str, Any]

LARGEST_LOOKUP = 100
NO_PAGE = b"null"
_OWN_FORM = re.compile(r"x:[0-9]{1,19}")
_GONE = frozenset({"Not Found Error", "Authorization Error"})


def batches(mentions: Sequence[Mention], size: int) -> list[tuple[Mention, ...]]:
    """Those mentions that X can know, by the form of their ids, so many in each look-up."""
    own = [mention for mention in mentions if _OWN_FORM.fullmatch(mention.id)]
    size = min(size, LARGEST_LOOKUP)
    return [tuple(own[start : start + size]) for start in range(0, len(own), size)]


def halves(batch: tuple[Mention, ...]) -> list[tuple[Mention, ...]]:
    """The same in two look-ups; one mention cannot be halved."""
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]] if middle else []


def look(content: bytes, unread: Iterable[Mention] = (), told: Iterable[tuple[str, str]] = ()) -> bytes:
    """The answer of a look-up, or NO_PAGE, as the archive keeps it.

    Beside it stand the stored mentions whose new answers are `unread`, and the (reason, piece) pairs `told` as rejects.
    """
    known = {one.id: (one.metrics.get("replies", 0), one.collected_at.isoformat()) for one in unread}
    return _beside(content, {"unread": known, "told": list(told)})


def thread(content: bytes, looked: Sequence[Json], told: Iterable[tuple[str, str]] = ()) -> bytes:
    """The answer of a search for late answers, or NO_PAGE, with those answers of look-ups that it makes up to date."""
    return _beside(content, {"looked": looked, "told": list(told)})


def only(answer: Json, mentions: Iterable[Mention]) -> Json:
    """An answer of a look-up with some of its posts, and of what hangs on them: the words of others do not come along."""
    wanted = {mention.id for mention in mentions}
    kept = [tweet for tweet in answer.get("data") or () if isinstance(tweet, dict) and wanted & set(history_of(tweet))]
    near = {own for tweet in kept for own in (*history_of(tweet), *_pointed_at(tweet))}
    includes = answer.get("includes")
    if not isinstance(includes, dict):
        return {"data": kept}
    tweets = [one for one in includes.get("tweets") or () if isinstance(one, dict) and own_id(one.get("id")) in near]
    return {"data": kept, "includes": {"users": includes.get("users") or [], "tweets": tweets}}


def _pointed_at(tweet: Json) -> set[str | None]:
    referenced = tweet.get("referenced_tweets")
    return {own_id(one.get("id")) for one in (referenced if isinstance(referenced, list) else ()) if isinstance(one, dict)}


def parse_look(answer: Json, collected_at: datetime) -> Parsed:
    """The posts of a look-up, those that have unread answers with their old counts. Raises Invalid when it is none."""
    try:
        found = ((), (), ()) if answer["page"] is None else parse_lookup(answer["page"], collected_at)
        mentions = [_as_before(one, answer["unread"].get(one.id)) for one in found[0]]
        return mentions, found[1], (*found[2], *_told(answer))
    except MISSHAPEN as error:
        raise Invalid(f"not a look-up of X: {type(error).__name__} {error}"[:200]) from error


def parse_thread(answer: Json, collected_at: datetime) -> Parsed:
    """Late answers, and the posts that they make up to date. Raises Invalid when it is not such an answer."""
    try:
        none: Parsed = ((), (), ())
        late = none if answer["page"] is None else parse_v2_page(answer["page"], collected_at)
        pieces = [late, *(parse_lookup(one, collected_at) for one in answer["looked"])]
        mentions = {one.id: one for found in reversed(pieces) for one in found[0]}
        accounts = {one.id: one for found in reversed(pieces) for one in found[1]}
        return tuple(mentions.values()), tuple(accounts.values()), (*late[2], *_told(answer))
    except MISSHAPEN as error:
        raise Invalid(f"not late answers of X: {type(error).__name__} {error}"[:200]) from error


def parse_lookup(answer: Json, collected_at: datetime) -> Parsed:
    """The posts of a look-up; an answer of nothing but errors has none. Raises Invalid when it is no answer of the API."""
    if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
        raise Invalid("not an answer of X's look-up: it has neither data nor errors")
    return parse_v2_page({**answer, "errors": []}, collected_at)


def settled(answer: Json, asked: Sequence[Mention], seen_at: datetime) -> list[Mention]:
    """Those of the mentions asked for that an answer is clear about: it shows them as they are, or says they are gone."""
    past = {history_of(tweet)[0] for tweet in _shown(answer) if is_past(tweet)}
    current = {history_of(tweet)[0] for tweet in _shown(answer) if history_of(tweet) and not is_past(tweet)}
    there = {mention.id for mention in parse_lookup(answer, seen_at)[0]} - (past - current)
    return [mention for mention in asked if mention.id in there or mention.id in _gone(answer)]


def shown_in(answers: Iterable[Json]) -> set[str]:
    """The posts whose words stand in some answers, in whatever place and version."""
    return {own for answer in answers for tweet in _shown(answer) for own in history_of(tweet)[:1]}


def _shown(answer: Json) -> list[Json]:
    """Every tweet that an answer shows, whole or as a version of another."""
    includes = answer.get("includes")
    pointed_at = includes.get("tweets") if isinstance(includes, dict) else None
    pieces = [answer.get("data"), pointed_at]
    return [tweet for piece in pieces if isinstance(piece, list) for tweet in piece if isinstance(tweet, dict)]


def _gone(answer: Json) -> set[str | None]:
    """The ids that were asked for and that X says are gone; what only hangs on another post is told under another name."""
    errors = answer.get("errors")
    return {
        own_id(error.get("resource_id") or error.get("value"))
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict) and error.get("parameter") == "ids" and error.get("title") in _GONE
    }


def _beside(content: bytes, ours: Json) -> bytes:
    return b'{"page":' + content + b"," + orjson.dumps(ours)[1:]


def _told(answer: Json) -> list[tuple[str, Any]]:
    return [(str(reason), piece) for reason, piece in answer["told"]]


def _as_before(mention: Mention, known: Sequence[Any] | None) -> Mention:
    if known is None:
        return mention
    replies, collected_at = known
    return replace(mention, metrics={**mention.metrics, "replies": replies}, collected_at=parse_time(collected_at))
