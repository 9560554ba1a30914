"""Which conversations on X still move, and how to ask for what is new in them; this room's client comes in.

Reading a conversation is a search and costs a post's price for each answer, so what was decided is: only a conversation of
which a look-up shows more direct answers than when we last stored that post, and only what was written since. Recent
search reaches seven days back, and so do late answers. A look makes a few searches at most, of one page each, so that each
that is paid for is done with: a conversation that does not get its turn stays unread and is found moving by the next look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from social_crm.domain.mention import Mention

MOST_SEARCHES = 3  # in one look
_LONGEST_QUERY = 512  # characters that recent search takes
_OR = " OR "


@dataclass(frozen=True, slots=True)
class Moving:
    """A conversation that moves: since when, how many more direct answers it has, and the stored posts that tell so."""

    thread: str
    since: datetime
    more: int
    posts: tuple[Mention, ...]

    @property
    def piece(self) -> str:
        """Its part of a search."""
        return f"conversation_id:{self.thread.partition(':')[2]}"


@dataclass(frozen=True, slots=True)
class Search:
    """One search for what is new in some conversations."""

    moving: tuple[Moving, ...]

    @property
    def query(self) -> str:
        """What to search for."""
        return _OR.join(one.piece for one in self.moving)

    @property
    def since(self) -> datetime:
        """The earliest time that any of them needs."""
        return min(one.since for one in self.moving)

    @property
    def posts(self) -> tuple[Mention, ...]:
        """The stored posts that it makes up to date."""
        return tuple(post for one in self.moving for post in one.posts)


def moved(before: Sequence[Mention], now: Sequence[Mention]) -> list[Moving]:
    """The conversations that hold more answers than before."""
    known = {mention.id: mention for mention in before}
    found: dict[str, Moving] = {}
    for mention in now:
        old = known.get(mention.id)
        more = mention.metrics.get("replies", 0) - old.metrics.get("replies", 0) if old is not None else 0
        if old is not None and more > 0:
            thread = mention.thread or mention.id
            found[thread] = _joined(found.get(thread), Moving(thread, old.collected_at, more, (old,)))
    return list(found.values())


def searches(moving: Iterable[Moving], size: int) -> list[Search]:
    """Searches for some conversations, those first that wait longest.

    In each are as many as a query holds and as may fit, by their direct answers, on one page of `size` posts; a busy one
    stands alone.
    """
    whole: dict[str, Moving] = {}
    for one in moving:
        whole[one.thread] = _joined(whole.get(one.thread), one)
    found: list[Search] = []
    for one in sorted(whole.values(), key=lambda one: (one.since, one.thread)):
        wider = Search((*found[-1].moving, one)) if found else None
        if wider and len(wider.query) <= _LONGEST_QUERY and sum(each.more for each in wider.moving) <= size:
            found[-1] = wider
        else:
            found.append(Search((one,)))
    return found


def _joined(known: Moving | None, other: Moving) -> Moving:
    if known is None:
        return other
    since = min(known.since, other.since)
    return Moving(known.thread, since, known.more + other.more, (*known.posts, *other.posts))
