"""Walks Bluesky's search and looks posts up again; the composition root comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from connectors.bluesky.fields import post_address
from connectors.bluesky.listing import Place, onward
from connectors.bluesky.parse import is_gone, latest_times, parse_posts, parse_thread, reply_counts, said_in
from connectors.bluesky.session import TITLE, Session, SharedPace
from connectors.transport.envelopes import NOTHING, read_page, sealed
from connectors.transport.walk import Walk, stride
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable
from social_crm.domain.page import Page, Reject
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from connectors.transport.envelopes import Parse, Parsed
    from connectors.transport.opening import Opening
    from social_crm.domain.errors import SocialCrmError
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

LIMIT, WINDOW = 3000, timedelta(minutes=5)  # requests from one address
_LARGEST = 100
_LOOKED_UP = 25  # posts in one look-up
_DEPTH = 50  # levels of answers in a thread: the library reads no JSON that is nested deeper than some 200 levels
_OVERLAP = timedelta(minutes=30)
_LAG = timedelta(minutes=5)  # the search shows a post some time after it was written
_POSTS, _THREAD = "posts", "thread"
_PARSERS: Mapping[str, Parse] = {_POSTS: parse_posts, _THREAD: parse_thread}


class BlueskySource:
    """A `ports.LiveSource` over the search, latest first; what is stored is looked up by its address."""

    page_cost = 1

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._session = Session(opening)

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk the posts that the search finds, latest first, down to what is known."""
        walk, finished = Walk.of(cursor).under_way(self._opening.clock()), False
        while not finished:
            here, size = Place.of(walk.token), self._opening.size(_LARGEST)
            answer = self._search(query, size, here)
            page, raw = self._page(_POSTS, answer), _read(answer)
            times = latest_times(raw)
            step = stride(walk, times, onward(here, raw.get("cursor"), times, size), overlap=_OVERLAP, lag=_LAG)
            walk, finished = step.walk, step.finished
            yield replace(page, cursor=walk.cursor(), covered=step.covered, missed=step.missed)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Look mentions up, 25 at a time, then what did not come one by one, then the threads that have answers.

        What is no post of Bluesky by its id is passed over.
        """
        ours = [mention for mention in mentions if post_address(_uri(mention.id))]
        done: set[str] = set()
        for start in range(0, len(ours), _LOOKED_UP):
            for page, quiet in self._look_up(ours[start : start + _LOOKED_UP]):
                done |= quiet
                yield page
        for thread in dict.fromkeys(mention.thread or mention.id for mention in ours):
            if thread not in done and post_address(_uri(thread)):
                yield self._thread(thread, ours)

    def _look_up(self, batch: Sequence[Mention]) -> Iterator[tuple[Page, set[str]]]:
        """Pages for some mentions, each with the ids of those whose threads need not be read any more.

        A batch that is refused is halved, down to those that are the reason.
        """
        try:
            answer = self._session.look_up("app.bsky.feed.getPosts", uris=[_uri(mention.id) for mention in batch])
        except (Invalid, NotFound) as error:
            yield _refused(error, batch), set()
            half = len(batch) // 2
            for part in (batch[:half], batch[half:]) if half else ():
                yield from self._look_up(part)
            return
        there = {mention.id for mention in self._page(_POSTS, answer).mentions}
        page = self._page(_POSTS, answer, [mention for mention in batch if mention.id in there])
        yield page, {own for own, replies in reply_counts(_read(answer)).items() if not replies}
        for mention in batch:
            if mention.id not in there:
                yield self._thread(mention.id, batch), {mention.id}

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        said: set[str] = set()
        parsers = {kind: partial(_noting, parse, said) for kind, parse in _PARSERS.items()}
        page = read_page(raw, fetched_at, parsers, TITLE)
        return replace(page, shown=tuple(sorted(said - {mention.id for mention in page.mentions})))

    def probe(self, query: str) -> Probe:
        """Sign in, and search for one post."""
        try:
            found = self._page(_POSTS, self._search(query, 1, Place()))
        except (CredentialsRejected, Invalid, NotFound) as error:
            return Probe((), (error.message,), 1)
        shown = "posts hold" if found.mentions else "no post holds"
        return Probe((f"{TITLE} takes the credentials and answers: {shown} {query!r}",), (), 1)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _search(self, query: str, size: int, here: Place) -> bytes:
        asked = {"q": query, "sort": "latest", "limit": size, "until": here.until or None, "cursor": here.cursor or None}
        return self._session.ask("app.bsky.feed.searchPosts", **asked)

    def _thread(self, own_id: str, stored: Iterable[Mention]) -> Page:
        """A post with what answers it. Only where the platform says of its address that nothing is there, it is gone.

        One that is hidden from us - its author blocks the account that listens - is neither told nor deleted.
        """
        uri, asked = _uri(own_id), [mention for mention in stored if mention.id == own_id]
        try:
            answer = self._session.look_up("app.bsky.feed.getPostThread", uri=uri, depth=_DEPTH, parent_height=0)
        except NotFound as error:
            if not asked:
                return self._page(_THREAD, b'{"thread":{}}')  # the first post of a thread, which we have not stored
            return self._page(_THREAD, NOTHING, asked) if uri in error.message else _refused(error, asked)
        except Invalid as error:
            return _refused(error, asked)
        gone = is_gone(_read(answer), uri)
        there = {mention.id for mention in self._page(_THREAD, answer).mentions} | ({own_id} if gone else set())
        return self._page(_THREAD, answer, [mention for mention in stored if mention.id in there])

    def _page(self, kind: str, answer: bytes, asked: Iterable[Mention] = ()) -> Page:
        try:
            page = self.read(sealed(kind, answer, asked), self._opening.clock())
        except Invalid as error:
            raise PlatformUnavailable(f"{TITLE} sends something else than it was asked for: try again later") from error
        return replace(page, spent=1)


def _read(answer: bytes) -> Any:
    """The JSON of an answer, which has been read before."""
    return orjson.loads(answer)


def _noting(parse: Parse, said: set[str], answer: Any, collected_at: datetime) -> Parsed:
    """Parse an answer, and note whose words it holds."""
    said |= said_in(answer)
    return parse(answer, collected_at)


def _refused(error: SocialCrmError, asked: Sequence[Mention]) -> Page:
    """What was refused, as a page: of a single mention a reject, since it is not asked for again; of more nothing yet."""
    reject = (Reject(1, error.message[:300], asked[0].id),) if len(asked) == 1 else ()
    return Page((), (), "", reject, spent=1)


def _uri(own_id: str) -> str:
    return own_id.partition(":")[2]


def open_source(opening: Opening) -> BlueskySource:
    """Open Bluesky with `handle` and `app_password`; signing in waits for the first question."""
    return BlueskySource(opening)


def pace(clock: Clock) -> SharedPace:
    """How fast one address may ask, and the session that sources of one account share."""
    return SharedPace(clock, LIMIT, WINDOW)
