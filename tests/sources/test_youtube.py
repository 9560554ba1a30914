"""YouTube's walks: its forms of query, searches through many videos, threads with many replies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.youtube.client import open_source
from demo.platforms.youtube import CHANNEL, VIDEO, LoopbackYouTube, refusal
from social_crm.domain.errors import Invalid, NotFound, PlatformUnavailable
from social_crm.domain.mention import How, Kind
from tests.sources.stand import Place, ids
from tests.sources.stands.youtube import STAND, asking, comment, film, paths, served_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Answer, Request


@pytest.fixture
def place() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


# -- forms of query ----------------------------------------------------------------------------------------------------


def test_a_channel_brings_the_comments_of_all_its_videos() -> None:
    with asking(f"channel:{CHANNEL}") as place:
        place.fill(3)
        film(place, "other")
        there = comment(place, 50, video="other")
        assert there.id in ids(place.walk())
        assert len(ids(place.walk())) == 4


def test_a_video_brings_its_own_comments_only(place: Place) -> None:
    place.fill(3)
    film(place, "other")
    comment(place, 50, video="other")
    assert len(ids(place.walk())) == 3


@pytest.mark.parametrize("query", ["acme", "video:", "video:a b", "channel:@acme", "search:", "search:  ", "playlist:PL1"])
def test_what_is_no_query_is_refused_with_what_to_write(place: Place, query: str) -> None:
    place.fill(1)
    with pytest.raises(Invalid, match=r"video:<id>|begins with UC"):
        list(place.source().pull(query, None))
    assert place.source().probe(query).works == ()
    assert place.server.log == []


@pytest.mark.parametrize("query", ["video:unheardof", "channel:UCunheardof"])
def test_what_youtube_does_not_have_is_told(place: Place, query: str) -> None:
    with pytest.raises(NotFound, match="check the query"):
        list(place.source().pull(query, None))


def test_comments_that_are_turned_off_are_told() -> None:
    with asking("video:silent") as place:
        film(place, "silent", comments_off=True)
        with pytest.raises(Invalid, match="turned off"):
            place.walk()
        assert place.source().probe("video:silent").missing != ()


# -- searches ----------------------------------------------------------------------------------------------------------


def test_a_search_walks_through_its_videos_one_after_the_other_and_searches_once() -> None:
    with asking("search:acme") as place:
        first = place.fill(12)
        film(place, "one", "two")
        more = [comment(place, 100 + n, video="one" if n % 2 else "two") for n in range(9)]
        place.settle()
        cursor, finished, found, spent = None, False, set(), 0
        while not finished:
            page = next(place.source(4).pull(place.query, cursor))
            found |= {mention.id for mention in page.mentions}
            cursor, finished, spent = page.cursor, page.covered is not None, spent + page.spent
        assert found == {one.id for one in (*first, *more)}
        assert paths(place).count("search") == 1
        assert spent == 100 + len(place.server.log) - 1
        assert [page.spent for page in place.walk(cursor)] == [100, 1, 1, 1]


def test_a_search_asks_for_as_many_videos_as_its_option_says_and_goes_on_with_new_ones() -> None:
    with asking("search:film acme", options={"videos": "2"}) as place:
        place.fill(1)
        film(place, "one", "two", "three")
        old, new = comment(place, 70, video="one"), comment(place, 71, video="three")
        place.settle()
        pages = place.walk()
        assert ids(pages) == [new.id]
        film(place, "four")
        newest = comment(place, 72, video="four")
        place.settle()
        again = place.walk(pages[-1].cursor)
        assert newest.id in ids(again)
        assert old.id not in ids(again)
        assert not [gap for page in again for gap in page.missed]


def test_a_search_reads_again_only_the_newest_of_videos_that_it_knows() -> None:
    with asking("search:acme") as place:
        place.fill(40)
        film(place, "one")
        for number in range(20):
            comment(place, 100 + number, video="one")
        place.settle()
        before = place.walk(page_size=3)[-1]
        place.server.log.clear()
        place.walk(before.cursor, page_size=3)
        assert paths(place) == ["search", "commentThreads", "commentThreads"]


def test_a_search_that_shows_only_what_is_newer_leaves_a_gap() -> None:
    with asking("search:film", options={"videos": "2"}) as place:
        film(place, "one", "two")
        place.settle()
        before = place.walk()[-1]
        film(place, "three", "four", "five")
        place.settle()
        last = place.walk(before.cursor)[-1]
        assert before.covered is not None
        assert last.covered is not None
        shown_from = place.platform.videos["four"].published_at
        assert [(gap.start, gap.end) for gap in last.missed] == [(before.covered.end, shown_from)]
        assert last.covered.start == shown_from


def test_a_search_that_finds_nothing_covers_the_time() -> None:
    with asking("search:nothing of the kind") as place:
        pages = place.walk()
        assert [page.spent for page in pages] == [100]
        assert pages[0].covered is not None


def test_a_search_passes_over_a_video_that_shows_no_comments() -> None:
    with asking("search:film") as place:
        film(place, "one")
        film(place, "silent", comments_off=True)
        there = comment(place, 60, video="one")
        place.settle()
        pages = place.walk()
        assert ids(pages) == [there.id]
        assert pages[-1].covered is not None


@pytest.mark.parametrize("number", ["0", "51", "-1", "ten", "1.5", "٣", ""])
def test_a_number_of_videos_that_cannot_be_is_refused(place: Place, number: str) -> None:
    opening = place.opening()
    with pytest.raises(Invalid, match="1 to 50"):
        open_source(replace(opening, options={**opening.options, "videos": number}))


def test_what_a_page_may_cost_is_the_price_of_the_form(place: Place) -> None:
    for query, cost in [(f"video:{VIDEO}", 1), ("search:acme", 100), ("", 100)]:
        assert open_source(place.opening(query=query)).page_cost == cost


def test_what_the_next_page_may_cost_is_said_before_it_is_asked_for() -> None:
    with asking("search:acme") as place:
        place.fill(12)
        source, said = place.source(4), []
        walk = source.pull(place.query, None)
        said.append(source.page_cost)
        for page in walk:
            assert page.spent == said[-1]
            said.append(source.page_cost)
        assert (said[0], set(said[1:])) == (100, {1})
        source.pull(place.query, None)
        assert source.page_cost == 100
        source.revisit([])
        assert source.page_cost == 1


def test_a_search_is_probed_without_a_search(place: Place) -> None:
    probe = place.source().probe("search:acme")
    assert (probe.cost, probe.missing, paths(place)) == (1, (), ["videos"])


# -- threads -----------------------------------------------------------------------------------------------------------


def test_a_thread_of_many_replies_is_read_to_its_end(place: Place) -> None:
    place.fill(1)
    top = comment(place, 200)
    replies = []
    for number in range(201, 231):
        place.clock.forward(timedelta(minutes=1))
        replies.append(comment(place, number, top))
    place.settle()
    found = ids(place.walk(page_size=7))
    assert {one.id for one in replies} <= set(found)
    assert len(found) == len(set(found))


def test_replies_are_younger_than_their_thread_and_end_no_walk(place: Place) -> None:
    """Nor does a thread that was read before cost anything again when it is old: its late replies come by looking it up."""
    place.fill(1)
    top = comment(place, 200)
    for number in range(201, 211):
        comment(place, number, top)
    place.settle()
    before = place.walk()[-1]
    late, new = comment(place, 211, top), comment(place, 300)
    place.settle()
    place.server.log.clear()
    pages = place.walk(before.cursor)
    assert new.id in ids(pages)
    assert paths(place) == ["commentThreads"]
    (stored,) = [one for page in place.walk() for one in page.mentions if one.id == top.id]
    assert late.id in {one.id for page in place.source().revisit([stored]) for one in page.mentions}


def test_a_reply_answers_the_author_of_its_thread_wherever_it_comes_from(place: Place) -> None:
    place.fill(1)
    top = comment(place, 200)
    for number in range(201, 213):
        comment(place, number, top)
    place.settle()
    walked = [one for page in place.walk() for one in page.mentions]
    pages = list(place.source(5).revisit([one for one in walked if one.id == top.id]))
    again = [one for page in pages for one in page.mentions]
    assert {one.id for one in again} >= {one.id for one in walked if one.thread == top.id}
    assert not [one for page in pages for one in page.deletions], "pages of replies do not hold the top comment"
    for one in (*walked, *again):
        if one.kind is Kind.REPLY:
            assert one.addressed == (() if one.author == top.author else ((How.REPLY, top.author),))
            assert (one.parent, one.thread) == (top.id, top.id)
        assert one.url == f"https://www.youtube.com/watch?v={VIDEO}&lc={one.id.partition(':')[2]}"


def test_a_page_token_that_is_no_longer_known_sends_the_walk_to_the_top(place: Place) -> None:
    posted = place.fill(30)
    place.settle()
    cursor = json.loads(next(place.source(4).pull(place.query, None)).cursor)
    walk = json.loads(cursor["walk"])
    cursor["walk"] = json.dumps({**walk, "token": "forgotten"})
    cursor["waiting"] = []
    pages = place.walk(json.dumps(cursor), page_size=4)
    assert set(ids(pages)) == {one.id for one in posted}
    assert pages[-1].covered is not None
    assert sum(page.spent for page in pages) == len(place.server.log) - 1


def test_page_tokens_that_never_work_end_the_walk_and_not_in_a_circle() -> None:
    class Forgetful(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            if "pageToken" in request.query:
                return refusal(400, "processingFailure", "The API server failed.", "youtube.commentThread")
            return super().answer(request)

    with served_by(Forgetful) as place:
        place.fill(30)
        with pytest.raises(PlatformUnavailable, match="page token"):
            place.walk(page_size=4)
        assert len(place.server.log) == 4


def test_a_platform_that_sends_the_same_page_again_and_again_is_found_out() -> None:
    class Circular(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            query = {name: value for name, value in request.query.items() if name != "pageToken"}
            return super().answer(replace(request, query=query))

    with served_by(Circular) as place:
        place.fill(30)
        with pytest.raises(PlatformUnavailable, match="same page"):
            place.walk(page_size=4)
