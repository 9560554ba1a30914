"""Fetches a feed, only where it has changed, and puts what goes wrong into our words; the composition root comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import orjson

from connectors.feeds.bookmark import Bookmark
from connectors.feeds.parse import is_of, parse_feed
from connectors.feeds.safety import is_well_formed, text_of
from connectors.transport.answers import check, translated
from connectors.transport.envelopes import NOTHING, read_page, sealed
from connectors.transport.guard import open_session
from connectors.transport.pace import Pace
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited
from social_crm.domain.page import Page
from social_crm.domain.platform import PLATFORMS, host_of
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import requests

    from connectors.transport.envelopes import Parsed
    from connectors.transport.opening import Opening
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

LIMIT, WINDOW = 300, timedelta(minutes=1)  # of our own: all feeds together
_LAG = timedelta(minutes=10)  # caches in front of feeds hold them back for minutes
_FEED, _ENTRY = "feed", "entry"
_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LASTING = frozenset({301, 308})
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"


class FeedSource:
    """A `ports.LiveSource` over one feed: the whole feed is one page, and a walk is one page."""

    page_cost = _HOPS + 1

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._address = opening.query.strip()
        self._host = host_of(self._address)
        hosts = PLATFORMS["feeds"].hosts_of(self._address, opening.options)
        self._session = open_session(hosts, opening.base_url, opening.timeout)
        self._session.headers["Accept"] = _ACCEPT
        self._undated: dict[str, str] = {}
        self._asked = 0

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Fetch the feed, if it has changed since the cursor."""
        bookmark, now = Bookmark.of(cursor), self._opening.clock()
        answer = self._get(query.strip(), bookmark.conditions())
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            bookmark, step = bookmark.unchanged(now, _LAG)
            yield Page((), (), bookmark.cursor(), covered=step.covered, missed=step.missed, spent=self._asked)
            return
        page = self._page(_text(answer), bookmark.seen)
        bookmark, step = bookmark.turned(page.mentions, self._undated, now, _LAG)
        if not bookmark.has_lost(page.mentions):
            told = answer.headers
            bookmark = replace(bookmark, etag=told.get("ETag", ""), modified=told.get("Last-Modified", ""))
        yield replace(page, cursor=bookmark.cursor(), covered=step.covered, missed=step.missed)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Fetch the feed once and compare; then ask for the pages of those that it lacks in between.

        Feeds drop entries for many reasons. One is called deleted only when the feed is sound, shows entries both older and
        newer that we know, and the entry's own page is gone as well. Mentions that are not of this feed are passed over.
        """
        ours = [mention for mention in mentions if is_of(mention.id, self._address, self._host)]
        if not ours:
            return
        first_seen = {mention.id: mention.posted_at.isoformat() for mention in ours}
        text, page = self._again(first_seen)
        there = {mention.id for mention in page.mentions}
        yield self._page(text, first_seen, [mention for mention in ours if mention.id in there])
        known = [mention.posted_at for mention in ours if mention.id in there]
        if not known or self._undated or page.rejects or not is_well_formed(text):
            return
        for mention in ours:
            if mention.id not in there and min(known) < mention.posted_at < max(known) and self._is_at_home(mention):
                yield self._alone(mention)

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        return read_page(raw, fetched_at, {_FEED: self._parse, _ENTRY: _parse_nothing}, "a feed")

    def probe(self, query: str) -> Probe:
        """Fetch the feed."""
        try:
            page = self._page(_text(self._get(query.strip(), {})), {})
        except (RateLimited, PlatformUnavailable):
            raise
        except (Invalid, NotFound, CredentialsRejected) as error:
            return Probe((), (error.message,), self._asked)
        return Probe((f"{self._address} is a feed: it shows {len(page.mentions)} entries",), (), self._asked)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _parse(self, answer: object, fetched_at: datetime) -> Parsed:
        self._undated = {}
        return parse_feed(answer, fetched_at, self._address, self._host, self._undated)

    def _page(self, text: str, seen: Mapping[str, str], asked: Sequence[Mention] = ()) -> Page:
        sent = orjson.dumps({"text": text, "seen": dict(seen)})
        page = self.read(sealed(_FEED, sent, asked), self._opening.clock())
        return replace(page, spent=self._asked)

    def _again(self, seen: Mapping[str, str]) -> tuple[str, Page]:
        """The feed for a look again: whatever is wrong with it is the walk's to say, and no word on its entries."""
        try:
            text = _text(self._get(self._address, {}))
            return text, self._page(text, seen)
        except (Invalid, NotFound, CredentialsRejected) as error:
            raise PlatformUnavailable(error.message) from error

    def _is_at_home(self, mention: Mention) -> bool:
        """Whether the page of an entry is on the feed's own host: one elsewhere is not asked for."""
        try:
            return mention.url is not None and host_of(mention.url) == self._host
        except Invalid:
            return False

    def _alone(self, mention: Mention) -> Page:
        """Ask for the page of an entry. Gone is one that is not found there itself: a page that leads elsewhere is not."""
        gone = False
        try:
            self._get(mention.url or "", {}, follow=False)
        except NotFound:
            gone = True
        except (Invalid, CredentialsRejected):
            pass  # there is something, even if it is not for us
        now = self._opening.clock()
        page = self.read(sealed(_FEED, NOTHING, [mention]) if gone else sealed(_ENTRY, b"{}"), now)
        return replace(page, spent=self._asked)

    def _get(self, address: str, headers: Mapping[str, str], *, follow: bool = True) -> requests.Response:
        """Ask, following redirects within the host. Raises Invalid where one leads to another."""
        self._asked = 0
        for _ in range(_HOPS + 1):
            with self._opening.pace.turn(), translated(address):
                self._asked += 1
                answer = self._session.get(address, headers=headers, allow_redirects=False)
            if answer.status_code not in {*_REDIRECTS, HTTPStatus.NOT_MODIFIED}:
                check(answer, address, self._opening.clock())
            if answer.status_code not in _REDIRECTS or not follow:
                return answer
            address = self._next(address, answer)
        raise PlatformUnavailable(f"{address} redirects without end: try again later")

    def _next(self, address: str, answer: requests.Response) -> str:
        target = urljoin(address, answer.headers.get("Location", ""))
        if host_of(target) == self._host and not (address.startswith("https:") and target.startswith("http:")):
            return target
        if answer.status_code in _LASTING:
            raise Invalid(f"{address} has moved for good to {target:.300}: set up a source with that address")
        raise PlatformUnavailable(f"{address} sends us elsewhere for now, to {target:.300}, which is not its own host")


def _parse_nothing(_answer: object, _fetched_at: datetime) -> Parsed:
    """Of an entry's own page only whether it is there was asked: it says nothing else."""
    return (), (), ()


def _text(answer: requests.Response) -> str:
    return text_of(answer.content, answer.headers.get("Content-Type", ""))


def open_source(opening: Opening) -> FeedSource:
    """Open the feed whose address is the query; it needs no credentials. Raises Invalid when that is no address."""
    return FeedSource(opening)


def pace(clock: Clock) -> Pace:
    """How fast we ask, of all feeds together: they belong to different people, and none says what it bears."""
    return Pace(clock, LIMIT, WINDOW)
