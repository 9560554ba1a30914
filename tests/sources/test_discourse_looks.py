"""Looking again at a forum of Discourse, and what a forum that repeats itself or lags behind does to a walk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest

from connectors.transport.envelopes import sealed
from demo.platforms.discourse import LoopbackDiscourse
from demo.platforms.platform import Answer, answer_json
from social_crm.domain.account import Account
from social_crm.domain.errors import PlatformUnavailable, RateLimited
from social_crm.domain.mention import Kind, Mention
from tests.sources.stand import Place, ids
from tests.sources.stands.discourse import HOST, KEY, STAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.platforms.platform import Request


class Odd(LoopbackDiscourse):
    """A forum with an answer of a test's own for some paths, and a search that leaves out what is not in its index yet."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]  # as the forum is made
        self.instead: Callable[[Request], Answer | None] = lambda _request: None
        self.unseen: set[str] = set()

    def answer(self, request: Request) -> Answer:
        return self.instead(request) or super().answer(request)

    def _search(self, request: Request) -> Answer:
        there = [self.shelf.find(own, self.clock()) for own in sorted(self.unseen)]
        for mention in filter(None, there):
            self.shelf.edit(mention.id, "not in the index", self.clock())
        answer = super()._search(request)
        for mention in filter(None, there):
            self.shelf.edit(mention.id, mention.text, self.clock())
        return answer


def odd(query: str = "latest") -> Place:
    return Place(replace(STAND, query=query, platform=partial(Odd, page=20, keys={KEY: "support"})))


@pytest.fixture
def forum() -> Iterator[Place]:
    with odd() as place:
        yield place


def post(place: Place, topic: int, number: int, text: str) -> Mention:
    root = f"discourse:{HOST}/{topic}/1"
    author, now = STAND.account_id(1), place.clock()
    answers = number > 1
    made = Mention(
        id=f"discourse:{HOST}/{topic}/{number}",
        author=author,
        posted_at=now,
        collected_at=now,
        text=text,
        kind=Kind.REPLY if answers else Kind.POST,
        parent=root if answers else None,
        thread=root,
    )
    place.shelf.know([Account(author, "person1", now)])
    place.shelf.add(made)
    return made


def collected(place: Place, count: int = 12) -> list[Mention]:
    place.fill(count)
    place.settle()
    return [mention for page in place.walk() for mention in page.mentions]


def paths(place: Place) -> list[str]:
    return [entry.path for entry in place.server.log]


def test_each_request_of_a_look_again_gives_its_page_and_each_topic_is_read_once(forum: Place) -> None:
    stored = collected(forum, 40)
    for mention in stored[::4]:
        forum.shelf.delete(mention.id, forum.clock())
    forum.clock.forward(timedelta(minutes=5))
    forum.server.log.clear()
    for pages, page in enumerate(forum.source().revisit(stored), 1):
        assert page.spent == 1
        assert len(forum.server.log) == pages
    topics = [path for path in paths(forum) if path.startswith("/t/") and not path.endswith("posts.json")]
    assert len(topics) == len(set(topics)) == len({mention.thread for mention in stored})


def test_what_was_looked_at_before_a_limit_has_been_told(forum: Place) -> None:
    for number in range(1, 81):
        post(forum, number, 1, f"acme {number}")
        forum.clock.forward(timedelta(minutes=1))
    forum.settle()
    stored = [mention for page in forum.walk() for mention in page.mentions]
    forum.shelf.delete(stored[3].id, forum.clock())
    forum.clock.forward(timedelta(minutes=5))
    told: list[str] = []
    seen: set[str] = set()
    with pytest.raises(RateLimited):  # noqa: PT012 - what came before the limit is what is looked at
        for page in forum.source().revisit(stored):
            told += [gone.mention for gone in page.deletions]
            seen |= {mention.id for mention in page.mentions}
    assert told == [stored[3].id]
    assert len(seen) == 60 - 2, "one was not there, and that took two requests"


def test_a_batch_of_a_look_again_fits_into_a_minute(forum: Place) -> None:
    for topic in range(1, 21):
        for number in range(1, 31):
            post(forum, topic, number, f"acme {topic}, {number}")
    forum.settle()
    known = [f"discourse:{HOST}/{topic}/25" for topic in range(1, 21)]
    stored = {one.id: one for page in forum.source().pull("latest", None) for one in page.mentions}
    forum.clock.forward(timedelta(minutes=5))
    for own in known[::2]:
        forum.shelf.delete(own, forum.clock())
    forum.server.log.clear()
    pages = list(forum.source().revisit([stored[own] for own in known]))
    assert {gone.mention for page in pages for gone in page.deletions} == set(known[::2])
    assert f"discourse:{HOST}/2/30" in ids(pages), "what came after is found with the same requests"
    assert len(forum.server.log) == 40


