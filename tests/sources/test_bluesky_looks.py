"""Looking again on Bluesky: what is asked at all, refusals that stop nobody else, and whose words a page shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.transport.envelopes import sealed
from demo.platforms.bluesky import LoopbackBluesky
from demo.platforms.platform import Answer, answer_json
from social_crm.domain.errors import PlatformUnavailable
from tests.sources.stand import Place, ids
from tests.sources.stands.bluesky import STAND, did, record_key

if TYPE_CHECKING:
    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention


class Picky(LoopbackBluesky):
    """Servers that refuse a look-up with one address in it, and answer for threads as a test wants."""

    refused: str = ""
    instead: Answer | None = None

    def answer(self, request: Request) -> Answer:
        if self.refused and self.refused in request.queries.get("uris", ()):
            return answer_json({"error": "InvalidRequest", "message": "Error: uris must be valid"}, status=400)
        if self.instead is not None and request.path.endswith("getPostThread"):
            return self.instead
        return super().answer(request)


def collected(place: Place, count: int = 20) -> list[Mention]:
    place.fill(count)
    place.settle()
    return [mention for page in place.walk() for mention in page.mentions]


def test_what_is_no_post_by_its_id_is_not_asked_for() -> None:
    with Place(STAND) as place:
        stored = collected(place)
        strange = [
            replace(stored[0], id=own, thread=own)
            for own in ("bluesky:row-17", f"bluesky:at://{did(1)}/app.bsky.graph.list/3a", "x:7")
        ]
        place.server.log.clear()
        assert list(place.source().revisit(strange)) == []
        assert place.server.log == []
        pages = list(place.source().revisit([*strange, *stored]))
        assert {mention.id for mention in stored} <= set(ids(pages))
        assert not [gone for page in pages for gone in page.deletions]


def test_one_address_that_is_refused_does_not_keep_the_others_from_their_turn() -> None:
    with Place(replace(STAND, platform=Picky)) as place:
        stored = collected(place)
        place.platform.refused = stored[7].id.partition(":")[2]
        place.shelf.edit(stored[8].id, "Other words on acme", place.clock())
        place.server.log.clear()
        pages = list(place.source().revisit(stored))
        seen = {mention.id for page in pages for mention in page.mentions}
        assert {mention.id for mention in stored} - {stored[7].id} <= seen
        assert [reject.raw for page in pages for reject in page.rejects] == [stored[7].id]
        assert not [gone for page in pages for gone in page.deletions]
        assert sum(page.spent for page in pages) == sum("app.bsky.feed" in entry.path for entry in place.server.log)


@pytest.mark.parametrize(
    "said",
    [{"error": "NotFound", "message": "Not Found"}, {"error": "NotFound", "message": f"Post not found: at://{did(9)}/x"}],
)
def test_a_not_found_that_does_not_name_the_post_deletes_nothing(said: dict[str, str]) -> None:
    with Place(replace(STAND, platform=Picky)) as place:
        stored = collected(place)
        place.shelf.delete(stored[3].id, place.clock())
        place.platform.instead = answer_json(said, status=400)
        pages = list(place.source().revisit(stored))
        assert not [gone for page in pages for gone in page.deletions]
        assert stored[3].id in [reject.raw for page in pages for reject in page.rejects]


def test_being_sent_elsewhere_on_a_look_again_is_trouble_and_no_word_on_any_post() -> None:
    with Place(replace(STAND, platform=Picky)) as place:
        stored = collected(place)
        place.shelf.delete(stored[3].id, place.clock())
        place.platform.instead = Answer(302, b"", {"Location": "https://elsewhere.example/xrpc/x"})
        pages = place.source().revisit(stored)
        assert next(pages).deletions == ()
        with pytest.raises(PlatformUnavailable, match="elsewhere"):
            next(pages)


class Endless(LoopbackBluesky):
    """A search that shows nothing and always knows a further cursor."""

    def answer(self, request: Request) -> Answer:
        if not request.path.endswith("searchPosts"):
            return super().answer(request)
        return answer_json({"posts": [], "cursor": str(int(request.query.get("cursor") or 0) + 1)})


def test_a_search_whose_cursors_never_end_is_unavailable() -> None:
    with Place(replace(STAND, platform=Endless)) as place:
        with pytest.raises(PlatformUnavailable, match="without end"):
            place.walk()
        assert len(place.server.log) < 120


def view(number: int, text: str, **more: Any) -> dict[str, Any]:
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-03-02T08:00:00Z"}
    author = {"did": did(number), "handle": f"person{number}.bsky.social"}
    uri = f"at://{did(number)}/app.bsky.feed.post/{record_key(number)}"
    return {"uri": uri, "cid": "bafy", "author": author, "record": record, "indexedAt": "2026-03-02T08:00:01Z", **more}


def shown(quoted: dict[str, Any]) -> dict[str, Any]:
    """A post as those that quote it show it."""
    rest = {name: value for name, value in quoted.items() if name != "record"}
    return {"$type": "app.bsky.embed.record#viewRecord", "value": quoted["record"], **rest}


def test_a_page_says_whose_words_it_shows_besides_its_own() -> None:
    deepest, media = view(3, "quoted within the quote"), view(4, "quoted beside a picture")
    middle = {**shown(view(2, "quoted")), "embeds": [{"record": shown(deepest)}]}
    quoting = view(1, "a reply that quotes", embed={"$type": "app.bsky.embed.record#view", "record": middle})
    pictured = view(5, "acme", embed={"$type": "app.bsky.embed.recordWithMedia#view", "record": {"record": shown(media)}})
    bare = view(6, "acme", embed={"record": {"uri": f"at://{did(7)}/app.bsky.feed.post/3a", "notFound": True}})
    with Place(STAND) as place:
        raw = sealed("posts", orjson.dumps({"posts": [quoting, pictured, bare]}))
        page = place.source().read(raw, place.clock())
    assert len(page.mentions) == 3
    assert set(page.shown) == {f"bluesky:{one['uri']}" for one in (view(2, ""), deepest, media)}
