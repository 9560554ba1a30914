"""A mention: one thing that one account said, as its platform tells it; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Kind(StrEnum):
    """What a mention is to the conversation that it stands in."""

    POST = "post"
    COMMENT = "comment"
    REPLY = "reply"
    REPOST = "repost"
    QUOTE = "quote"
    REVIEW = "review"


class How(StrEnum):
    """In what way a mention addresses an account: the kind of an exchange."""

    REPLY = "reply"
    QUOTE = "quote"
    MENTION = "mention"
    REPOST = "repost"


# Rank of the ways of addressing: a mention inside a reply to the same account is one event, the reply (methods.md 2.1).
_RANK = {How.REPLY: 0, How.QUOTE: 1, How.REPOST: 2, How.MENTION: 3}


@dataclass(frozen=True, slots=True)
class Mention:
    """What a platform says about one post, comment, reply, repost, quote or review.

    Ids are natural and carry the platform: `x:1234` for an account, `reddit:t1_k3j2` for a mention. Times are aware and in
    UTC. `addressed` holds (way, account id) pairs, at most one an account. `metrics` are counts as of `collected_at`, and
    hold `author_followers` where the platform tells it. `language` is the platform's own word, "" where it has none.
    """

    id: str
    author: str
    posted_at: datetime
    collected_at: datetime
    text: str
    kind: Kind = Kind.POST
    parent: str | None = None
    thread: str | None = None
    addressed: tuple[tuple[How, str], ...] = ()
    metrics: Mapping[str, int] = field(default_factory=dict)
    language: str = ""
    url: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise Invalid(f"mention {self.id}: its text is no text")

    @property
    def platform(self) -> str:
        """The part of the id before the first colon."""
        return self.id.partition(":")[0]


def address(pairs: list[tuple[How, str]], author: str) -> tuple[tuple[How, str], ...]:
    """Keep the strongest way for each addressed account, drop the author, and sort.

    Reply is stronger than quote, quote than repost, repost than a bare mention (methods.md 2.1).
    """
    strongest: dict[str, How] = {}
    for how, account in pairs:
        known = strongest.get(account)
        if account != author and (known is None or _RANK[how] < _RANK[known]):
            strongest[account] = how
    return tuple(sorted((how, account) for account, how in strongest.items()))


def natural_id(platform: str, native: object) -> str:
    """Join a platform and its own id into ours.

    Raises Invalid when the native id is empty or not printable text.
    """
    text = str(native).strip() if native is not None else ""
    if not text or not text.isprintable():
        raise Invalid(f"{platform}: an item without an id: nothing can be stored under an empty id")
    return f"{platform}:{text}"
