"""What is special about Hacker News: how its search is paged, and what is never called deleted; nobody comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from connectors.hackernews.parse import number_of
from demo.platforms.hackernews import LoopbackHackerNews
from demo.platforms.platform import Answer, error
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.mention import Kind
from tests.sources.stand import Place, ids
from tests.sources.stands.hackernews import STAND

if TYPE_CHECKING:
    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention
    from social_crm.domain.page import Page


class Odd(LoopbackHackerNews):
    """A Hacker News whose items are told otherwise: by number, or all of them under ""."""

    told: dict[str, Answer] = {}  # noqa: RUF012 - each test gives its own
    search: dict[str, str] = {}  # noqa: RUF012 - what is asked for in place of what was asked for

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/api/v1/items/"):
            told = self.told.get(request.path.rpartition("/")[2]) or self.told.get("")
            return told or super().answer(request)
        query = {name: value for name, value in (dict(request.query) | self.search).items() if value}
        return super().answer(replace(request, query=query))


def a_place(told: dict[str, Answer] | None = None, search: dict[str, str] | None = None) -> Place:
    place = Place(replace(STAND, platform=Odd))
    place.platform.told, place.platform.search = told or {}, search or {}
    return place


def gone(pages: list[Page]) -> set[str]:
    return {deletion.mention for page in pages for deletion in page.deletions}


def asked(place: Place) -> list[str]:
    return [entry.path.rpartition("/")[2] for entry in place.server.log]


@pytest.mark.parametrize("size", [1, 10, 100])
def test_a_search_that_gives_fewer_than_we_ask_for_is_read_to_its_end(size: int) -> None:
    with a_place(search={"hitsPerPage": str(size)}) as place:
        posted = place.fill(120)
        place.settle()
        assert set(ids(place.walk())) == {one.id for one in posted}


def test_a_search_that_repeats_its_first_page_for_ever_is_trouble_and_covers_nothing() -> None:
    with a_place(search={"numericFilters": ""}) as place:
        place.fill(30)
        place.settle()
        pages = []
        with pytest.raises(PlatformUnavailable, match="the same again"):
            pages += place.source(10).pull("acme", None)
        assert [page.covered for page in pages] == [None] * len(pages)
        assert len(place.server.log) == 2


@pytest.mark.parametrize(
    "body", [None, [], {"hits": None}, {"hits": [], "nbHits": 3}, {"hits": [3] * 20, "hitsPerPage": 20}]
)
def test_an_answer_that_is_no_page_ends_no_walk(body: object) -> None:
    class Strange(LoopbackHackerNews):
        def answer(self, request: Request) -> Answer:
            return Answer(200, orjson.dumps(body))

    with Place(replace(STAND, platform=Strange)) as place, pytest.raises(PlatformUnavailable):
        place.walk()


@pytest.mark.parametrize("status", [301, 302, 404, 410])
def test_a_page_of_somebody_else_in_place_of_an_item_deletes_nothing(status: int) -> None:
    headers = {"Content-Type": "text/html", "Location": "/maintenance"}
    with a_place({"": Answer(status, b"<html>not found</html>", headers)}) as place:
        posted = place.fill(5)
        place.settle()
        pages = []
        with pytest.raises(PlatformUnavailable):
            pages += place.source().revisit(posted)
        assert gone(pages) == set()


def a_thread(place: Place) -> list[Mention]:
    """A story and the three comments on it."""
    (story,) = place.fill(1)
    said = [story]
    for number in range(2, 5):
        comment = replace(
            story, id=STAND.mention_id(number, Kind.COMMENT), kind=Kind.COMMENT, parent=story.id, posted_at=place.clock()
        )
        place.shelf.add(comment)
        place.clock.forward(timedelta(minutes=1))
        said.append(comment)
    return said


def without(story: Mention, comments: list[Mention]) -> Answer:
    """The tree of a story with some of its comments only."""
    shared = {"author": "person1", "created_at_i": 1_772_442_000, "text": "acme", "parent_id": int(number_of(story.id))}
    children = [{**shared, "id": int(number_of(one.id)), "children": []} for one in comments]
    root = {**shared, "id": int(number_of(story.id)), "parent_id": None, "title": "acme", "children": children}
    return Answer(200, orjson.dumps(root))


def test_a_comment_that_its_thread_does_not_show_is_asked_for_itself() -> None:
    with a_place() as place:
        said = a_thread(place)
        place.platform.told = {number_of(said[0].id): without(said[0], said[1:2])}
        place.settle()
        pages = list(place.source().revisit(said))
        assert gone(pages) == set()
        assert asked(place) == [number_of(said[0].id), number_of(said[2].id), number_of(said[3].id)]
        assert set(ids(pages)) == {one.id for one in said}
        place.shelf.delete(said[2].id, place.clock())
        place.platform.told[number_of(said[3].id)] = Answer(404, b'{"status":404,"error":"Not Found"}')
        pages = list(place.source().revisit(said))
        assert gone(pages) == {said[2].id, said[3].id}
        assert [page.spent for page in pages] == [1, 1, 1]


def test_a_comment_that_is_younger_than_its_thread_is_not_called_deleted() -> None:
    with a_place() as place:
        said = a_thread(place)
        missing = Answer(404, b'{"status":404,"error":"Not Found"}')
        place.platform.told = {
            number_of(said[0].id): without(said[0], []),
            **{number_of(one.id): missing for one in said[1:]},
        }
        assert gone(list(place.source().revisit(said))) == set()
        place.clock.forward(timedelta(hours=1))
        assert gone(list(place.source().revisit(said))) == {one.id for one in said[1:]}


def test_a_story_that_is_missing_takes_no_comment_with_it() -> None:
    with a_place() as place:
        said = a_thread(place)
        place.platform.told = {number_of(said[0].id): Answer(404, b'{"status":404,"error":"Not Found"}')}
        place.settle()
        pages = list(place.source().revisit(said))
        assert gone(pages) == {said[0].id}
        assert set(ids(pages)) == {one.id for one in said[1:]}
        assert gone(list(place.source().revisit(said[1:]))) == set()


def test_an_item_without_an_author_but_with_words_is_a_reject_and_no_deletion() -> None:
    with a_place() as place:
        (story,) = place.fill(1)
        place.settle()
        number = int(number_of(story.id))
        for item in ({"id": number, "author": None, "text": "acme"}, {"id": number, "text": None}):
            place.platform.told = {"": Answer(200, orjson.dumps(item))}
            (page,) = place.source().revisit([story])
            assert (page.deletions, len(page.rejects)) == ((), 1)


def test_an_answer_of_another_item_or_of_nothing_deletes_nothing() -> None:
    with a_place() as place:
        story, other = place.fill(2)
        place.settle()
        place.platform.told = {number_of(story.id): without(other, [])}
        assert gone(list(place.source().revisit([story]))) == set()
        place.platform.told = {"": Answer(200, b"null")}
        assert gone(list(place.source().revisit([story]))) == set()


def test_one_item_that_is_refused_is_a_reject_and_the_others_are_read() -> None:
    with a_place() as place:
        posted = [one for one in place.fill(9) if one.kind is Kind.POST]
        place.settle()
        place.platform.told = {number_of(posted[0].id): error(400, "Bad Request")}
        pages = list(place.source().revisit(posted))
        assert {one.id for one in posted[1:]} <= set(ids(pages))
        assert [bool(page.rejects) for page in pages] == [True] + [False] * (len(posted) - 1)
        assert gone(pages) == set()


def test_only_ids_of_its_own_form_are_looked_up() -> None:
    with a_place() as place:
        (story,) = place.fill(1)
        strange = [replace(story, id=own) for own in ("hackernews:row-17", "hackernews:٣", "hackernews:../1", "x:5")]
        assert list(place.source().revisit(strange)) == []
        assert place.server.log == []
        list(place.source().revisit([replace(story, thread="hackernews:row-3")]))
        assert asked(place) == [number_of(story.id)]


def test_a_token_that_is_no_time_is_refused() -> None:
    cursor = '{"begun":"2026-03-02T09:00:00+00:00","token":"soon","count":1}'
    with a_place() as place, pytest.raises(Invalid, match="cursor"):
        place.walk(cursor)
