"""What Discourse says, as facts: posts of its listing, its topics and single ones; its client comes in.

A mention's id is `discourse:<host>/<topic>/<number>`, the place of the post in its topic: the API names what a post answers
by that number, and one replies by it. Its url holds the forum's own number of the post, which stays when a post is moved
to another topic. An account's id is its user name in lower case: users may change theirs in their first days only, and
answers, mentions and quotes name people by it alone. The text of a topic's first post is the topic's title and, below it,
what it says; quotes of others are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.discourse.naming import names_in, quotes_in
from connectors.transport.words import text_of_html
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

_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
_LIKE = 2  # the number of the action "like"
_SMALL_ACTION, _WHISPER = 3, 4  # types of posts
_LARGEST = 2**53


def parse_latest(answer: Any, collected_at: datetime, host: str) -> Parsed:
    """The listing of all posts. Raises Invalid when it is none."""
    posts = answer.get("latest_posts") if isinstance(answer, dict) else None
    if not isinstance(posts, list):
        raise Invalid("not Discourse's listing of posts: it has no latest_posts")
    return _each(posts, collected_at, host, None)


def parse_search(answer: Any, _collected_at: datetime, _host: str) -> Parsed:
    """A page of a search: it tells topics to read, and only pieces of texts, so no facts. Raises Invalid if it is none."""
    return (), (), [("a hit without a topic, a number or a time", hit) for hit in hits_of(answer) if hit_of(hit) is None]


def parse_thread(answer: Any, collected_at: datetime, host: str) -> Parsed:
    """A topic (`topic`) and more of its posts (`more`); either may be null. Raises Invalid when it is neither."""
    if not isinstance(answer, dict) or not {"topic", "more"} <= answer.keys():
        raise Invalid("not a topic of Discourse")
    topic = answer["topic"]
    title = topic.get("title") if isinstance(topic, dict) else None
    posts = [*posts_of(topic), *posts_of(answer["more"])]
    return _each(posts, collected_at, host, title if isinstance(title, str) else None)


def parse_post(answer: Any, collected_at: datetime, host: str) -> Parsed:
    """A single post. Raises Invalid when it is none."""
    if not isinstance(answer, dict) or "post_number" not in answer:
        raise Invalid("not a post of Discourse: it has no number")
    return _each([answer], collected_at, host, None)


def hits_of(answer: Any) -> list[Any]:
    """The posts of a search. Raises Invalid when it is not an answer of the search."""
    if isinstance(answer, dict) and "grouped_search_result" in answer:
        hits = answer.get("posts", [])
        if isinstance(hits, list):
            return hits
    raise Invalid("not an answer of Discourse's search: it has no grouped_search_result")


def hit_of(hit: Any) -> tuple[int, int, datetime] | None:
    """Topic, number of the post in the forum, and time of a hit; None when one is missing."""
    try:
        return int(hit["topic_id"]), int(hit["id"]), parse_time(hit["created_at"])
    except (Invalid, *_MISSHAPEN):
        return None


def posts_of(answer: Any) -> list[Any]:
    """The posts of a topic's answer; none of null."""
    if answer is None:
        return []
    stream = answer.get("post_stream") if isinstance(answer, dict) else None
    posts = stream.get("posts") if isinstance(stream, dict) else None
    if not isinstance(posts, list):
        raise Invalid("not a topic of Discourse: it has no post_stream")
    return posts


def numbers_of(posts: Iterable[Any]) -> list[int]:
    """The forum's own numbers of some posts, of those that have one."""
    return [post["id"] for post in posts if isinstance(post, dict) and type(post.get("id")) is int]


def shown_in(answer: Any, host: str) -> set[str]:
    """The ids of all posts of which an answer holds words: its own, those it quotes, and first posts by title."""
    found: set[tuple[int, int]] = set()
    waiting = [answer]
    while waiting:  # no recursion: an answer may be deep
        one = waiting.pop()
        if isinstance(one, dict):
            found |= _places_in(one)
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return {_place(host, topic, number) for topic, number in found if 0 < topic < _LARGEST and 0 < number < _LARGEST}


def _places_in(post: Json) -> set[tuple[int, int]]:
    topic, number, cooked = post.get("topic_id"), post.get("post_number"), post.get("cooked")
    found = set(quotes_in(cooked)) if isinstance(cooked, str) else set()
    if type(topic) is int:
        found |= {(topic, 1), (topic, number if type(number) is int else 1)}
    return found


