"""Speaks to Reddit through praw and puts what it says into our words; the composition root comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.reddit.answers import Shown, next_token, strangers, without_letters
from connectors.reddit.parse import authors_of, parse_answer, sealed_answer
from connectors.reddit.queries import listing_of
from connectors.reddit.refusals import TITLE
from connectors.reddit.revisit import look_again
from connectors.reddit.session import Session
from connectors.reddit.things import CROSSPOSTED, things
from connectors.transport.envelopes import read_page, sealed
from connectors.transport.pace import Pace
from connectors.transport.walk import Walk, stride
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable
from social_crm.domain.page import Deletion
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from connectors.reddit.queries import Listing
    from connectors.reddit.session import Reply
    from connectors.transport.envelopes import Parsed
    from connectors.transport.opening import Opening
    from social_crm.domain.mention import Mention
    from social_crm.domain.page import Page
    from social_crm.ports import Clock

LIMIT, WINDOW = 1000, timedelta(minutes=10)  # 100 requests a minute for one application, counted over ten minutes
_LARGEST = 100
_OVERLAP = timedelta(hours=1)  # moderators let posts through later, at the time at which they were written
_LAG = timedelta(minutes=2)
# Every answer that we keep was asked for with raw_json=1: its texts hold no entities of Reddit's.
_LISTED, _LOOKED_UP = "listing;raw_json=1", "revisit;raw_json=1"


class RedditSource:
    """A `ports.LiveSource` over the newest-first listings of Reddit, which end near 1,000 items."""

    page_cost = 2  # a page of comments takes a second question: who wrote what they answer

    def __init__(self, opening: Opening) -> None:
        """Raises Invalid when the credentials are not whole."""
        self._opening = opening
        self._session = Session(opening)

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk a listing, newest first, down to what is known."""
        listing = self._listing(query)
        walk, finished = Walk.of(cursor).under_way(self._opening.clock()), False
        while not finished:
            page, shown = self._listed(listing, walk)
            token = next_token(walk.token, shown)
            if token is None:
                walk = walk.afresh(self._opening.clock())
                yield replace(page, cursor=walk.cursor())
                continue
            now = self._opening.clock()
            step = stride(walk, shown.posted, token, overlap=_OVERLAP, lag=_LAG, window=listing.cut, now=now)
            walk, finished = step.walk, step.finished
            yield replace(page, cursor=walk.cursor(), covered=step.covered, missed=step.missed)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Look some mentions up by name, and then read their whole threads again."""
        return look_again(mentions, self._session.ask, self._looked_up)

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again: what Reddit shows as deleted is a deletion. Raises Invalid when it is not ours."""
        gone: list[str] = []
        shown: list[str] = []

        def parse(answer: Any, collected_at: datetime) -> Parsed:
            shown.extend(f"reddit:{name}" for kind, name, _ in things(answer) if kind == CROSSPOSTED)
            return parse_answer(answer, collected_at, gone)

        page = read_page(raw, fetched_at, {_LISTED: parse, _LOOKED_UP: parse}, TITLE)
        deletions = tuple(Deletion(own, fetched_at) for own in dict.fromkeys(gone))
        return replace(page, deletions=deletions, shown=tuple(dict.fromkeys(shown)))

    def probe(self, query: str) -> Probe:
        """Sign in, and ask for one item."""
        try:
            listing = self._listing(query)
            found = Shown.of(self._session.ask(listing.path, {**listing.asked, "limit": "1"}).value)
        except (Invalid, NotFound, CredentialsRejected) as error:
            return Probe((), (error.message,), 1)
        asker = f"u/{self._session.account}" if self._session.account else "an application"
        shows = f"the newest item is of {found.posted[0]:%Y-%m-%d %H:%M} UTC" if found.posted else "nothing is there yet"
        return Probe((f"{TITLE} signs us in as {asker}", f"{query}: {shows}"), (), 1)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _listing(self, query: str) -> Listing:
        listing = listing_of(query)
        if listing.personal and not self._session.account:
            raise Invalid(f"{query!r} needs an account: add username and password to the credentials of this source")
        return listing

    def _listed(self, listing: Listing, walk: Walk) -> tuple[Page, Shown]:
        asked = {**listing.asked, "limit": str(self._opening.size(_LARGEST))}
        if walk.token:
            asked |= {"after": walk.token.partition(",")[0], "count": str(walk.count)}
        reply = self._session.ask(listing.path, asked)
        shown = Shown.of(reply.value)
        names = strangers(reply.value)[:_LARGEST]
        parents = authors_of(self._session.ask("api/info", {"id": ",".join(names)}).value) if names else {}
        text = without_letters(reply.value) if listing.personal else reply.text
        return self._page(sealed(_LISTED, sealed_answer(text, parents)), 2 if names else 1), shown

    def _looked_up(self, reply: Reply, parents: Mapping[str, str], asked: Sequence[Mention]) -> Page:
        return self._page(sealed(_LOOKED_UP, sealed_answer(reply.text, parents), asked), 1)

    def _page(self, raw: str, spent: int) -> Page:
        try:
            return replace(self.read(raw, self._opening.clock()), spent=spent)
        except Invalid as error:
            raise PlatformUnavailable(f"{TITLE} sends something that cannot be read: try again later") from error


def open_source(opening: Opening) -> RedditSource:
    """Open Reddit. Raises Invalid when the credentials are not whole."""
    return RedditSource(opening)


def pace(clock: Clock) -> Pace:
    """How fast one application may ask, where Reddit's own headers do not say it."""
    return Pace(clock, LIMIT, WINDOW)
