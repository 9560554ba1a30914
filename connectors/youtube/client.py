"""Walks through YouTube's comments and looks stored ones up again; the composition root comes in."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.envelopes import NOTHING, read_page, sealed
from connectors.transport.pace import Pace
from connectors.transport.rejecting import rejects
from connectors.youtube.api import SEARCH_COST, Api
from connectors.youtube.course import Course
from connectors.youtube.lookups import COMMENTS, REPLIES, THREADS, Look, first_looks
from connectors.youtube.parse import items_of, parse_comments, parse_threads, parse_videos, threads_of, told_replies
from connectors.youtube.queries import is_search, listing_of, search_words
from connectors.youtube.refusals import TITLE, PageTokenLost, Withheld, quota_day_ends
from connectors.youtube.videos import found_videos, how_many
from social_crm.domain.clock import ONE_DAY
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound
from social_crm.domain.page import Page
from social_crm.domain.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from connectors.transport.opening import Opening
    from connectors.youtube.api import Answer
    from connectors.youtube.parse import Thread, Top
    from social_crm.domain.errors import SocialCrmError
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

LIMIT = 10_000  # quota units a day
_LARGEST = 100
_SEARCH = "search"
_PARSERS = {THREADS: parse_threads, COMMENTS: parse_comments, REPLIES: parse_comments, _SEARCH: parse_videos}


class YouTubeSource:
    """A `ports.LiveSource` over comment threads, newest first; threads with many replies follow as pages of their own.

    Raises CredentialsRejected without an API key, Invalid when the option `videos` is not a number from 1 to 50.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening, self._videos = opening, how_many(opening.options)
        self._api = Api(opening)
        # Where the query is not known beforehand, it may be a search.
        self._next_cost = _first_cost(opening.query) if opening.query else SEARCH_COST

    @property
    def page_cost(self) -> int:
        """What the next page may cost: a walk of a search begins with a dear one, all others cost one unit."""
        return self._next_cost

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk the threads of the query's videos or channel, newest first, down to what is known."""
        self._next_cost = _first_cost(query)
        return self._walk(query, cursor)

    def _walk(self, query: str, cursor: str | None) -> Iterator[Page]:
        listings = None if is_search(query) else (listing_of(query),)
        course, lost = Course.of(cursor).under_way(self._opening.clock(), listings), False
        while True:
            try:
                page, course = self._stage(query, course)
            except PageTokenLost:
                if lost:
                    raise
                page, course, lost = self._nothing(), course.afresh(self._opening.clock()), True
            if course.is_over:
                break
            yield replace(page, cursor=course.cursor())
        course, covered, missed = course.finished()
        yield replace(page, cursor=course.cursor(), covered=covered, missed=missed)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Look stored comments up by their ids, 50 for a unit, and read replies that their threads do not tell."""
        self._next_cost = 1
        return self._looks(mentions)

    def _looks(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        asked = {mention.id.partition(":")[2]: mention for mention in mentions}
        looks = deque(first_looks(mentions))
        while looks:
            look = looks.popleft()
            try:
                answer = self._looked_up(look)
            except (Invalid, NotFound, PageTokenLost) as error:  # a definite word: the others must not wait for it
                looks.extendleft(reversed(look.halves()))
                yield self._refused(look, asked, error)
                continue
            page, more = self._look(look, answer, asked)
            looks.extend(more)
            yield page

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again. Raises Invalid when it is not one of ours."""
        page = read_page(raw, fetched_at, _PARSERS, TITLE)
        if not (page.deletions and page.rejects):
            return page
        # What came and could not become a fact is not gone.
        shown = {f"youtube:{item.get('id')}" for item in _items(raw) if isinstance(item, dict)}
        return replace(page, deletions=tuple(one for one in page.deletions if one.mention not in shown))

    def probe(self, query: str) -> Probe:
        """Ask for one thread or, before a search, for one video: a search itself is dear."""
        try:
            if is_search(query):
                search_words(query)
                self._api.get("videos", {"part": "id", "chart": "mostPopular", "maxResults": "1"})
                return Probe((f"{TITLE} takes the key; a search costs {SEARCH_COST} units, so none was made",), (), 1)
            self._threads(listing_of(query), "", 1)
        except (CredentialsRejected, Invalid, NotFound) as error:
            return Probe((), (error.message,), 1)
        return Probe((f"{TITLE} answers: the comments of {query} can be read",), (), 1)

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _stage(self, query: str, course: Course) -> tuple[Page, Course]:
        """The next page of a walk, and where it stands then."""
        if course.listings is None:
            return self._search(query, course)
        return self._waiting(course) if course.waiting else self._listed(query, course)

    def _search(self, query: str, course: Course) -> tuple[Page, Course]:
        words = {"part": "snippet", "type": "video", "order": "date", "q": search_words(query)}
        answer = self._api.get("search", {**words, "maxResults": str(self._videos)})
        self._next_cost = 1
        listings, shown_from = found_videos(answer.page, full=bool(answer.token))
        page = self._page(_SEARCH, _composed(answer.content))
        return replace(page, spent=SEARCH_COST), course.searched(listings, shown_from)

    def _listed(self, query: str, course: Course) -> tuple[Page, Course]:
        """A page of threads. Of a search, a video that does not show its comments is passed over."""
        walk, listings = course.on_threads(), course.listings or ()
        try:
            answer = self._threads(listings[0], walk.token, self._opening.size(_LARGEST))
        except (NotFound, Withheld):
            if not is_search(query):
                raise
            return self._nothing(), course.without_listing()
        threads = threads_of(answer.page)
        page = self._page(THREADS, _composed(answer.content, later=course.untold(threads)))
        return page, course.threads_taken(threads, answer.token)

    def _waiting(self, course: Course) -> tuple[Page, Course]:
        """A page of the replies of the first thread that waits; it may be gone by now."""
        own, top = course.waiting[0]
        try:
            answer = self._replies(own, course.token)
        except (NotFound, Withheld):
            return self._nothing(), course.replies_taken("")
        return self._page(REPLIES, _composed(answer.content, {own: top})), course.replies_taken(answer.token)

    def _refused(self, look: Look, asked: Mapping[str, Mention], error: SocialCrmError) -> Page:
        """The page of a look-up that was refused. Only one thing that YouTube says is not there counts as gone."""
        if isinstance(error, Withheld) or len(look.ids) > 1 or (isinstance(error, NotFound) and look.kind == REPLIES):
            return self._nothing()
        if isinstance(error, NotFound):
            gone = [asked[own] for own in look.ids if own in asked]
            return self._page(look.kind, NOTHING, gone) if gone else self._nothing()
        return replace(self._nothing(), rejects=rejects([(error.message, look.ids[0])]))

    def _look(self, look: Look, answer: Answer, asked: Mapping[str, Mention]) -> tuple[Page, tuple[Look, ...]]:
        """The page of one look-up, and those that come of it."""
        of_these = [asked[own] for own in look.ids if own in asked] if look.kind != REPLIES else []
        untold = [one for one in threads_of(answer.page) if one.untold] if look.kind == THREADS else []
        content = _composed(answer.content, look.tops, untold)
        return self._page(look.kind, content, of_these), look.behind(untold, answer.token)

    def _looked_up(self, look: Look) -> Answer:
        if look.kind == REPLIES:
            return self._replies(look.ids[0], look.token)
        what, part = ("commentThreads", "snippet,replies") if look.kind == THREADS else ("comments", "snippet")
        return self._api.get(what, {"part": part, "textFormat": "plainText", "id": ",".join(look.ids)})

    def _threads(self, listing: str, token: str, size: int) -> Answer:
        name, _, own = listing.partition(":")
        asked = {"part": "snippet,replies", "order": "time", "textFormat": "plainText", name: own, "maxResults": str(size)}
        return self._api.get("commentThreads", {**asked, **({"pageToken": token} if token else {})})

    def _replies(self, thread: str, token: str) -> Answer:
        asked = {"part": "snippet", "textFormat": "plainText", "parentId": thread}
        size = {"maxResults": str(self._opening.size(_LARGEST))}
        return self._api.get("comments", {**asked, **size, **({"pageToken": token} if token else {})})

    def _nothing(self) -> Page:
        """The page of a request that brought nothing, which costs its unit all the same."""
        return Page((), (), "", spent=1, fetched_at=self._opening.clock())

    def _page(self, kind: str, answer: bytes, asked: Sequence[Mention] = ()) -> Page:
        page = self.read(sealed(kind, answer, asked), self._opening.clock())
        beside = told_replies(orjson.loads(answer)["page"]) if kind == THREADS and answer != NOTHING else set()
        return replace(page, spent=1, shown=tuple(sorted(beside - {mention.id for mention in page.mentions})))


def open_source(opening: Opening) -> YouTubeSource:
    """Open YouTube with an API key. Raises CredentialsRejected without one."""
    return YouTubeSource(opening)


def pace(clock: Clock) -> Pace:
    """The units of a key's day, by our own count: YouTube says nothing of it in its headers."""
    return Pace(clock, LIMIT, ONE_DAY, quota_day_ends)


def _first_cost(query: str) -> int:
    return SEARCH_COST if is_search(query) else 1


def _composed(content: bytes, tops: Mapping[str, Top] | None = None, later: Iterable[Thread] = ()) -> bytes:
    """An answer as the archive keeps it: with what its parser needs to know beside it."""
    known = {own: (top.author, top.video) for own, top in (tops or {}).items()}
    beside = orjson.dumps({"tops": known, "later": [thread.id for thread in later]})
    return b'{"page":' + content + b"," + beside[1:]


def _items(raw: str) -> list[Any]:
    answer = orjson.loads(raw)["answer"]
    return items_of(answer["page"]) if answer else []
