"""Speaks to a forum's JSON and puts its errors into our words; the composition root comes in."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from connectors.discourse.course import NEAR, Course
from connectors.discourse.forum import TITLE, Forum
from connectors.discourse.parse import (
    hit_of,
    hits_of,
    numbers_of,
    parse_latest,
    parse_post,
    parse_search,
    parse_thread,
    posts_of,
    shown_in,
)
from connectors.transport.envelopes import NOTHING, read_page, sealed
from connectors.transport.pace import Pace
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited
from social_crm.domain.page import Page, Reject
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from connectors.transport.envelopes import Parsed
    from connectors.transport.opening import Opening
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

LIMIT, WINDOW = 60, timedelta(minutes=1)  # what one key may do, and well below what one address may
_BATCH = 50
_PAGES = 10  # of a search, 50 topics each
_LATEST, _SEARCH, _THREAD, _POST = "latest", "search", "thread", "post"
_PLACE = re.compile(r"discourse:([^/\s]+)/([0-9]{1,15})/([0-9]{1,15})")
_PARSERS = {_LATEST: parse_latest, _SEARCH: parse_search, _THREAD: parse_thread, _POST: parse_post}


class DiscourseSource:
    """A `ports.LiveSource` over the listing of all posts, or over a search.

    A search shows the newest hit of each topic and only a piece of its text. So it tells which topics have something new,
    and those are read: what is new in them is given, whole.
    """

    page_cost = 2

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._forum = Forum(opening)

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk `latest`, or `search:<words>`. Raises Invalid for another query."""
        words = _words(query)
        course = Course.of(cursor).under_way(self._opening.clock())
        return self._search(words, course) if words else self._latest(course)

    def _latest(self, course: Course) -> Iterator[Page]:
        finished = False
        while not finished:
            answer = self._forum.latest(course.place)
            page = self._page(_LATEST, answer, 1)
            numbers = numbers_of(orjson.loads(answer)["latest_posts"])
            course, step = course.listed(numbers, [mention.posted_at for mention in page.mentions])
            finished = step.finished
            yield replace(page, cursor=course.cursor(), covered=step.covered, missed=step.missed)

    def _search(self, words: str, course: Course) -> Iterator[Page]:
        finished = False
        while not finished:
            page, course = self._visit(course) if course.ended else self._found(words, course)
            if finished := bool(course.ended) and not course.queue:
                course, step = course.closed()
                page = replace(page, covered=step.covered, missed=step.missed)
            yield replace(page, cursor=course.cursor())

    def _found(self, words: str, course: Course) -> tuple[Page, Course]:
        answer = self._forum.search(words, course.place or 1)
        page, told = self._page(_SEARCH, answer, 1), orjson.loads(answer)
        hits = [hit for hit in map(hit_of, hits_of(told)) if hit is not None]
        more = bool(told["grouped_search_result"].get("more_full_page_results"))
        return page, course.found(hits, more=more, pages=_PAGES)

    def _visit(self, course: Course) -> tuple[Page, Course]:
        """Read the first topic in the queue on: its first posts, and the next of those that are new; its hit always."""
        topic, hit = course.queue[0]
        try:
            answer = self._forum.topic(topic)
            told = orjson.loads(answer)
            first, floor = set(numbers_of(posts_of(told))), course.known - NEAR
            new = [number for number in _stream(told, hit) if number > floor or number == hit]
            wanted = [number for number in new if number > course.after and number not in first]
            batch = wanted[:_BATCH]
            more = self._forum.posts(topic, batch) if batch else NOTHING
        except (NotFound, CredentialsRejected):
            return self._thread(NOTHING, NOTHING), course.visited(0, ())
        page = replace(self._thread(answer, more), spent=1 + bool(batch))
        times = [(_number(mention), mention.posted_at) for mention in page.mentions]
        return page, course.visited(batch[-1] if len(wanted) > _BATCH else 0, times)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Read the topics of some mentions again, each once: a request a page.

        First what is known, then the newest of what came after. A post that its topic lacks may have been moved: it is
        asked for by itself, and gone only if the forum says so. Mentions of other forums are passed over.
        """
        topics: dict[int, list[Mention]] = defaultdict(list)
        for mention in mentions:
            place = _PLACE.fullmatch(mention.id)
            if place and place.group(1) == self._forum.host:
                topics[int(place.group(2))].append(mention)
        for topic, asked in topics.items():
            yield from self._again(topic, asked)

    def _again(self, topic: int, asked: Sequence[Mention]) -> Iterator[Page]:
        try:
            answer = self._forum.topic(topic)
        except CredentialsRejected:
            yield self._thread(NOTHING, NOTHING)  # closed to us: nobody can say what is gone
            return
        except (NotFound, Invalid):
            answer = NOTHING
        page = self._thread(answer, NOTHING, asked)
        yield page
        left, told = _without(asked, page), orjson.loads(answer)
        stream = _stream(told, 0)
        wanted = [number for number in map(_number, left) if number and (number in stream or (told and not stream))]
        for begin in range(0, len(wanted), _BATCH):
            batch = wanted[begin : begin + _BATCH]
            late = _late(told, asked)[len(batch) - _BATCH :] if len(batch) < _BATCH else []
            page = self._some(topic, [*batch, *late], left)
            yield page
            left = _without(left, page)
        for mention in left:
            yield self._alone(mention)
        # Only where nothing else was asked: so no mention of a topic costs more than two requests or so.
        if not wanted and not left and (late := _late(told, asked)):
            yield self._some(topic, late[-_BATCH:], ())

    def _some(self, topic: int, numbers: Sequence[int], asked: Sequence[Mention]) -> Page:
        """Some posts of a topic; nothing where the forum does not give them, since each can be asked for by itself."""
        try:
            more = self._forum.posts(topic, numbers)
        except (NotFound, CredentialsRejected, Invalid):
            more = NOTHING
        return self._thread(NOTHING, more, asked)

    def _alone(self, mention: Mention) -> Page:
        """Ask for a post that its topic lacks: by the forum's own number, which stays when it is moved."""
        number = _number(mention)
        try:
            answer = self._forum.post(number) if number else self._forum.post_at(*_place(mention))
        except NotFound:
            # By its place alone it may as well have been moved.
            return self._page(_POST, NOTHING, 1, [mention]) if number else self._thread(NOTHING, NOTHING)
        except CredentialsRejected:
            return self._thread(NOTHING, NOTHING)  # closed to us: nobody can say that it is gone
        except Invalid as error:
            return Page((), (), "", (Reject(1, error.message, mention.id),), spent=1)
        page = self._page(_POST, answer, 1)
        # It goes on under another id where it was moved, and the old one ends. Hidden ones may come back.
        return self._page(_POST, answer, 1, [mention]) if page.mentions else page

    def _thread(self, answer: bytes, more: bytes, asked: Sequence[Mention] = ()) -> Page:
        """A topic and more of its posts; those of the mentions asked for that it holds are compared with what we knew."""
        both = b'{"topic":' + answer + b',"more":' + more + b"}"
        page = self._page(_THREAD, both, 1)
        there = {mention.id for mention in page.mentions}
        known = [mention for mention in asked if mention.id in there]
        return self._page(_THREAD, both, 1, known) if known else page

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        host, shown = self._forum.host, set[str]()
        parsers = {kind: partial(_noting, parse, host, shown) for kind, parse in _PARSERS.items()}
        page = read_page(raw, fetched_at, parsers, TITLE)
        return replace(page, shown=tuple(sorted(shown - {mention.id for mention in page.mentions})))

    def probe(self, query: str) -> Probe:
        """One page of the listing, or of the search."""
        try:
            words = _words(query)
            told: Any = orjson.loads(self._forum.search(words, 1) if words else self._forum.latest(0))
            found = len(hits_of(told)) if words else len(told["latest_posts"])
        except (RateLimited, PlatformUnavailable):
            raise
        except (Invalid, NotFound, CredentialsRejected) as error:
            return Probe((), (error.message,), 1)
        return Probe((f"{self._forum.host} answers: {found} posts on the first page of {query!r}",), (), 1)

    def close(self) -> None:
        """Let go of connections."""
        self._forum.close()

    def _page(self, kind: str, answer: bytes, spent: int, asked: Sequence[Mention] = ()) -> Page:
        return replace(self.read(sealed(kind, answer, asked), self._opening.clock()), spent=spent)


