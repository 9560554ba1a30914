"""Speaks to X's API v2 through tweepy and puts its errors into our words; the composition root comes in."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.transport.answers import json_of
from connectors.transport.envelopes import read_page, sealed
from connectors.transport.walk import Walk, stride
from connectors.x.calls import TITLE, Calls, TokenRefused
from connectors.x.limits import XPace
from connectors.x.lookup import (
    NO_PAGE,
    batches,
    halves,
    look,
    only,
    parse_look,
    parse_lookup,
    parse_thread,
    settled,
    shown_in,
    thread,
)
from connectors.x.parse import parse_v2_page
from connectors.x.threads import MOST_SEARCHES, moved, searches
from social_crm.domain.errors import Invalid, NotFound, PlatformUnavailable, RateLimited, Terminal
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import requests

    from connectors.transport.opening import Opening
    from connectors.transport.pace import Pace
    from connectors.x.threads import Moving, Search
    from social_crm.domain.mention import Mention
    from social_crm.domain.page import Page
    from social_crm.ports import Clock

_LARGEST = 100
_SMALLEST = 10  # what X really gives at least
_POST_PRICE = 5000  # usd_micros a post
_WINDOW = timedelta(days=7)  # of recent search
_MARGIN = timedelta(minutes=1)  # between asking and being asked, and for clocks that differ
_OVERLAP = timedelta(minutes=10)
_LAG = timedelta(minutes=1)  # recent search leaves out the last 30 seconds
# A timeline of mentions ends at 800 posts, among which those that are gone leave holes.
_TIMELINE = 720
_MENTIONS = re.compile(r"mentions:(?P<user>\d{1,20})", re.ASCII)
_OUR_FAULT = frozenset({"Not Found Error", "Authorization Error", "Invalid Request", "Forbidden"})
_SEARCH, _LOOK, _THREAD = "search", "look", "thread"
# "lookup" was what a look-up was called before the archive kept beside it what is unread.
_PARSERS = {_SEARCH: parse_v2_page, "lookup": parse_lookup, _LOOK: parse_look, _THREAD: parse_thread}


class XSource:
    """A `ports.LiveSource` over recent search, or over the posts that mention an account: newest first.

    Nothing rests on a `since_id`, which is known to skip posts: a walk asks for what was posted since the last one ended,
    less an overlap. What lies before X's seven days is out of reach and told as missed.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._price = _price(opening.options.get("post_price", ""))
        self._calls = Calls(opening)
        self._next = self._size  # posts that the next page may hold

    @property
    def page_cost(self) -> int:
        """The price of the next page, if it is as full as it can be, in usd_micros."""
        return self._next * self._price

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk what the query names, newest first, down to what is known or to where X's window ends."""
        self._next = self._size
        return self._walk(query, cursor)

    def _walk(self, query: str, cursor: str | None) -> Iterator[Page]:
        user = _user_of(query)
        walk, finished, restarted = Walk.of(cursor).under_way(self._opening.clock()), False, False
        while not finished:
            try:
                page, token, floor = self._ask(query, user, walk)
            except TokenRefused as error:
                if not walk.token:
                    raise
                if restarted:
                    raise PlatformUnavailable(f"{TITLE} refuses its own page tokens: try again later") from error
                walk, restarted = walk.afresh(self._opening.clock()), True
                continue
            window = None if user is None else _TIMELINE
            now = self._opening.clock()
            step = stride(walk, _written(page), token, overlap=_OVERLAP, lag=_LAG, window=window, now=now, floor=floor)
            walk, finished = step.walk, step.finished
            yield replace(page, cursor=walk.cursor(), covered=step.covered, missed=step.missed)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Look mentions up, many in a request; then read what is new in threads with more answers than before, in few.

        A thread that is not read, for whatever reason, is found moving by the next look. One that holds more new answers
        than a page is told as a reject: the newest are read, the walk finds the others as far as they hold its words.
        """
        looks = deque(batches(mentions, self._size))
        self._next = len(looks[0]) if looks else 0
        return self._looks(looks)

    def _looks(self, looks: deque[tuple[Mention, ...]]) -> Iterator[Page]:
        moving: list[Moving] = []
        shown: list[Any] = []
        while looks:
            batch = looks.popleft()
            try:
                page = self._look(batch, moving, shown)
            except (Invalid, NotFound) as error:  # of one id, as a rule: the others must not wait for it
                looks.extendleft(reversed(halves(batch)))
                if len(batch) > 1:
                    continue
                page = self._own(_LOOK, look(NO_PAGE, told=[(error.message, batch[0].id)]))
            self._next = len(looks[0]) if looks else self._size if moving else 0
            yield page
        yield from self._late(searches(moving, self._size)[:MOST_SEARCHES], shown)

    def _look(self, batch: tuple[Mention, ...], moving: list[Moving], shown: list[Any]) -> Page:
        """The page of one look-up; the threads that it shows `moving` are noted, with the answer that showed them."""
        answer = self._calls.look_up([mention.id.partition(":")[2] for mention in batch])
        body = json_of(answer, TITLE)
        _require_answer(body)
        now = self._opening.clock()
        try:
            there, posts = settled(body, batch, now), parse_lookup(body, now)[0]
        except Invalid as error:  # it was paid for, and says nothing of an id: asking for fewer would not help
            raise PlatformUnavailable(f"{TITLE} sends no answer of its API ({error.message}): try again later") from error
        found = moved(there, posts)
        moving += found
        shown += [body] if found else []
        unread = [post for one in found for post in one.posts]
        return self._paid(self._own(_LOOK, look(answer.content, unread), there), body)

    def _late(self, asked: Sequence[Search], shown: Sequence[Any]) -> Iterator[Page]:
        """What was said in some threads since they were last read, a page each, as far as recent search reaches."""
        for left, search in enumerate(asked, 1 - len(asked)):
            try:
                page = self._thread(search, shown)
            except RateLimited:
                return  # look-ups have a window of their own: deletions do not wait for that of searches
            self._next = self._size if left else 0
            yield page

    def _thread(self, search: Search, shown: Sequence[Any]) -> Page:
        """The newest page of what is new in some threads, with the posts that told of it, now up to date."""
        looked = [kept for body in shown if (kept := only(body, search.posts))["data"]]
        floor, since = self._opening.clock() - _WINDOW + _MARGIN, search.since - _OVERLAP
        try:
            answer = self._calls.search(search.query, self._size, "", since if since >= floor else None)
        except (Invalid, NotFound) as error:
            content = thread(NO_PAGE, looked, [(error.message, search.query)])
            return self._own(_THREAD, content, search.posts)
        body = json_of(answer, TITLE)
        _require_answer(body)
        _check(body)
        told = [(f"more late answers than a page of {self._size}: older ones are not read", search.query)]
        content = thread(answer.content, looked, told if _next_token(body) else ())
        return self._paid(self._own(_THREAD, content, search.posts), body, *looked)

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        return read_page(raw, fetched_at, _PARSERS, TITLE)

    def probe(self, query: str) -> Probe:
        """One page of the fewest posts that X gives."""
        size = min(_SMALLEST, self._size)
        try:
            user = _user_of(query)
            answer = self._calls.mentions(user, size) if user else self._calls.search(query, size)
            page = self._page(answer, json_of(answer, TITLE))
        except (RateLimited, PlatformUnavailable):
            raise
        except (Invalid, NotFound, Terminal) as error:
            return Probe((), (error.message,), 0)
        return Probe((f"{TITLE} answers: {_some(len(page.mentions), size)} for {query!r}",), (), page.spent)

    def close(self) -> None:
        """Let go of connections."""
        self._calls.close()

    def _ask(self, query: str, user: str | None, walk: Walk) -> tuple[Page, str, datetime | None]:
        """One page of a walk: with the token of the next one, and the oldest time that could be asked for."""
        now = self._opening.clock()
        since = walk.until - _OVERLAP if walk.until else None
        floor = None
        if user is None:
            floor = now - _WINDOW + _MARGIN
            since = since if since is not None and since >= floor else None
            answer = self._calls.search(query, self._size, walk.token, since)
        else:
            answer = self._calls.mentions(user, self._size, walk.token, since)
        body = json_of(answer, TITLE)
        return self._page(answer, body), _unlike(_next_token(body), walk.token), floor

    def _page(self, answer: requests.Response, body: Any) -> Page:
        _require_answer(body)
        _check(body)
        return self._paid(self._own(_SEARCH, answer.content), body)

    def _own(self, kind: str, content: bytes, asked: Sequence[Mention] = ()) -> Page:
        return self.read(sealed(kind, content, asked), self._opening.clock())

    def _paid(self, page: Page, body: Any, *beside: Any) -> Page:
        """The page with the price of an answer, and with what stands in its raw text beside its mentions."""
        data = body.get("data")
        shown = shown_in((body, *beside)) - {mention.id for mention in page.mentions}
        spent = len(data) * self._price if isinstance(data, list) else 0
        return replace(page, spent=spent, shown=tuple(sorted(shown)))

    @property
    def _size(self) -> int:
        return self._opening.size(_LARGEST)


def open_source(opening: Opening) -> XSource:
    """Open X with a bearer token. Raises Invalid when the price of a post is no number."""
    return XSource(opening)


def pace(clock: Clock) -> Pace:
    """How fast one account may ask: as X says it for each kind of request."""
    return XPace(clock)


def _user_of(query: str) -> str | None:
    """The account of `mentions:<user id>`; None for a search. Raises Invalid for another way of naming an account."""
    text = query.strip()
    if not text.startswith("mentions:"):
        return None
    found = _MENTIONS.fullmatch(text)
    if found is None:
        raise Invalid(f"{text!r:.60}: name the account by its number, such as mentions:2244994945, not by its handle")
    return found["user"]


def _price(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(f"the option post_price is {text!r:.40}: write usd_micros as a whole number, such as {_POST_PRICE}")
    return int(text) if text else _POST_PRICE


def _written(page: Page) -> list[datetime]:
    """When the versions that a page shows were written: by that time X lists them."""
    return [mention.edited_at or mention.posted_at for mention in page.mentions]


def _require_answer(body: Any) -> None:
    if not isinstance(body, dict):
        raise PlatformUnavailable(f"{TITLE} sends something that is no answer of its API: try again later")


def _unlike(token: str, used: str) -> str:
    """The token of the next page. One that leads back to the same page would never end."""
    if token and token == used:
        raise PlatformUnavailable(f"{TITLE} sends the same page again instead of the next one: try again later")
    return token


def _check(body: dict[str, Any]) -> None:
    """Raise what an answer of nothing but errors means."""
    errors = body.get("errors")
    if "data" in body or "meta" in body or not isinstance(errors, list) or not errors:
        return
    error = errors[0] if isinstance(errors[0], dict) else {}
    title, words = error.get("title"), str(error.get("detail") or error.get("title"))[:200]
    if title in _OUR_FAULT:
        raise Invalid(f"{TITLE} cannot answer the query: {words}")
    raise PlatformUnavailable(f"{TITLE} is in trouble ({words}): try again later")


def _next_token(body: Any) -> str:
    meta = body.get("meta") if isinstance(body, dict) else None
    token = meta.get("next_token") if isinstance(meta, dict) else None
    return token if isinstance(token, str) else ""


def _some(count: int, most: int) -> str:
    return f"{count} posts or more" if count >= most else f"{count} posts"
