"""Collects from one Mastodon server: hashtags, searches, mentions, and second looks; the composition root comes in.

Hashtags and mentions are paged forward with `min_id`: nothing is left out, however much came in between. A search cannot be
paged so, and is read from the newest down.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from connectors.mastodon.answers import (
    CONTEXT,
    LOOK_UP,
    NOTIFICATIONS,
    SEARCH,
    TIMELINE,
    in_context,
    items_of,
    looked_up,
    numbers,
    parsers,
    without_private,
)
from connectors.mastodon.climb import Climb
from connectors.mastodon.fields import native_of, numbered
from connectors.mastodon.query import Query, below, read_query, start_of
from connectors.mastodon.wire import TITLE, Wire
from connectors.transport.envelopes import NOTHING, read_page, sealed
from connectors.transport.pace import Pace
from connectors.transport.rejecting import rejects
from connectors.transport.walk import Walk, stride
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited
from social_crm.domain.mention import Kind
from social_crm.domain.page import Page
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mastodon import Mastodon

    from connectors.transport.opening import Opening
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

# Requests that page, of one token or address; a server's other bound, 300 in 5 minutes, lies within it.
LIMIT, WINDOW = 300, timedelta(minutes=15)
_LARGEST = 40
_BATCH = 20
_OVERLAP = timedelta(hours=1)  # what a server fetches late, boosted by others, has the number of when it was written
_SLACK = 200  # numbers of notifications rise, but for those given in the same instant
_LAG = timedelta(minutes=10)  # what other servers deliver takes its time
_ALONE = b'{"ancestors":[],"descendants":[]}'


class MastodonSource:
    """A `ports.LiveSource` over one server."""

    page_cost = 1

    def __init__(self, opening: Opening) -> None:
        self._opening, self._wire = opening, Wire(opening)
        self._parsers = parsers(self._wire.server)
        self._in_batches = True

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk a hashtag or the mentions of our account upwards, or a search downwards."""
        asked = read_query(query)
        self._require_token(asked)
        return self._descend(asked, cursor) if asked.how == SEARCH else self._climb(asked, cursor)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Look mentions up, twenty a request, and then the threads that have answers, a request each."""
        ours = [mention for mention in mentions if numbered(mention.id, self._wire.server)]
        threads: dict[str, None] = {}
        for first in range(0, len(ours), _BATCH):
            for page in self._look_up(ours[first : first + _BATCH]):
                answered = [one for one in page.mentions if one.metrics.get("replies") or one.kind is Kind.REPLY]
                # The context of what it answers shows a reply together with its root; its own does not show itself.
                threads |= {one.thread or one.parent or one.id: None for one in answered}
                yield page
        for thread in threads:
            yield self._context(thread)

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        return read_page(raw, fetched_at, self._parsers, TITLE)

    def probe(self, query: str) -> Probe:
        """One look at the newest item."""
        spent = 0
        try:
            asked = read_query(query)
            self._require_token(asked)
            spent = 1
            _, answer = self._wire.ask(lambda library: self._newest(library, asked))
            found = len(items_of(asked.how, answer))
        except (RateLimited, PlatformUnavailable):
            raise
        except (Invalid, NotFound, CredentialsRejected) as error:
            return Probe((), (error.message,), spent)
        what = "has posts" if found else "has no posts (yet, or this server does not search)"
        return Probe((f"{self._wire.server} answers: {query!r} {what}",), (), spent)

    def close(self) -> None:
        """Let go of connections."""
        self._wire.close()

    def _climb(self, asked: Query, cursor: str | None) -> Iterator[Page]:
        slack = _SLACK if asked.how == NOTIFICATIONS else 0
        overlap = _OVERLAP if asked.how == TIMELINE else timedelta(0)
        climb, covered = Climb.of(cursor).under_way(self._opening.clock(), overlap, slack), None
        while covered is None:
            body, answer = self._wire.ask(self._above(asked, str(climb.at)))
            page = self._page(asked.how, body, answer)
            found = [number for number, _ in _numbered(asked.how, answer)]
            rung = climb.up(found, [mention.posted_at for mention in page.mentions], _LAG)
            climb, covered = rung.climb, rung.covered
            yield replace(page, cursor=climb.cursor(), covered=covered)

    def _descend(self, asked: Query, cursor: str | None) -> Iterator[Page]:
        walk, finished = Walk.of(cursor).under_way(self._opening.clock()), False
        last: list[tuple[int, datetime]] = []
        while not finished:
            body, answer = self._wire.ask(self._below(asked, walk.token))
            page = self._page(SEARCH, body, answer)
            found = _numbered(SEARCH, answer)
            if found and found == last and start_of(walk.token)[1]:
                raise PlatformUnavailable(f"{TITLE} shows the same page again in place of the next one: try again later")
            last = found
            token = below(walk.token, min(number for number, _ in found), self._size) if found else ""
            step = stride(walk, [place for _, place in found], token, overlap=_OVERLAP, lag=_LAG)
            walk, finished = step.walk, step.finished
            yield replace(page, cursor=walk.cursor(), covered=step.covered, missed=step.missed)

    def _above(self, asked: Query, number: str) -> Callable[[Mastodon], object]:
        if asked.how == NOTIFICATIONS:
            return lambda library: library.notifications(types=["mention"], min_id=number, limit=self._size)
        return lambda library: library.fetch_previous(asked.page(min_id=number, limit=str(self._size)))

    def _below(self, asked: Query, token: str) -> Callable[[Mastodon], object]:
        most, offset = start_of(token)
        return lambda library: library.search_v2(
            asked.words, resolve=False, result_type="statuses", max_id=most, offset=offset, limit=self._size
        )

    def _newest(self, library: Mastodon, asked: Query) -> object:
        if asked.how == NOTIFICATIONS:
            return library.notifications(types=["mention"], limit=1)
        if asked.how == SEARCH:
            return library.search_v2(asked.words, resolve=False, result_type="statuses", limit=1)
        return library.fetch_previous(asked.page(limit="1"))

    def _look_up(self, batch: list[Mention]) -> Iterator[Page]:
        """A batch in one request, or one by one: where the server is older than 4.3, or refuses one of them."""
        if self._in_batches:
            ids = [self._native(mention.id) for mention in batch]
            try:
                body, answer = self._wire.ask_again(lambda library: library.statuses(list(ids)))
            except NotFound:
                self._in_batches = False
                yield self._sealed(LOOK_UP, looked_up(b"[]", {}))
            except Invalid as error:
                yield _refused(error)
            else:
                yield self._seen(batch, body, answer)
                return
        for mention in batch:
            yield self._one(mention)

    def _one(self, mention: Mention) -> Page:
        try:
            found = self._maybe(lambda library: library.status(self._native(mention.id)))
        except Invalid as error:
            return _refused(error)
        if found is None:
            return self._sealed(LOOK_UP, NOTHING, [mention])
        return self._seen([mention], b"[" + found[0] + b"]", [found[1]])

    def _seen(self, batch: list[Mention], body: bytes, answer: Any) -> Page:
        """The page of a look-up. What came but cannot be read is not gone: then nothing is called deleted."""
        cleaned = self._cleaned(TIMELINE, body, answer)
        threads = {mention.id: mention.thread for mention in batch if mention.thread}
        whole = looked_up(cleaned, threads)
        page = self._sealed(LOOK_UP, whole, batch)
        if not page.rejects:
            return page
        came = {mention.id for mention in page.mentions}
        return self._sealed(LOOK_UP, whole, [mention for mention in batch if mention.id in came])

    def _context(self, thread: str) -> Page:
        try:
            found = self._maybe(lambda library: library.status_context(self._native(thread)))
        except Invalid as error:
            return _refused(error)
        if found is None:
            return self._sealed(CONTEXT, in_context(_ALONE, thread))
        return self._page(CONTEXT, in_context(found[0], thread), {"of": thread, "context": found[1]})

    def _maybe(self, call: Callable[[Mastodon], object]) -> tuple[bytes, Any] | None:
        """What the server has, or nothing where it says itself that it has none."""
        try:
            return self._wire.ask_again(call)
        except NotFound as error:
            if not self._wire.speaks():
                raise PlatformUnavailable(f"{TITLE} is hidden behind a page of its own: try again later") from error
            return None

    def _page(self, kind: str, body: bytes, answer: Any) -> Page:
        return self._sealed(kind, self._cleaned(kind, body, answer))

    def _sealed(self, kind: str, body: bytes, asked: Sequence[Mention] = ()) -> Page:
        return replace(self.read(sealed(kind, body, asked), self._opening.clock()), spent=1)

    def _cleaned(self, kind: str, body: bytes, answer: Any) -> bytes:
        """The answer without the words of private statuses: as it came where it has none."""
        try:
            return orjson.dumps(answer) if without_private(kind, answer) else body
        except Invalid as error:
            raise PlatformUnavailable(f"{error.message}: try again later") from error

    def _native(self, own_id: str) -> str:
        return native_of(own_id, self._wire.server) or "0"

    def _require_token(self, asked: Query) -> None:
        if asked.how != TIMELINE and not self._wire.signed_in:
            raise CredentialsRejected(
                "searches and mentions need an access token of the server: give the credential access_token"
            )

    @property
    def _size(self) -> int:
        return self._opening.size(_LARGEST)


def _refused(error: Invalid) -> Page:
    """The page of one question that the server refuses: it says nothing of the others."""
    return Page((), (), "", rejects([(error.message, None)]), spent=1)


def _numbered(kind: str, answer: Any) -> list[tuple[int, datetime]]:
    """The numbers of a page. Raises PlatformUnavailable where it holds something and nothing has any: not to end there."""
    found = numbers(kind, answer)
    if not found and items_of(kind, answer):
        raise PlatformUnavailable(f"{TITLE} sent a page in which nothing has a number: the server is none of Mastodon's")
    return found


def open_source(opening: Opening) -> MastodonSource:
    """Open the server that the option `instance` names; hashtags need no token."""
    return MastodonSource(opening)


def pace(clock: Clock) -> Pace:
    """How fast one token or address may page."""
    return Pace(clock, LIMIT, WINDOW)
