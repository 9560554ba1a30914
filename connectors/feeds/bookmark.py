"""Where we stand with a feed: what we saw last, and how to ask for changes only; its client comes in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.walk import Stride, Walk, stride
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from social_crm.domain.mention import Mention

_KNOWN = 10
_SEEN = 500


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The cursor of a feed.

    `etag` and `modified` are what the server calls the version that we have. `known` are the ids of the newest entries in
    it, `seen` when those without a date of publishing were seen first. A version that shows nothing any more is not taken
    for the one that we have.
    """

    walk: Walk
    etag: str = ""
    modified: str = ""
    known: tuple[str, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(cursor: str | None) -> Bookmark:
        """Read a cursor. Raises Invalid for one that is not ours."""
        walk = Walk.of(cursor)
        raw: dict[str, Any] = orjson.loads(cursor) if cursor else {}
        try:
            seen = {str(own): parse_time(first).isoformat() for own, first in (raw.get("seen") or {}).items()}
            known = tuple(str(own) for own in raw.get("known") or ())
        except (AttributeError, TypeError, Invalid) as error:
            raise Invalid(f"{cursor!r:.80} is not a cursor of this source: begin again without one") from error
        return Bookmark(walk, str(raw.get("etag") or ""), str(raw.get("modified") or ""), known, seen)

    def cursor(self) -> str:
        """The bookmark as a cursor."""
        mine = {"etag": self.etag, "modified": self.modified, "known": self.known, "seen": self.seen}
        return orjson.dumps({**orjson.loads(self.walk.cursor()), **mine}).decode()

    def conditions(self) -> dict[str, str]:
        """The headers that ask for changes only."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value}

    def has_lost(self, mentions: Sequence[Mention]) -> bool:
        """Whether a feed that showed something shows nothing any more."""
        return bool(self.known) and not mentions

    def unchanged(self, now: datetime, lag: timedelta) -> tuple[Bookmark, Stride]:
        """The bookmark after the server said that nothing has changed, and what that covers."""
        step = stride(self.walk.under_way(now), [], "", overlap=lag, lag=lag)
        return replace(self, walk=step.walk), step

    def turned(
        self, mentions: Sequence[Mention], undated: Mapping[str, str], now: datetime, lag: timedelta
    ) -> tuple[Bookmark, Stride]:
        """The bookmark after a feed was read, and what it covers and missed.

        A feed shows its newest entries only. When nothing that we knew is in it any more, and nothing is as old as what we
        have covered, entries may have come and gone in between: a gap up to the oldest that is shown. A feed that showed
        something and shows nothing now is in trouble more likely than at rest: it covers nothing, and changes nothing.
        """
        if self.has_lost(mentions):
            still = self.walk.under_way(now).until or now - lag
            return self, Stride(self.walk, finished=True, covered=Span(still, still))
        posted = sorted((mention.posted_at for mention in mentions), reverse=True)
        until = self.walk.until
        meets = not self.known or bool({mention.id for mention in mentions} & set(self.known))
        meets = meets or until is None or (bool(posted) and posted[-1] <= until)
        step = stride(self.walk.under_way(now), posted, "", overlap=lag, lag=lag, window=None if meets or not posted else 0)
        newest = sorted(mentions, key=lambda mention: (mention.posted_at, mention.id), reverse=True)
        known = tuple(mention.id for mention in newest[:_KNOWN])
        return replace(self, walk=step.walk, known=known, seen=dict(islice(undated.items(), _SEEN))), step