def _each(posts: list[Any], collected_at: datetime, host: str, title: str | None) -> Parsed:
    mentions: dict[str, Mention] = {}
    accounts: dict[str, Account] = {}
    faults: list[tuple[str, Any]] = []
    for post in posts:
        try:
            mention = _mention(post, collected_at, host, title)
            account = _account(post, mention.author, host, collected_at)
        except Invalid as error:
            faults.append((error.message, post))
        except _MISSHAPEN as error:
            faults.append((f"not a post of Discourse: {type(error).__name__} {error}"[:200], post))
        else:
            mentions[mention.id] = mention
            accounts[account.id] = account
    return tuple(mentions.values()), tuple(accounts.values()), faults


def _mention(post: Json, collected_at: datetime, host: str, title: str | None) -> Mention:
    _refuse(post)
    topic, number = int(post["topic_id"]), int(post["post_number"])
    author = _author(post["username"], host)
    posted_at, updated_at = parse_time(post["created_at"]), parse_time(post.get("updated_at") or post["created_at"])
    gone = bool(post.get("user_deleted") or post.get("deleted_at"))
    answered = None if number == 1 else int(post.get("reply_to_post_number") or 1)
    return Mention(
        id=_place(host, topic, number),
        author=author,
        posted_at=posted_at,
        collected_at=collected_at,
        text="" if gone else _text(post, number, title),
        kind=Kind.POST if answered is None else Kind.REPLY,
        parent=None if answered is None else _place(host, topic, answered),
        thread=_place(host, topic, 1),
        addressed=() if gone else address(_addressed(post, host), author),
        metrics=_metrics(post),
        url=f"https://{host}/p/{int(post['id'])}",
        edited_at=updated_at if not gone and int(post.get("version") or 1) > 1 and updated_at > posted_at else None,
        deleted_at=(parse_time(post["deleted_at"]) if post.get("deleted_at") else updated_at) if gone else None,
    )


def _refuse(post: Json) -> None:
    """Raise Invalid for what is no person's public word."""
    kind = post.get("post_type", 1)
    if kind == _SMALL_ACTION:
        raise Invalid("a note of the forum that something was done to the topic")
    if kind == _WHISPER:
        raise Invalid("a whisper among the forum's staff")
    if isinstance(post.get("user_id"), int) and post["user_id"] < 0:
        raise Invalid("written by the forum itself, not by a person")
    if post.get("hidden") or post.get("cooked_hidden"):
        raise Invalid("hidden by the forum: its words are not shown")


def _text(post: Json, number: int, title: str | None) -> str:
    said = text_of_html(_string(post["cooked"]), quotes=False)
    if number > 1:
        return said
    head = _string(post["topic_title"] if title is None else title).strip()
    return f"{head}\n\n{said}" if said else head


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid("a post whose text is no text")
    value.encode()  # raises UnicodeEncodeError for half of a character
    return value


def _addressed(post: Json, host: str) -> list[tuple[How, str]]:
    answered = post.get("reply_to_user")
    pairs = [(How.REPLY, str(answered["username"]))] if isinstance(answered, dict) else []
    return [(how, _author(name, host)) for how, name in (*pairs, *names_in(post["cooked"]))]


def _metrics(post: Json) -> dict[str, int]:
    actions = post.get("actions_summary") or ()
    likes = next((one.get("count", 0) for one in actions if isinstance(one, dict) and one.get("id") == _LIKE), 0)
    counts = {"likes": likes, "replies": post.get("reply_count")}
    return {name: count for name, count in counts.items() if type(count) is int and 0 <= count < _LARGEST}


def _account(post: Json, own: str, host: str, collected_at: datetime) -> Account:
    username, name = post["username"], post.get("name")
    return Account(
        own, username, collected_at, name if isinstance(name, str) else "", url=f"https://{host}/u/{own.rpartition('/')[2]}"
    )


def _author(username: Any, host: str) -> str:
    if not isinstance(username, str) or not username.strip():
        raise Invalid("a post whose author is gone: nobody to put it down to")
    return natural_id("discourse", f"{host}/{username.strip().lower()}")


def _place(host: str, topic: int, number: int) -> str:
    if not (0 < topic < _LARGEST and 0 < number < _LARGEST):
        raise Invalid("a post whose topic or number cannot be")
    return f"discourse:{host}/{topic}/{number}"
