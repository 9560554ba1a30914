"""What is special about Bluesky: where its search goes on, posts that are hidden, and answers through its own library."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from atproto_client import Client, models
from atproto_client.exceptions import RequestException

from demo.platforms.bluesky import APP_PASSWORD, DID, HANDLE, LoopbackBluesky
from demo.platforms.platform import Answer, answer_json
from social_crm.domain.errors import PlatformUnavailable
from social_crm.domain.mention import How, Kind
from tests.sources.stand import Place, ids
from tests.sources.stands.bluesky import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention


@pytest.fixture
def place() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def calls(place: Place, name: str) -> int:
    return sum(entry.path.endswith(name) for entry in place.server.log)


def test_pages_that_hide_posts_do_not_end_a_walk(place: Place) -> None:
    posted = place.fill(60)
    place.settle()
    hidden = {mention.id for mention in posted[25:48]}
    place.platform.hidden |= hidden
    pages = place.walk(page_size=7)
    assert min(len(page.mentions) for page in pages) == 0, "a page that shows nothing is among them"
    assert set(ids(pages)) == {mention.id for mention in posted} - hidden


def test_more_posts_in_an_instant_than_a_page_holds_are_all_found(place: Place) -> None:
    posted = place.fill(40, every=timedelta(0))
    later = place.fill(5, first=100)
    place.settle()
    assert set(ids(place.walk(page_size=7))) == {mention.id for mention in (*posted, *later)}


class Crowned(LoopbackBluesky):
    """A search that sorts by what clients write: a post dated into the future stands above all others for ever."""

    def _hits(self, request: Request) -> Iterator[Mention]:
        hits = list(super()._hits(request))
        yield from sorted(hits, key=lambda one: one.id not in self.posts.written)


def test_a_post_dated_into_the_future_neither_stops_a_walk_nor_hides_what_is_older() -> None:
    with Place(replace(STAND, platform=Crowned)) as place:
        posted = place.fill(20)
        place.settle()
        place.platform.posts.written[posted[0].id] = {
            "$type": "app.bsky.feed.post",
            "text": posted[0].text,
            "createdAt": "2099-01-01T00:00:00Z",
        }
        before = place.walk(page_size=7)
        assert set(ids(before)) == {mention.id for mention in posted}
        found = {mention.id: mention for page in before for mention in page.mentions}
        assert found[posted[0].id].posted_at == posted[0].posted_at
        new = place.fill(20, first=21)
        place.settle()
        pages = place.walk(before[-1].cursor, page_size=7)
        assert {mention.id for mention in new} <= set(ids(pages))
        assert not [gap for page in pages for gap in page.missed]


class Circling(LoopbackBluesky):
    """A search that takes no notice of where it is asked to go on."""

    def answer(self, request: Request) -> Answer:
        query = {name: value for name, value in request.query.items() if name not in {"until", "cursor"}}
        return super().answer(replace(request, query=query))


def test_a_search_that_goes_round_in_a_circle_is_unavailable() -> None:
    with Place(replace(STAND, platform=Circling)) as place:
        place.fill(20)
        place.settle()
        with pytest.raises(PlatformUnavailable, match="again"):
            place.walk(page_size=7)
        assert len(place.server.log) < 6


def test_an_author_who_blocks_us_has_deleted_nothing(place: Place) -> None:
    place.fill(20)
    place.settle()
    stored = [mention for page in place.walk() for mention in page.mentions]
    place.platform.blocking |= {stored[0].author}
    pages = list(place.source().revisit(stored))
    assert not [deletion for page in pages for deletion in page.deletions]
    assert stored[0].id not in ids(pages)


def test_a_post_that_was_taken_down_is_gone(place: Place) -> None:
    place.fill(20)
    place.settle()
    stored = [mention for page in place.walk() for mention in page.mentions]
    place.platform.hidden |= {stored[3].id}
    told = [deletion.mention for page in place.source().revisit(stored) for deletion in page.deletions]
    assert told == [stored[3].id]


class Moved(LoopbackBluesky):
    """Servers that have lost the way to threads: they know no such call."""

    def answer(self, request: Request) -> Answer:
        lost = request.path.endswith("getPostThread")
        return Answer(404, b"<html>Not Found</html>", {"Content-Type": "text/html"}) if lost else super().answer(request)


def test_a_call_that_is_not_there_deletes_nothing() -> None:
    with Place(replace(STAND, platform=Moved)) as place:
        place.fill(10)
        place.settle()
        stored = [mention for page in place.walk() for mention in page.mentions]
        place.shelf.delete(stored[2].id, place.clock())
        pages = place.source().revisit(stored)
        assert next(pages).deletions == ()
        with pytest.raises(PlatformUnavailable, match="does not know the call"):
            next(pages)


def test_looking_up_many_takes_25_at_a_time_and_no_thread_without_answers(place: Place) -> None:
    place.fill(60)
    place.settle()
    stored = [mention for page in place.walk() for mention in page.mentions]
    answered = {mention.thread for mention in stored if mention.parent}
    place.server.log.clear()
    list(place.source().revisit(stored))
    assert calls(place, "getPosts") == 3
    assert calls(place, "getPostThread") == len(answered)


@pytest.fixture
def client(place: Place) -> Iterator[Client]:
    """The real library's client, signed in."""
    client = Client(base_url=place.server.url)
    client.get_current_time = place.clock
    client.login(HANDLE, APP_PASSWORD, fetch_bsky_profile=False)
    yield client
    client.request.close()


