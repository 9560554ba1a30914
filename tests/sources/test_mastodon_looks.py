"""Searches, mentions and second looks at a Mastodon server: what each finds, and what is never called deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from demo.platforms.faults import Fault
from demo.platforms.mastodon import HOST, LoopbackMastodon
from demo.platforms.platform import Answer, answer_json
from social_crm.domain.errors import CredentialsRejected, PlatformUnavailable
from social_crm.domain.mention import How, Kind
from tests.sources.mastodon_world import World, found
from tests.sources.stand import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention


@pytest.fixture
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.mark.parametrize("size", [2, 7, 0])
def test_a_search_finds_everything_in_any_page_size(size: int) -> None:
    with World("search:acme lamp") as world:
        wanted = world.posts(60, text="A lamp by Acme")
        world.posts(20, text="A lamp by nobody")
        world.settle()
        pages = world.walk(page_size=size)
        assert found(pages) == {one.id for one in wanted}
        assert pages[-1].covered is not None
        assert pages[-1].covered.start == wanted[0].posted_at


def test_the_next_search_reads_what_is_new_and_little_more() -> None:
    with World("search:acme") as world:
        world.posts(90)
        world.settle()
        before = world.walk(page_size=20)[-1]
        new = world.posts(50)
        world.settle()
        pages = world.walk(before.cursor, page_size=20)
        assert {one.id for one in new} <= found(pages)
        assert len(pages) <= 4
        assert before.covered is not None
        assert pages[-1].covered is not None
        assert pages[-1].covered.start == before.covered.end


def test_a_search_goes_on_inside_where_it_was_interrupted_though_posts_vanish() -> None:
    with World("search:acme") as world:
        posted = world.posts(60)
        world.settle()
        walk = world.source(10).pull(world.query, None)
        first = next(walk)
        for own in ids([first])[:5]:
            world.shelf.delete(own, world.clock())
        rest = world.walk(first.cursor, page_size=10)
        assert found([first, *rest]) == {one.id for one in posted}


def test_a_search_finds_all_that_was_written_in_the_same_minute() -> None:
    with World("search:acme") as world:
        posted = world.posts(150, every=timedelta(milliseconds=100))
        world.settle()
        assert found(world.walk(page_size=20)) == {one.id for one in posted}


def test_a_search_does_not_stop_at_a_post_that_the_server_got_late() -> None:
    """It was written before what is known and reached the server after: the number tells, the time of writing does not."""
    with World("search:acme") as world:
        old = world.posts(5)
        world.clock.forward(timedelta(hours=5))
        before = world.walk()[-1]
        new = world.posts(30)
        late = world.post("A late acme")
        world.shelf.edit(late.id, late.text, world.clock())
        world.shelf._first[late.id] = replace(late, posted_at=old[0].posted_at)
        world.shelf._last[late.id] = replace(late, posted_at=old[0].posted_at)
        world.settle()
        pages = world.walk(before.cursor, page_size=10)
        assert {one.id for one in (*new, late)} <= found(pages)


class _Lettered(LoopbackMastodon):
    """A server of other software: its ids are no numbers."""

    def _shape(self, mention: Mention, *, deep: bool = True) -> dict[str, Any]:
        shape = super()._shape(mention, deep=deep)
        return {**shape, "id": f"A{shape['id']}"}


@pytest.mark.parametrize("query", ["tag:acme", "search:acme"])
def test_ids_that_are_no_numbers_end_no_walk_in_silence(query: str) -> None:
    with World(query, platform=_Lettered) as world:
        world.posts(3)
        with pytest.raises(PlatformUnavailable, match="nothing has a number"):
            world.walk()


def test_the_inbox_holds_what_addresses_us_and_nothing_else() -> None:
    with World("mentions") as world:
        named = ((How.MENTION, world.me),)
        wanted = world.posts(50, text="@acme is it you", addressed=named)
        world.posts(50)
        world.settle()
        before = world.walk(page_size=7)
        assert found(before) == {one.id for one in wanted}
        assert before[-1].covered is not None
        new = world.post("@acme again", addressed=named)
        world.settle()
        pages = world.walk(before[-1].cursor)
        assert new.id in found(pages)
        assert pages[-1].covered is not None
        assert pages[-1].covered.start == before[-1].covered.end


class _Whisperer(LoopbackMastodon):
    """A server on which every third status was said to us alone."""

    def _shape(self, mention: Mention, *, deep: bool = True) -> dict[str, Any]:
        shape = super()._shape(mention, deep=deep)
        quiet = int(shape["id"]) % 3 == 0
        return {**shape, "visibility": "direct", "content": "<p>hush</p>"} if quiet else shape


@pytest.mark.parametrize("query", ["tag:acme", "search:acme", "mentions"])
def test_what_was_said_to_few_is_counted_and_its_words_are_kept_nowhere(query: str) -> None:
    with World(query, platform=_Whisperer) as world:
        world.posts(30, addressed=((How.MENTION, world.me),))
        world.settle()
        pages = world.walk(page_size=10)
        rejects = [reject for page in pages for reject in page.rejects]
        assert len(found(pages)) == 20
        assert {reject.reason for reject in rejects} == {"not public: its visibility is 'direct'"}
        assert len(rejects) >= 10
        assert "hush" not in "".join(page.raw for page in pages)
        assert "hush" not in str(rejects)
        source = world.source()
        for page in pages:
            assert source.read(page.raw, world.clock()).rejects == page.rejects


def test_twenty_are_looked_up_in_a_request_and_only_threads_with_answers_are_read(world: World) -> None:
    posted = world.posts(45)
    answer = world.reply(posted[3])
    world.settle()
    world.server.log.clear()
    pages = list(world.source().revisit(posted))
    assert [entry.path for entry in world.server.log] == [
        *["/api/v1/statuses"] * 3,
        f"/api/v1/statuses/{posted[3].id.rpartition('/')[2]}/context",
    ]
    assert answer.id in found(pages)
    assert [page.spent for page in pages] == [1] * 4


def test_a_thread_that_is_known_is_not_forgotten_by_the_next_look(world: World) -> None:
    root = world.post()
    middle = world.reply(root)
    low = world.reply(middle)
    told = {mention.id: mention for page in world.walk() for mention in page.mentions}
    assert told[low.id].thread is None, "a status alone knows only what it answers"
    context = list(world.source().revisit([told[root.id]]))[-1]
    seen = {mention.id: mention for mention in context.mentions}
    assert {seen[middle.id].thread, seen[low.id].thread} == {root.id}
    for page in world.source().revisit([seen[low.id]]):
        assert {mention.thread for mention in page.mentions if mention.id == low.id} == {root.id}


def test_an_older_server_is_asked_one_by_one() -> None:
    with World(batches=False) as world:
        posted = world.posts(5)
        world.shelf.delete(posted[2].id, world.clock())
        world.shelf.edit(posted[3].id, "Better acme", world.clock())
        pages = list(world.source().revisit(posted))
        assert [deletion.mention for page in pages for deletion in page.deletions] == [posted[2].id]
        assert {one.text for page in pages for one in page.mentions if one.edited_at} == {"Better acme"}
        assert [entry.status for entry in world.server.log] == [404, 200, 200, 404, 200, 200]
        assert sum(page.spent for page in pages) == len(world.server.log)


class _Void(LoopbackMastodon):
    """An old server that answers with nothing where it should tell a status."""

    def answer(self, request: Request) -> Answer:
        return answer_json(None) if "id[]" not in request.queries else super().answer(request)


def test_an_answer_of_nothing_is_no_deletion() -> None:
    with World(platform=_Void, batches=False) as world:
        pages = list(world.source().revisit([world.post()]))
        assert not [deletion for page in pages for deletion in page.deletions]
        assert [reject.reason for page in pages for reject in page.rejects]


class _Hidden(LoopbackMastodon):
    """A server behind a proxy that has lost it."""

    def answer(self, request: Request) -> Answer:
        return Answer(404, b"<html><body>nothing here</body></html>", {"Content-Type": "text/html"})


def test_a_proxy_that_has_lost_the_server_deletes_nothing() -> None:
    with World(platform=_Hidden) as world:
        posted = world.posts(3)
        pages = []
        with pytest.raises(PlatformUnavailable, match="page of its own"):
            pages += list(world.source().revisit(posted))
        assert not [deletion for page in pages for deletion in page.deletions]


class _Garbled(LoopbackMastodon):
    """A server whose look-ups hold a status that cannot be read."""

    def _shape(self, mention: Mention, *, deep: bool = True) -> dict[str, Any]:
        shape = super()._shape(mention, deep=deep)
        return {**shape, "created_at": "soon"} if "odd" in mention.text else shape


def test_what_came_but_cannot_be_read_is_not_gone() -> None:
    with World(platform=_Garbled) as world:
        stored = [*world.posts(3), world.post("An odd acme")]
        (page,) = world.source().revisit(stored)
        assert len(page.mentions) == 3
        assert len(page.rejects) == 1
        assert page.deletions == ()


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.HTML, Fault.BAD_JSON, Fault.RESET, Fault.UNAUTHORIZED])
def test_an_error_deletes_nothing(world: World, fault: Fault) -> None:
    posted = world.posts(3)
    world.server.faults.plan(fault)
    with pytest.raises((PlatformUnavailable, CredentialsRejected)):
        list(world.source().revisit(posted))


def test_mentions_of_another_server_are_left_alone(world: World) -> None:
    (mine,) = world.posts(1)
    others = [replace(mine, id=own) for own in ("mastodon:other.example/5", "mastodon:5", "x:5")]
    pages = list(world.source().revisit([*others, mine]))
    assert found(pages) == {mine.id}
    assert not [deletion for page in pages for deletion in page.deletions]
    assert list(world.source().revisit(others)) == []


def test_a_thread_whose_root_is_gone_is_no_error(world: World) -> None:
    root = world.post()
    answer = world.reply(root)
    world.shelf.delete(root.id, world.clock())
    pages = list(world.source().revisit([root, answer]))
    assert {deletion.mention for page in pages for deletion in page.deletions} == {root.id}
    assert found(pages) == {answer.id}


class _Boosting(LoopbackMastodon):
    """A server that adds a line to quotes, as real ones do."""

    def answer(self, request: Request) -> Answer:
        told = super().answer(request)
        body = json.loads(told.body)
        for status in body if isinstance(body, list) else []:
            if status.get("quote"):
                status["content"] = f'<p class="quote-inline">RE: https://{HOST}/1</p>{status["content"]}'
        return answer_json(body, told.items, told.headers, told.status)


def test_boosts_and_quotes_come_with_whom_they_are_about() -> None:
    with World(platform=_Boosting) as world:
        original = world.post("acme is fine")
        boost = world.post("acme is fine", kind=Kind.REPOST, parent=original.id, author=world.me)
        quote = world.post("acme indeed", kind=Kind.QUOTE, parent=original.id, author=world.me)
        world.settle()
        seen = {mention.id: mention for page in world.walk() for mention in page.mentions}
        assert seen[boost.id].addressed == ((How.REPOST, original.author),)
        assert seen[quote.id].addressed == ((How.QUOTE, original.author),)
        assert (seen[quote.id].text, seen[quote.id].parent) == ("acme indeed", original.id)
        assert seen[boost.id].kind is Kind.REPOST
