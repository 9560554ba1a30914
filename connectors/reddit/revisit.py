"""Looks stored posts and comments up again: by name, and then their whole threads; our client comes in."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connectors.reddit.answers import Stubs, strangers
from connectors.reddit.parse import authors_of
from connectors.transport.rejecting import rejects
from social_crm.domain.errors import Invalid, NotFound
from social_crm.domain.mention import How
from social_crm.domain.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from connectors.reddit.session import Reply
    from social_crm.domain.mention import Mention

    Ask = Callable[[str, Mapping[str, Any]], Reply]
    # Makes the page of an answer: with the authors of its parents, and what was asked for.
    Make = Callable[[Reply, Mapping[str, str], Sequence[Mention]], Page]
    Question = tuple[str, Mapping[str, Any]]

AT_ONCE = 100  # names that one question may hold
_NAME = re.compile(r"reddit:(t[13])_([0-9a-z]{1,13})")


@dataclass(slots=True)
class Thread:
    """A thread on its way in: a post with all its comments.

    Reddit sends some of them and hints at the others with stubs: lists of ids, and comments whose replies stand deeper.
    `left` are the stored mentions that have not been told yet, `authors` who wrote what. `closed`: we were refused.
    """

    post: str
    left: dict[str, Mention]
    authors: dict[str, str]
    closed: bool = False
    _ids: deque[str] = field(default_factory=deque)
    _branches: deque[str] = field(default_factory=deque)
    _known: set[str] = field(default_factory=set)

    def read(self, ask: Ask, make: Make) -> Iterator[Page]:
        """The thread, an answer a page, until no stub is left. Each id is asked for once, so that it ends."""
        question: Question | None = (f"comments/{self.post}", {"limit": "500", "sort": "new"})
        first = True
        while question is not None and not self.closed:
            yield self._page(question, ask, make, first=first)
            question, first = self._next(), False

    def _page(self, question: Question, ask: Ask, make: Make, *, first: bool) -> Page:
        try:
            reply = ask(*question)
        except (Invalid, NotFound) as error:  # closed to us, or lost: what stands there is neither told nor gone
            self.closed = first
            return _refused(error.message, question)
        self._note(reply.value)
        parents = {name: self.authors[name] for name in strangers(reply.value) if name in self.authors}
        page = make(reply, parents, list(self.left.values()))
        for own in _told(page):
            self.left.pop(own, None)
        return page

    def _note(self, answer: Any) -> None:
        self.authors |= authors_of(answer)
        stubs = Stubs.of(answer)
        for found, waiting, sign in ((stubs.ids, self._ids, ""), (stubs.branches, self._branches, "below ")):
            for one in found:
                if sign + one not in self._known:
                    self._known.add(sign + one)
                    waiting.append(one)

    def _next(self) -> Question | None:
        if self._ids:
            some = [self._ids.popleft() for _ in range(min(AT_ONCE, len(self._ids)))]
            link = f"t3_{self.post}"
            return "api/morechildren", {"link_id": link, "children": ",".join(some), "api_type": "json", "sort": "new"}
        if self._branches:
            return f"comments/{self.post}/_/{self._branches.popleft()}", {"limit": "500", "sort": "new"}
        return None


def look_again(mentions: Sequence[Mention], ask: Ask, make: Make) -> Iterator[Page]:
    """Pages of some mentions by name, which tell what became of each, then of their threads, for late replies.

    A comment that nobody answered leaves its thread without a trace when it is deleted, and a thread may be hidden for many
    reasons; asked for by its name, Reddit shows what a thing is now. A name that does not come back says nothing: its
    subreddit may be closed for a while.
    """
    ours = {mention.id: mention for mention in mentions if _NAME.fullmatch(mention.id)}
    names, left = list(ours.values()), dict(ours)
    for start in range(0, len(names), AT_ONCE):
        for page in _by_name(names[start : start + AT_ONCE], ask, make):
            for own in _told(page):
                left.pop(own, None)
            yield page
    for thread in _by_thread(names, left):
        yield from thread.read(ask, make)


def _by_name(some: Sequence[Mention], ask: Ask, make: Make) -> Iterator[Page]:
    """The mentions in one question; where Reddit refuses it, in two halves, so that one of them cannot hide the others."""
    question = ("api/info", {"id": ",".join(mention.id.partition(":")[2] for mention in some)})
    try:
        reply = ask(*question)
    except (Invalid, NotFound) as error:
        yield _refused(error.message, question)
        if len(some) > 1:
            yield from _by_name(some[: len(some) // 2], ask, make)
            yield from _by_name(some[len(some) // 2 :], ask, make)
    else:
        yield make(reply, _known_parents(some), some)


def _by_thread(mentions: Iterable[Mention], left: Mapping[str, Mention]) -> list[Thread]:
    threads: dict[str, Thread] = {}
    for mention in mentions:
        place = _NAME.fullmatch(mention.thread or mention.id)
        if place is not None and place[1] == "t3":
            thread = threads.setdefault(place[2], Thread(place[2], {}, {}))
            thread.authors.update(_known_parents([mention]))
            if mention.id in left:
                thread.left[mention.id] = mention
    return list(threads.values())


def _told(page: Page) -> list[str]:
    return [*(mention.id for mention in page.mentions), *(gone.mention for gone in page.deletions)]


def _known_parents(mentions: Iterable[Mention]) -> dict[str, str]:
    """Who wrote what the mentions answer, by full name, as it is known already."""
    return {
        mention.parent.partition(":")[2]: account
        for mention in mentions
        if mention.parent
        for how, account in mention.addressed
        if how is How.REPLY
    }


def _refused(reason: str, question: Question) -> Page:
    return replace(Page((), (), ""), rejects=rejects([(reason, list(question))]), spent=1)