def an_answer_to(target: Mention, text: str) -> dict[str, Any]:
    pointed = {"uri": target.id.partition(":")[2], "cid": "bafyreihyrpefhacm6kkp4ql6j6udakdit7g3dmkzfriqfykhjw6cad5lrm"}
    return {
        "$type": "app.bsky.feed.post",
        "text": text,
        "createdAt": "2026-03-02T11:00:00.000Z",
        "reply": {"root": {**pointed, "uri": (target.thread or "").partition(":")[2]}, "parent": pointed},
    }


def put(client: Client, key: str, record: dict[str, Any]) -> Any:
    asked = models.ComAtprotoRepoPutRecord.Data(repo=DID, collection="app.bsky.feed.post", rkey=key, record=record)
    return client.com.atproto.repo.put_record(asked)


def test_a_reply_through_the_real_library_is_found_by_the_next_walk(place: Place, client: Client) -> None:
    target = place.fill(3)[-1]
    place.settle()
    record = an_answer_to(target, "Thank you, says acme")
    sent = put(client, "3jzfcijpj2z2a", record)
    assert put(client, "3jzfcijpj2z2a", record).cid == sent.cid, "the same once more changes nothing"
    kept = client.com.atproto.repo.get_record(
        models.ComAtprotoRepoGetRecord.Params(repo=DID, collection="app.bsky.feed.post", rkey="3jzfcijpj2z2a")
    )
    assert (kept.uri, kept.cid) == (sent.uri, sent.cid)
    found = {mention.id: mention for page in place.walk() for mention in page.mentions}[f"bluesky:{sent.uri}"]
    assert (found.text, found.kind, found.parent) == ("Thank you, says acme", Kind.REPLY, target.id)
    assert (found.author, found.thread) == (f"bluesky:{DID}", target.thread)
    assert found.addressed == ((How.REPLY, target.author),)


def test_a_key_that_is_taken_is_refused_to_a_new_record_and_replaced_by_a_put_one(place: Place, client: Client) -> None:
    target = place.fill(3)[-1]
    place.settle()
    put(client, "3jzfcijpj2z2a", an_answer_to(target, "Thank you, says acme"))
    stored = [mention for page in place.walk() for mention in page.mentions]
    again = models.ComAtprotoRepoCreateRecord.Data(
        repo=DID, collection="app.bsky.feed.post", rkey="3jzfcijpj2z2a", record=an_answer_to(target, "Other words")
    )
    with pytest.raises(RequestException):
        client.com.atproto.repo.create_record(again)
    put(client, "3jzfcijpj2z2a", an_answer_to(target, "Thank you so much, says acme"))
    seen = {mention.id: mention for page in place.source().revisit(stored) for mention in page.mentions}
    edited = [mention for mention in seen.values() if mention.edited_at]
    assert [mention.text for mention in edited] == ["Thank you so much, says acme"]


class Nonsense(LoopbackBluesky):
    """A search that answers with JSON of another kind."""

    said: Any = None

    def answer(self, request: Request) -> Answer:
        return answer_json(self.said) if request.path.endswith("searchPosts") else super().answer(request)


@pytest.mark.parametrize("said", [{}, [], None, 7, {"posts": {}}, {"posts": None}])
def test_an_answer_of_another_kind_is_trouble_of_the_platform(said: Any) -> None:
    with Place(replace(STAND, platform=Nonsense)) as place:
        place.platform.said = said
        with pytest.raises(PlatformUnavailable):
            list(place.source().pull(place.query, None))


def test_posts_that_cannot_be_read_are_counted_and_the_rest_is_taken() -> None:
    with Place(replace(STAND, platform=Nonsense)) as place:
        good = {
            "uri": f"at://{DID}/app.bsky.feed.post/3a",
            "record": {"text": "acme", "createdAt": "2026-03-01T00:00:00Z"},
            "indexedAt": "2026-03-01T00:00:01Z",
        }
        place.platform.said = {"posts": [good, {"uri": "at://nowhere"}, None, {**good, "record": []}]}
        (page,) = place.source().pull(place.query, None)
        assert [mention.posted_at for mention in page.mentions] == [datetime(2026, 3, 1, tzinfo=UTC)]
        assert len(page.rejects) == 3