def test_mentions_of_another_form_or_forum_are_not_asked_for(forum: Place) -> None:
    stored = collected(forum)
    strange = ["discourse:row-17", f"discourse:{HOST}/4", f"discourse:{HOST}/٤/1", "discourse:else.example/1/1", "x:1"]
    strange += [f"discourse:{HOST}/4/one", f"discourse:{HOST}/4/1/2"]
    forum.server.log.clear()
    assert list(forum.source().revisit([replace(stored[0], id=own) for own in strange])) == []
    assert paths(forum) == []


@pytest.mark.parametrize(
    "gone",
    [
        Answer(404, b"<html>Not Found</html>", {"Content-Type": "text/html"}),
        Answer(410, b"Gone"),
        answer_json({"error": "no such route"}, status=404),
        Answer(302, b"", {"Location": "/login"}),
        Answer(301, b"", {"Location": "https://elsewhere.example/posts/1.json"}),
        answer_json({"id": 1_000_000, "post_number": 3, "topic_id": 4}),
    ],
    ids=["a page", "a word", "a stranger's JSON", "to the door", "elsewhere", "another post"],
)
def test_only_the_forums_own_word_makes_a_post_gone(forum: Place, gone: Answer) -> None:
    stored = collected(forum)
    forum.platform.instead = lambda request: gone if request.path.startswith("/posts/") else None
    forum.shelf.delete(stored[2].id, forum.clock())
    pages = []
    with pytest.raises(PlatformUnavailable):
        pages.extend(forum.source().revisit([stored[2]]))
    assert not [one for page in pages for one in page.deletions]
    forum.platform.instead = lambda _request: None
    assert [one.mention for page in forum.source().revisit([stored[2]]) for one in page.deletions] == [stored[2].id]


def test_a_post_that_the_forum_refuses_to_look_up_does_not_stop_the_others(forum: Place) -> None:
    stored = collected(forum)
    forum.platform.instead = lambda request: (
        answer_json({"errors": ["no"]}, status=400) if request.path.startswith("/posts/") else None
    )
    forum.shelf.delete(stored[2].id, forum.clock())
    pages = list(forum.source().revisit(stored))
    assert not [one for page in pages for one in page.deletions]
    assert stored[2].id in [reject.raw for page in pages for reject in page.rejects]
    assert {mention.id for mention in stored} - {stored[2].id} <= set(ids(pages))


def test_a_hit_that_the_index_shows_late_is_stored_however_many_came_after_it() -> None:
    with odd("search:acme") as place:
        post(place, 1, 1, "other things")
        for number in range(2, 41):
            post(place, 1, number, "nothing here")
            place.clock.forward(timedelta(seconds=30))
        post(place, 2, 1, "acme talk")
        place.settle()
        before = place.walk()[-1]
        late = [post(place, 1, number, "acme is late in the index") for number in (41, 42)]
        place.platform.unseen = {mention.id for mention in late}
        for number in range(2, 30):
            place.clock.forward(timedelta(seconds=30))
            post(place, 2, number, f"acme reply {number}")
        place.clock.forward(timedelta(minutes=10))
        meanwhile = place.walk(before.cursor)
        assert not {mention.id for mention in late} & set(ids(meanwhile))
        place.platform.unseen = set()
        place.clock.forward(timedelta(minutes=10))
        assert {mention.id for mention in late} <= set(ids(place.walk(meanwhile[-1].cursor)))


def test_a_listing_that_repeats_itself_is_unavailable(forum: Place) -> None:
    forum.fill(60)
    forum.settle()
    forum.platform.instead = lambda request: (
        LoopbackDiscourse.answer(forum.platform, replace(request, query={})) if request.query.get("before") else None
    )
    with pytest.raises(PlatformUnavailable, match="again"):
        forum.walk()
    assert len(forum.server.log) == 2


def test_a_search_that_repeats_itself_is_unavailable() -> None:
    with odd("search:acme") as place:
        place.fill(90)
        place.settle()
        place.platform.instead = lambda request: (
            LoopbackDiscourse.answer(place.platform, replace(request, query={**request.query, "page": "1"}))
            if int(request.query.get("page", "1")) > 1
            else None
        )
        with pytest.raises(PlatformUnavailable, match="again"):
            place.walk()
        assert len(place.server.log) == 2


def test_a_page_says_whose_words_it_shows_besides_its_own(forum: Place) -> None:
    quote = '<aside class="quote" data-username="ann" data-post="3" data-topic="8"><blockquote>words</blockquote></aside>'
    said = {
        "id": 5,
        "username": "bob",
        "created_at": "2026-03-01T00:00:00Z",
        "cooked": f"{quote}<p>acme</p>",
        "post_number": 4,
        "topic_id": 9,
        "topic_title": "The title of somebody else",
    }
    page = forum.source().read(sealed("latest", orjson.dumps({"latest_posts": [said]})), forum.clock())
    assert ids([page]) == [f"discourse:{HOST}/9/4"]
    assert set(page.shown) == {f"discourse:{HOST}/9/1", f"discourse:{HOST}/8/3"}
