"""What a Mastodon server may say that must not mislead us: times, pages, refusals, ways elsewhere; nobody comes in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from demo.platforms.mastodon import HOST, LoopbackMastodon
from demo.platforms.platform import Answer, answer_json
from social_crm.domain.errors import PlatformUnavailable
from social_crm.domain.mention import How
from tests.sources.mastodon_world import World, found

if TYPE_CHECKING:
    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention
    from social_crm.domain.page import Page


def gone(pages: list[Page]) -> set[str]:
    return {deletion.mention for page in pages for deletion in page.deletions}


class _Prophet(LoopbackMastodon):
    """A server on which some say that they write next year."""

    def _shape(self, mention: Mention, *, deep: bool = True) -> dict[str, Any]:
        shape = super()._shape(mention, deep=deep)
        return {**shape, "created_at": "2027-01-01T00:00:00.000Z"} if "soon" in mention.text else shape


@pytest.mark.parametrize("query", ["tag:acme", "search:acme", "mentions"])
def test_a_post_dated_into_the_future_ends_no_walk(query: str) -> None:
    with World(query, platform=_Prophet) as world:
        named = {"addressed": ((How.MENTION, world.me),)}
        world.posts(3, **named)
        world.settle()
        before = world.walk()[-1]
        new = [world.post("An acme soon", **named), *world.posts(70, **named), world.post("acme soon", **named)]
        world.settle()
        pages = world.walk(before.cursor, page_size=10)
        assert {one.id for one in new} <= found(pages)
        assert pages[-1].covered is not None


def test_a_number_from_the_future_ends_nothing_before_its_turn() -> None:
    with World() as world:
        world.posts(3)
        before = world.walk()[-1]
        world.post("acme from afar", id=f"mastodon:{HOST}/{2**62}")
        new = world.posts(50)
        world.settle()
        pages = world.walk(before.cursor, page_size=10)
        assert {one.id for one in new} <= found(pages)
        later = world.posts(50)
        world.settle()
        assert {one.id for one in later} <= found(world.walk(pages[-1].cursor, page_size=10))


class _Stuck(LoopbackMastodon):
    """A server that shows the top of a search whatever is asked for."""

    def _search(self, request: Request) -> Answer:
        asked = {name: value for name, value in request.query.items() if name not in {"max_id", "offset"}}
        return super()._search(replace(request, query=asked))


def test_a_search_that_repeats_its_page_for_ever_is_trouble_and_covers_nothing() -> None:
    with World("search:acme", platform=_Stuck) as world:
        world.posts(50)
        world.settle()
        pages: list[Page] = []
        with pytest.raises(PlatformUnavailable, match="the same page again"):
            pages += world.source(10).pull(world.query, None)
        assert [page for page in pages if page.covered] == []
        assert len(world.server.log) <= 4


def test_the_thread_of_a_reply_stays_unknown_until_its_context_is_read_and_does_not_flip() -> None:
    with World() as world:
        root = world.post()
        middle = world.reply(root)
        low = world.reply(middle)
        world.settle()
        told = {mention.id: mention for page in world.walk() for mention in page.mentions}
        assert {own: one.thread for own, one in told.items()} == {root.id: root.id, middle.id: None, low.id: None}
        seen = {one.id: one for page in world.source().revisit([told[low.id]]) for one in page.mentions}
        assert seen[low.id].thread == root.id, "the context of what it answers shows it"
        again = {one.id: one.thread for page in world.walk() for one in page.mentions}
        assert again[low.id] is None, "what is not known is not guessed"


class _Picky(LoopbackMastodon):
    """A server that refuses a batch with a certain status in it, that status, and its context."""

    refused = ""

    def answer(self, request: Request) -> Answer:
        if self.refused in request.queries.get("id[]", ()) or self.refused in request.path:
            return answer_json({"error": "Validation failed"}, status=422)
        return super().answer(request)


def test_one_status_that_is_refused_does_not_hide_the_others() -> None:
    with World(platform=_Picky) as world:
        posted = world.posts(5)
        world.platform.refused = posted[2].id.rpartition("/")[2]  # type: ignore[attr-defined] # the platform is our own
        world.shelf.delete(posted[4].id, world.clock())
        pages = list(world.source().revisit(posted))
        assert gone(pages) == {posted[4].id}
        assert found(pages) == {posted[n].id for n in (0, 1, 3)}
        assert [len(page.rejects) for page in pages] == [1, 0, 0, 1, 0, 0]
        assert [page.spent for page in pages] == [1] * len(world.server.log)


class _Moved(LoopbackMastodon):
    """A server that leads second looks to a page of its own or of somebody else, which says that nothing is there."""

    to = "/gone"

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/api/v1/statuses"):
            return Answer(302, b"", {"Location": self.to})
        if request.path == "/gone":
            return Answer(404, json.dumps({"error": "Record not found"}).encode())
        return super().answer(request)


@pytest.mark.parametrize("batches", [True, False])
@pytest.mark.parametrize("to", ["/gone", "https://evil.example/gone"])
def test_a_second_look_that_is_led_elsewhere_proves_nothing(to: str, *, batches: bool) -> None:
    with World(platform=_Moved, batches=batches) as world:
        world.platform.to = to  # type: ignore[attr-defined] # the platform is our own
        posted = world.posts(3)
        pages: list[Page] = []
        with pytest.raises(PlatformUnavailable, match="leads elsewhere"):
            pages += world.source(options={"instance": world.server.url}).revisit(
                [replace(one, id=one.id.replace(HOST, "127.0.0.1")) for one in posted]
            )
        assert gone(pages) == set()


def test_ids_of_another_form_are_asked_for_by_nobody() -> None:
    with World() as world:
        (mine,) = world.posts(1)
        strange = [replace(mine, id=f"mastodon:{own}") for own in (f"{HOST}/row-17", "row-17", f"{HOST}/../7")]
        assert list(world.source().revisit(strange)) == []
        assert world.server.log == []
