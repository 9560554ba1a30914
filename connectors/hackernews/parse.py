"""What Hacker News says, as facts: hits of its search and the trees of its items; its client comes in.

A story's text is its title and, below it, what it says. Names never change there, so the account is the name. Answers show
no edits and no deletion: a comment whose author is gone was deleted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.transport.words import text_of_html
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address, natural_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from connectors.transport.envelopes import Parsed

    Json: TypeAlias = Mapping[str, Any]

PLACE = "https://news.ycombinator.com"
_OWN = re.compile(r"hackernews:([1-9][0-9]{0,17})")
_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer of the search says of itself.

    `hits` is how many it shows, `seconds` are their times, `size` is how many it shows at most and `count` how many there
    are; both are 0 where it does not say.
    """

    hits: int
    seconds: tuple[int, ...]
    size: int
    count: int

    @staticmethod
    def of(answer: Any) -> Shown:
        """Raises Invalid when it is not an answer of the search."""
        hits = _hits(answer)
        times = (hit.get("created_at_i") for hit in hits if isinstance(hit, dict))
        seconds = tuple(second for second in times if type(second) is int)
        return Shown(len(hits), seconds, _count(answer.get("hitsPerPage")), _count(answer.get("nbHits")))


def number_of(own_id: str) -> str:
    """Hacker News' own number in one of our ids, "" where it is none of its form."""
    found = _OWN.fullmatch(own_id)
    return found[1] if found else ""


def parse_hits(answer: Json, collected_at: datetime) -> Parsed:
    """The hits of a search. Raises Invalid when it is not an answer of the search."""
    return _each([(hit, None) for hit in _hits(answer)], collected_at)


def parse_tree(item: Json, collected_at: datetime) -> Parsed:
    """An item with all its nested children. Raises Invalid when it is not an item."""
    there = [(one, answered) for one, answered in _items(item) if not is_gone(one)]
    return _each(there, collected_at)


def ids_of(item: Any) -> frozenset[str]:
    """Our ids of an item and all its nested children, also of those that are gone. Raises Invalid when it is no item."""
    return frozenset(f"hackernews:{one.get('id')}" for one, _ in _items(item))


def is_gone(item: Json) -> bool:
    """Whether an item of a tree was deleted: it shows that nobody wrote it, and no words."""
    return "author" in item and not item["author"] and not item.get("text")


def _hits(answer: Any) -> list[Any]:
    hits = answer.get("hits") if isinstance(answer, dict) else None
    if not isinstance(hits, list):
        raise Invalid("not an answer of Hacker News' search: it has no list of hits")
    return hits


def _count(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def _items(root: Any) -> list[tuple[Json, str | None]]:
    """The items of a tree, each with the author of what it answers; no recursion: trees are deep."""
    if not isinstance(root, dict) or "id" not in root:
        raise Invalid("not an item of Hacker News: it has no id")
    found: list[tuple[Json, str | None]] = []
    waiting: list[tuple[Json, str | None]] = [(root, None)]
    while waiting:
        now, answered = waiting.pop()
        found.append((now, answered))
        author = f"hackernews:{now['author']}" if now.get("author") else None
        below = now.get("children")
        children = below if isinstance(below, list) else []
        waiting += [(child, author) for child in reversed(children) if isinstance(child, dict)]
    return found


def _each(items: list[tuple[Json, str | None]], collected_at: datetime) -> Parsed:
    mentions: list[Mention] = []
    accounts: dict[str, Account] = {}
    faults: list[tuple[str, Any]] = []
    for item, answered in items:
        try:
            mention = _mention(item, answered, collected_at)
        except Invalid as error:
            faults.append((error.message, item))
        except _MISSHAPEN as error:
            faults.append((f"not an item of Hacker News: {type(error).__name__} {error}"[:200], item))
        else:
            mentions.append(mention)
            name = mention.author.partition(":")[2]
            accounts[mention.author] = Account(mention.author, name, collected_at, url=f"{PLACE}/user?id={name}")
    return mentions, tuple(accounts.values()), faults


def _mention(item: Json, answered: str | None, collected_at: datetime) -> Mention:
    own = natural_id("hackernews", item.get("objectID") or item.get("id"))
    author = natural_id("hackernews", item["author"])
    parent = item.get("parent_id")
    return Mention(
        id=own,
        author=author,
        posted_at=datetime.fromtimestamp(int(item["created_at_i"]), UTC),
        collected_at=collected_at,
        text=_text(item, is_comment=parent is not None),
        kind=Kind.POST if parent is None else Kind.COMMENT,
        parent=None if parent is None else natural_id("hackernews", parent),
        thread=natural_id("hackernews", item.get("story_id") or item.get("objectID") or item.get("id")),
        addressed=address([(How.REPLY, answered)] if answered else [], author),
        metrics={"points": item["points"]} if isinstance(item.get("points"), int) else {},
        url=f"{PLACE}/item?id={own.partition(':')[2]}",
    )


def _text(item: Json, *, is_comment: bool) -> str:
    if is_comment:
        return text_of_html(item.get("comment_text") or item.get("text") or "")
    title, said = item.get("title") or "", text_of_html(item.get("story_text") or item.get("text") or "")
    return f"{title}\n\n{said}" if said else title