def _noting(parse: Callable[[Any, datetime, str], Parsed], host: str, shown: set[str], answer: Any, at: datetime) -> Parsed:
    """Parse an answer, and note whose words it shows."""
    shown |= shown_in(answer, host)
    return parse(answer, at, host)


def _without(asked: Sequence[Mention], page: Page) -> list[Mention]:
    """The mentions that a page does not hold."""
    there = {mention.id for mention in page.mentions}
    return [mention for mention in asked if mention.id not in there]


def _late(told: Any, asked: Sequence[Mention]) -> list[int]:
    """The numbers of posts of a topic that came after all that were asked for, and are not among its first."""
    known, first = max(map(_number, asked), default=0), set(numbers_of(posts_of(told)))
    return [number for number in (_stream(told, 0) if known else ()) if number > known and number not in first]


def _place(mention: Mention) -> tuple[int, int]:
    """Topic and place of a mention whose id has been looked at."""
    topic, place = mention.id.split("/")[1:]
    return int(topic), int(place)


def _words(query: str) -> str:
    """The words of a search; "" for the listing. Raises Invalid for a query that is neither."""
    if query.strip() == "latest":
        return ""
    kind, _, words = query.strip().partition(":")
    if kind != "search" or not words.strip():
        raise Invalid(f"{query!r:.80} is no query of Discourse: write latest, or search:<words>")
    return words.strip()


def _number(mention: Mention) -> int:
    """The forum's own number of a post, from its address; 0 when that does not tell."""
    number = (mention.url or "").rpartition("/p/")[2]
    return int(number) if number.isascii() and number.isdecimal() else 0


def _stream(told: Any, hit: int) -> list[int]:
    """The numbers of all posts of a topic, rising; of one that is too long to be listed only the hit."""
    stream = told["post_stream"].get("stream") if told else None
    numbers = sorted(number for number in stream if type(number) is int) if isinstance(stream, list) else []
    return numbers or ([hit] if hit else [])


def open_source(opening: Opening) -> DiscourseSource:
    """Open a forum; one that is public needs no credentials."""
    return DiscourseSource(opening)


def pace(clock: Clock) -> Pace:
    """How fast one key may ask: Discourse says nothing of it before it refuses."""
    return Pace(clock, LIMIT, WINDOW)
