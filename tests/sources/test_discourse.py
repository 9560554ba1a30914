"""Discourse: what is special about its listing, its search, its limits and its topics."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import requests

from connectors.transport.pace import Pace
from demo.platforms.discourse import LoopbackDiscourse
from demo.platforms.faults import Fault
from demo.platforms.platform import Answer
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from social_crm.domain.mention import Kind
from tests.sources.stand import Place, ids
from tests.sources.stands.discourse import HOST, KEY, STAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention

SEARCH = replace(STAND, query="search:acme")


def stand(query: str = "latest", **platform: object) -> Place:
    made = partial(LoopbackDiscourse, **{"keys": {KEY: "support"}, **platform})
    return Place(replace(STAND, query=query, platform=made))


@pytest.fixture
def forum() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


@pytest.fixture
def searched() -> Iterator[Place]:
    with Place(SEARCH) as place:
        yield place


@pytest.mark.parametrize("page", [1, 3, 50])
@pytest.mark.parametrize("stepwise", [False, True], ids=["by count", "by number"])
@pytest.mark.parametrize("query", ["latest", "search:acme"])
def test_everything_is_found_whatever_a_page_of_the_forum_holds(page: int, stepwise: bool, query: str) -> None:
    # A search of one topic a page ends with its tenth page: that is the test of the gap below.
    with stand(query, page=8 if query != "latest" and page < 8 else page, stepwise=stepwise) as place:
        posted = place.fill(120)
        place.settle()
        unhurried = place.source(pace=Pace(place.clock))
        found = {mention.id: mention for shown in unhurried.pull(query, None) for mention in shown.mentions}
        assert found.keys() == {mention.id for mention in posted}
        told = [(found[one.id].text, found[one.id].thread, found[one.id].addressed) for one in posted]
        assert told == [(one.text, one.thread, one.addressed) for one in posted]


def test_a_span_of_numbers_without_a_post_ends_nothing() -> None:
    with stand(stepwise=True) as place:
        posted = place.fill(200)
        place.settle()
        walk = place.source().pull(place.query, None)
        found = ids([next(walk)])
        found += ids([next(walk)])
        for mention in posted[20:]:
            place.shelf.delete(mention.id, place.clock())
        found += [mention.id for page in walk for mention in page.mentions]
        assert {mention.id for mention in posted[:20]} <= set(found)


def test_a_moved_post_with_an_old_time_does_not_end_the_walk(forum: Place) -> None:
    posted = forum.fill(30)
    forum.settle()
    before = forum.walk()[-1]
    new = forum.fill(25, first=31)
    forum.shelf.add(replace(posted[0], id=STAND.mention_id(700, Kind.POST), thread=STAND.mention_id(700, Kind.POST)))
    forum.settle()
    assert {mention.id for mention in new} <= set(ids(forum.walk(before.cursor)))


def test_a_search_goes_on_where_it_was_interrupted(searched: Place) -> None:
    posted = searched.fill(60)
    searched.settle()
    found, cursor, finished = set(), None, False
    while not finished:
        page = next(iter(searched.source().pull(searched.query, cursor)))
        found |= {mention.id for mention in page.mentions}
        cursor, finished = page.cursor, page.covered is not None
        searched.clock.forward(timedelta(seconds=5))
    assert found == {mention.id for mention in posted}


def test_the_next_search_reads_only_topics_with_something_new(searched: Place) -> None:
    searched.fill(60)
    searched.settle()
    before = searched.walk()[-1]
    assert before.covered
    new = searched.fill(10, first=61)
    searched.settle()
    pages = searched.walk(before.cursor)
    assert {mention.id for mention in new} <= set(ids(pages))
    assert pages[-1].covered
    assert pages[-1].covered.start == before.covered.end
    assert len(pages) <= 1 + len({mention.thread for mention in new})
    searched.clock.forward(timedelta(days=1))
    assert len(searched.walk(pages[-1].cursor)) == 1


def test_several_new_posts_in_one_long_topic_are_all_found(searched: Place) -> None:
    root = searched.fill(1)[0]
    searched.shelf.add(root)
    made = [answer(searched, root, number) for number in range(2, 150)]
    searched.settle()
    before = searched.walk()
    assert set(ids(before)) == {root.id, *(mention.id for mention in made)}
    more = [answer(searched, root, number) for number in range(150, 160)]
    searched.settle()
    assert {mention.id for mention in more} <= set(ids(searched.walk(before[-1].cursor)))


def answer(place: Place, root: Mention, number: int) -> Mention:
    place.clock.forward(timedelta(seconds=30))
    made = replace(
        root,
        id=STAND.id_of(number, Kind.REPLY, root.id),
        kind=Kind.REPLY,
        parent=root.id,
        posted_at=place.clock(),
        text=f"acme once more, the {number}th time",
    )
    place.shelf.add(made)
    return made


def test_what_a_search_cannot_show_is_a_gap() -> None:
    with stand("search:acme", page=1) as place:
        place.fill(30)
        place.settle()
        pages = place.walk()
        assert pages[-1].covered
        again = place.fill(60, first=31, every=timedelta(minutes=10))
        place.settle()
        after = place.walk(pages[-1].cursor)
        missed = [gap for page in after for gap in page.missed]
        assert len(missed) == 1
        assert missed[0].start == pages[-1].covered.end
        lost = {mention.id for mention in again} - set(ids(after))
        assert lost <= {mention.id for mention in again if missed[0].start <= mention.posted_at < missed[0].end}


def test_a_forum_too_busy_to_search_is_unavailable(searched: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"posts":[],"grouped_search_result":{"error":"too busy"}}'
    instead(searched, monkeypatch, Answer(200, body))
    with pytest.raises(PlatformUnavailable, match="too busy"):
        searched.walk()


def test_a_post_that_was_moved_goes_on_and_is_not_lost(forum: Place) -> None:
    posted = forum.fill(12)
    forum.settle()
    stored = {mention.id: mention for page in forum.walk() for mention in page.mentions}
    moved = next(mention for mention in posted if mention.parent)
    pages = list(forum.source().revisit([replace(stored[moved.id], id=f"discourse:{HOST}/999/7")]))
    assert ids(pages) == [moved.id]
    assert [gone.mention for page in pages for gone in page.deletions] == [f"discourse:{HOST}/999/7"]
    assert not [mention for page in pages for mention in page.mentions if mention.deleted_at]


def test_a_topic_that_is_closed_to_us_is_not_called_deleted(forum: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    forum.fill(5)
    forum.settle()
    stored = [mention for page in forum.walk() for mention in page.mentions]
    instead(forum, monkeypatch, Answer(403, b'{"errors":["no"],"error_type":"invalid_access"}'))
    assert [page.deletions for page in forum.source().revisit(stored) if page.deletions] == []


def instead(place: Place, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(place.platform, "answer", lambda _request: answer)


def test_a_refusal_says_in_its_body_how_long_to_wait(forum: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    forum.fill(3)
    instead(forum, monkeypatch, Answer(429, b'{"error_type":"rate_limit","extras":{"wait_seconds":40}}'))
    source = forum.source()
    with pytest.raises(RateLimited) as caught:
        list(source.pull(forum.query, None))
    assert caught.value.retry_at == forum.clock() + timedelta(seconds=40)
    asked = len(forum.server.log)
    with pytest.raises(RateLimited):
        list(source.pull(forum.query, None))
    assert len(forum.server.log) == asked, "nothing goes out before that time"


def test_our_own_pace_is_sixty_a_minute(forum: Place) -> None:
    source = forum.source()
    for _ in range(60):
        source.probe("latest")
    with pytest.raises(RateLimited):
        source.probe("latest")
    assert len(forum.server.log) == 60


def test_a_wrong_key_is_rejected_and_a_public_forum_needs_none(forum: Place) -> None:
    forum.fill(3)
    with pytest.raises(CredentialsRejected):
        list(forum.source(credentials={"api_key": "wrong", "api_username": "support"}).pull("latest", None))
    assert forum.source(credentials={}).probe("latest").works
    assert forum.source(credentials={"api_key": "wrong"}).probe("latest").missing


@pytest.mark.parametrize("query", ["", "acme", "search:", "newest"])
def test_another_query_is_refused(forum: Place, query: str) -> None:
    with pytest.raises(Invalid, match="latest, or search"):
        forum.source().pull(query, None)


def test_a_reply_through_the_api_is_found_by_the_next_walk(forum: Place) -> None:
    posted = forum.fill(3)
    forum.settle()
    before = forum.walk()[-1]
    topic, number = posted[-1].id.split("/")[1:]
    sent = requests.post(
        f"{forum.server.url}/posts.json",
        json={"topic_id": int(topic), "reply_to_post_number": int(number), "raw": "We are on it, acme & all"},
        headers={"Api-Key": KEY, "Api-Username": "support"},
        timeout=5,
    )
    assert sent.status_code == 200
    forum.settle()
    found = next(one for page in forum.walk(before.cursor) for one in page.mentions if one.author.endswith("/support"))
    assert (found.text, found.parent) == ("We are on it, acme & all", posted[-1].id)
    assert requests.post(f"{forum.server.url}/posts.json", json={"topic_id": int(topic)}, timeout=5).status_code == 403


def test_a_redirect_to_another_host_is_refused(forum: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Request] = []

    def moved(request: Request) -> Answer:
        seen.append(request)
        return Answer(302, b"", {"Location": "https://elsewhere.example/posts.json"})

    with Place(replace(STAND, placed_at=lambda url: {"instance": url})) as place:
        monkeypatch.setattr(place.platform, "answer", moved)
        with pytest.raises(Invalid, match="elsewhere"):
            place.walk()
    assert len(seen) == 1


def test_the_key_is_in_no_log(forum: Place) -> None:
    forum.fill(5)
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(handler.format(record))  # type: ignore[method-assign]  # collects
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        forum.walk()
        forum.server.faults.plan(Fault.UNAUTHORIZED)
        with pytest.raises(CredentialsRejected) as caught:
            forum.walk()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert records
    assert not [line for line in (*records, str(caught.value)) if KEY in line]
