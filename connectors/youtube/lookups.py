"""Which look-ups tell what became of stored comments: many at a time, halved when one is gone; the client comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from connectors.youtube.parse import Top
from social_crm.domain.mention import How, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connectors.youtube.parse import Thread
    from social_crm.domain.mention import Mention

_AT_ONCE = 50  # ids that a look-up takes
# A top comment, or behind a dot a reply under it; older ones begin with z.
_FORM = re.compile(r"youtube:(Ug|z)[A-Za-z0-9_-]{8,80}(\.[A-Za-z0-9_-]{1,80})?")
THREADS, COMMENTS, REPLIES = "threads", "comments", "replies"


@dataclass(frozen=True, slots=True)
class Look:
    """One look-up: THREADS or COMMENTS by their ids, or the REPLIES of one thread from a page `token` on.

    `tops` is what is known of the threads that the comments stand in.
    """

    kind: str
    ids: tuple[str, ...]
    tops: Mapping[str, Top]
    token: str = ""

    def halves(self) -> tuple[Look, ...]:
        """The same in two look-ups; one id cannot be halved."""
        middle = len(self.ids) // 2
        return tuple(Look(self.kind, ids, self.tops) for ids in (self.ids[:middle], self.ids[middle:]) if middle)

    def behind(self, untold: Iterable[Thread], token: str) -> tuple[Look, ...]:
        """What comes of its answer: the replies of threads that did not tell them all, or the next page of replies."""
        if self.kind == REPLIES:
            return (Look(REPLIES, self.ids, self.tops, token),) if token else ()
        return tuple(Look(REPLIES, (one.id,), {one.id: one.top}) for one in untold)


def first_looks(mentions: Sequence[Mention]) -> list[Look]:
    """The look-ups for some stored mentions: their threads, with what is new in them, and their replies by themselves.

    Ids that are none of YouTube's, such as those of imported rows, are not asked for.
    """
    known = [one for one in mentions if _FORM.fullmatch(one.id)]
    replies = [one for one in known if one.kind is Kind.REPLY]
    heads = [(one.kind is Kind.REPLY and one.thread) or one.id for one in known]
    threads = dict.fromkeys(_native(one) for one in heads if _FORM.fullmatch(one))
    looks = [Look(THREADS, ids, {}) for ids in _batches(list(threads))]
    tops = {_native(one.thread or one.id): told_top(one) for one in replies}
    return looks + [Look(COMMENTS, ids, tops) for ids in _batches([_native(one.id) for one in replies])]


def told_top(reply: Mention) -> Top:
    """What a stored reply tells of its thread."""
    author = next((account for how, account in reply.addressed if how is How.REPLY), "")
    video = parse_qs(urlsplit(reply.url or "").query).get("v", [""])[0]
    return Top(_native(author), video)


def _batches(ids: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield tuple(ids[start : start + _AT_ONCE])


def _native(own: str) -> str:
    return own.partition(":")[2]
