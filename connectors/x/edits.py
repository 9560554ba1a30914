"""Edited posts of X told as one: which versions an answer shows and which of them counts; this room's parsers come in.

X gives each edit a new id; `edit_history_tweet_ids` lists all ids of a post, the first one first. What was decided: a
mention's id is the first of them and its `posted_at` the time of that version, so that one post stays one mention however
often it is edited. Words and counts are those of the newest version that an answer shows, `edited_at` is when that version
was written. Where the first version is not shown, its time stands in its own id.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.x.fields import own_id, v2_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    Json: TypeAlias = Mapping[str, Any]

# X's ids hold milliseconds since this instant, above 22 bits of counting.
_FIRST_SNOWFLAKE = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_COUNTING_BITS = 22
_LONGEST_SNOWFLAKE = 19
# Posts can be edited for half an hour; an id that says anything much earlier is no id of that kind.
_LONGEST_EDITING = timedelta(days=1)


def history_of(tweet: Json) -> tuple[str, ...]:
    """Our ids of all versions of a post, the first one first; only its own where X tells no history that holds it."""
    own = own_id(tweet.get("id"))
    told = tweet.get("edit_history_tweet_ids")
    ids = [own_id(one) for one in told] if isinstance(told, list) else []
    known = tuple(one for one in ids if one is not None)
    return known if own in known else () if own is None else (own,)


def is_past(tweet: Json) -> bool:
    """Whether a newer version of the post is told of."""
    history = history_of(tweet)
    return bool(history) and own_id(tweet.get("id")) != history[-1]


class Versions:
    """The versions of edited posts that an answer shows."""

    def __init__(self, tweets: Iterable[object]) -> None:
        self._firsts: dict[str, str] = {}
        self._shown: dict[str, dict[str, Json]] = {}
        for tweet in tweets:
            own = own_id(tweet.get("id")) if isinstance(tweet, dict) else None
            if own is not None and isinstance(tweet, dict) and len(history := history_of(tweet)) > 1:
                self._firsts.update(dict.fromkeys(history, history[0]))
                self._shown.setdefault(history[0], {})[own] = tweet

    def first(self, own: str | None) -> str | None:
        """The id of the mention to which the id of a version belongs."""
        return None if own is None else self._firsts.get(own, own)

    def current(self, tweets: Iterable[object]) -> list[object]:
        """The tweets, each post once: in place of a past version stands the newest that the answer shows."""
        found, seen = [], set()
        for tweet in tweets:
            history = history_of(tweet) if isinstance(tweet, dict) else ()
            if len(history) < 2:
                found.append(tweet)
            elif history[0] not in seen:
                seen.add(history[0])
                found.append(self._newest(history[0]))
        return found

    def _newest(self, first: str) -> Json:
        shown = self._shown[first]
        return shown[max(shown, key=lambda own: (len(own), own))]  # decimal digits: a longer number is a larger one

    def posted_at(self, tweet: Json) -> datetime:
        """When the first version was posted. Raises Invalid when the tweet's own time is none."""
        own_time = v2_time(tweet["created_at"])
        first = history_of(tweet)[0]
        if first == own_id(tweet.get("id")):
            return own_time
        shown = self._shown.get(first, {}).get(first, {}).get("created_at")
        told = v2_time(shown) if shown else _time_in(first)
        return told if told is not None and timedelta(0) <= own_time - told <= _LONGEST_EDITING else own_time


def _time_in(own: str) -> datetime | None:
    """The time that stands in an id `x:<digits>`; None for one that is too long to hold any."""
    digits = own[2:]
    if len(digits) > _LONGEST_SNOWFLAKE:
        return None
    return _FIRST_SNOWFLAKE + timedelta(milliseconds=int(digits) >> _COUNTING_BITS)
