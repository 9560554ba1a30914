"""Speaks to Hacker News' search and puts its errors into our words; the composition root comes in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from connectors.hackernews.parse import Shown, ids_of, number_of, parse_hits, parse_tree
from connectors.transport.answers import check, json_of, translated
from connectors.transport.envelopes import NOTHING, read_page, sealed
from connectors.transport.guard import open_session
from connectors.transport.pace import Pace
from connectors.transport.rejecting import rejects
from connectors.transport.walk import Walk, stride
from social_crm.domain.errors import Invalid, NotFound, PlatformUnavailable, RateLimited
from social_crm.domain.page import Page
from social_crm.domain.platform import PLATFORMS
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Any

    import requests

    from connectors.transport.opening import Opening
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

TITLE = "Hacker News"
LIMIT, WINDOW = 10_000, timedelta(hours=1)  # requests from one address
_LARGEST = 1000
_OVERLAP = timedelta(minutes=30)
_LAG = timedelta(minutes=5)  # the search shows an item some minutes after it was written
_SETTLED = timedelta(minutes=30)  # and its thread may show it later still: what is younger is not looked for on its own
_SEARCH, _ITEM = "search", "item"


class HackerNewsSource:
    """A `ports.LiveSource` over the search by date: newest first, a page goes on below the oldest item of the last one."""

    page_cost = 1

    def __init__(self, opening: Opening) -> None:
        hosts = PLATFORMS["hackernews"].hosts
        self._opening = opening
        self._place = opening.base_url or f"https://{hosts[0]}"
        self._session = open_session(hosts, opening.base_url, opening.timeout)

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk the stories and comments that hold the words, newest first, down to what is known."""
        walk, finished = Walk.of(cursor).under_way(self._opening.clock()), False
        while not finished:
            page, below = self._found(query, walk.token)
            step = stride(walk, [one.posted_at for one in page.mentions], below, overlap=_OVERLAP, lag=_LAG)
            walk, finished = step.walk, step.finished
            yield replace(page, cursor=walk.cursor(), covered=step.covered, missed=step.missed)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Read the threads of some mentions again, whole, and then, one by one, what they do not show: each is one request.

        A thread that does not show a comment proves nothing: it may be younger than the thread, or stand in no thread any
        more. Gone is what is shown without its author, and what Hacker News itself says it does not have.
        """
        threads = defaultdict(list)
        for mention in mentions:
            if own := number_of(mention.id):
                threads[number_of(mention.thread or "") or own].append(mention)
        for thread, asked in threads.items():
            page, unseen = self._look(thread, asked)
            yield page
            settled = self._opening.clock() - _SETTLED
            for mention in unseen:
                if mention.posted_at <= settled:
                    page, _ = self._look(number_of(mention.id), [mention])
                    yield page

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        return read_page(raw, fetched_at, {_SEARCH: parse_hits, _ITEM: parse_tree}, TITLE)

    def probe(self, query: str) -> Probe:
        """One search for one hit."""
        try:
            _, found = self._get("/api/v1/search_by_date", {"query": query, "hitsPerPage": "1"})
            count = Shown.of(found).count
        except (RateLimited, PlatformUnavailable):
            raise
        except (Invalid, NotFound) as error:
            return Probe((), (error.message,), 1)
        return Probe((f"{TITLE} answers: {count:,} items hold {query!r}",), (), 1)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _found(self, query: str, token: str) -> tuple[Page, str]:
        """A page of the walk, and the token of the next one."""
        if token and not token.isdecimal():
            raise Invalid(f"{token!r:.40} is not of a cursor of this source: begin again without one")
        size = self._opening.size(_LARGEST)
        asked = {"query": query, "tags": "(story,comment)", "hitsPerPage": str(size)}
        if token:
            asked["numericFilters"] = f"created_at_i<={token}"
        body, answer = self._get("/api/v1/search_by_date", asked)
        try:
            return self._page(_SEARCH, body), _below(token, Shown.of(answer), size)
        except Invalid as error:
            raise PlatformUnavailable(f"{error.message}: try again later") from error

    def _look(self, number: str, asked: Sequence[Mention]) -> tuple[Page, list[Mention]]:
        """The page of an item with all below it, and those of the mentions of which it says nothing."""
        path = f"/api/v1/items/{number}"
        try:
            body, answer = self._get(path, {})
            told = ids_of(answer)
            told_of = [mention for mention in asked if mention.id in told]
            return self._page(_ITEM, body, told_of), [mention for mention in asked if mention.id not in told]
        except NotFound:
            gone = [mention for mention in asked if number_of(mention.id) == number]
            page = self._page(_ITEM, NOTHING, gone) if gone else Page((), (), "", spent=1)
            return page, [mention for mention in asked if mention not in gone]
        except Invalid as error:
            return replace(Page((), (), "", spent=1), rejects=rejects([(error.message, path)])), []

    def _page(self, kind: str, answer: bytes, asked: Sequence[Mention] = ()) -> Page:
        return replace(self.read(sealed(kind, answer, asked), self._opening.clock()), spent=1)

    def _get(self, path: str, asked: dict[str, str]) -> tuple[bytes, Any]:
        """The JSON of an answer, as it came and read. Raises NotFound only on Hacker News' own word."""
        with self._opening.pace.turn(), translated(TITLE):
            answer = self._session.get(self._place + path, params=asked, allow_redirects=False)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
            raise PlatformUnavailable(f"{TITLE} leads elsewhere ({answer.status_code}): try again later")
        if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and not _is_own(answer):
            raise PlatformUnavailable(f"{TITLE} is hidden behind a page of somebody else: try again later")
        check(answer, TITLE, self._opening.clock())
        return answer.content, json_of(answer, TITLE)


def _is_own(answer: requests.Response) -> bool:
    """Whether it is Hacker News that has no such item: it says so in JSON, what stands before it does not."""
    said = json_of(answer, TITLE)
    return isinstance(said, dict) and said.get("error") == "Not Found"


def _below(token: str, shown: Shown, size: int) -> str:
    """The second below which the next page goes on: the oldest one again, since a page may end in its middle.

    The answer says how many hits a page holds and how many there are: it may give fewer than we ask for. Raises
    PlatformUnavailable for a page that does not lead down, not to go round for ever.
    """
    if token and any(second > int(token) for second in shown.seconds):
        raise PlatformUnavailable(f"{TITLE} shows the same again in place of what is older: try again later")
    if shown.hits >= shown.count and shown.hits < min(size, shown.size or size):
        return ""
    if not shown.seconds:
        raise PlatformUnavailable(f"{TITLE} says that there is more and sends nothing that can be read: try again later")
    low = min(shown.seconds)
    # A whole page within one second: its rest cannot be asked for.
    return str(low - 1 if str(low) == token else low)


def open_source(opening: Opening) -> HackerNewsSource:
    """Open Hacker News; it needs no credentials."""
    return HackerNewsSource(opening)


def pace(clock: Clock) -> Pace:
    """How fast one address may ask: Hacker News says nothing of it in its headers."""
    return Pace(clock, LIMIT, WINDOW)
