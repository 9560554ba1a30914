"""Looks again on YouTube that meet refusals, and walks whose page tokens run out: neither goes in circles."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.youtube.course import LAG, LONGEST
from demo.platforms.platform import Answer
from demo.platforms.youtube import LoopbackYouTube, refusal
from social_crm.domain.errors import PlatformUnavailable
from tests.sources.stand import ids
from tests.sources.stands.youtube import comment, paths, served_by

if TYPE_CHECKING:
    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention
    from tests.sources.stand import Place


class Picky(LoopbackYouTube):
    """Does not accept a look-up that holds one of some ids."""

    picked: frozenset[str] = frozenset()
    asked: tuple[dict[str, str], ...] = ()

    def answer(self, request: Request) -> Answer:
        self.asked = (*self.asked, dict(request.query))
        if self.picked & set(request.query.get("id", "").split(",")):
            return refusal(400, "invalidFilters", "An id is not valid.", "youtube.comment")
        return super().answer(request)


class Forgetting(LoopbackYouTube):
    """Lets page tokens run out overnight: those of an earlier day are not known."""

    forgets = False

    def answer(self, request: Request) -> Answer:
        if self.forgets and "pageToken" in request.query:
            self.forgets = False
            return refusal(400, "invalidPageToken", "The page token is not valid.", "youtube.commentThread")
        return super().answer(request)


def stored(place: Place) -> list[Mention]:
    return [one for page in place.walk() for one in page.mentions]


@pytest.mark.parametrize("own", ["youtube:row-17", "youtube:", "youtube:Ug", "youtube:Ugy000,Ugy001", "x:Ugy0000000000001"])
def test_what_cannot_be_an_id_of_youtube_is_not_asked_for(own: str) -> None:
    with served_by(Picky) as place:
        posted = place.fill(3)
        place.settle()
        known = stored(place)
        odd = replace(known[0], id=own, thread=own)
        place.shelf.delete(posted[0].id, place.clock())
        pages = list(place.source().revisit([odd, *known]))
        assert {one.mention for page in pages for one in page.deletions} == place.gone([posted[0].id], posted)
        asked = {one for query in place.platform.asked for one in query.get("id", "").split(",")}
        assert asked - {""} == {one.id.partition(":")[2] for one in known}
        place.server.log.clear()
        assert list(place.source().revisit([odd])) == []
        assert place.server.log == []


def test_one_id_that_youtube_refuses_is_counted_and_does_not_hold_up_the_others() -> None:
    with served_by(Picky) as place:
        made = [comment(place, number) for number in range(1, 10)]
        place.settle()
        known = stored(place)
        place.shelf.delete(made[1].id, place.clock())
        place.platform.picked = frozenset({made[6].id.partition(":")[2]})
        place.server.log.clear()
        pages = list(place.source().revisit(known))
        assert [one.mention for page in pages for one in page.deletions] == [made[1].id]
        assert [one.raw for page in pages for one in page.rejects] == [f'"{made[6].id.partition(":")[2]}"']
        assert set(ids(pages)) == {one.id for one in made} - {made[1].id, made[6].id}
        assert sum(page.spent for page in pages) == len(pages) == len(place.server.log)


def test_what_became_of_the_stored_comes_before_the_late_replies() -> None:
    with served_by(Picky) as place:
        place.fill(1)
        tops = [comment(place, number) for number in (200, 300)]
        for number in range(201, 210):
            comment(place, number, tops[0])
        place.settle()
        known = stored(place)
        place.platform.picked = frozenset({known[0].id.partition(":")[2]})
        place.platform.asked = ()
        list(place.source().revisit(known))
        kinds = ["parentId" in query for query in place.platform.asked]
        assert True in kinds
        assert kinds == sorted(kinds), "replies are read last"


def test_replies_whose_page_token_ran_out_are_counted_and_end_no_look() -> None:
    with served_by(Forgetting) as place:
        place.fill(1)
        top = comment(place, 200)
        for number in range(201, 221):
            comment(place, number, top)
        place.settle()
        (known,) = [one for one in stored(place) if one.id == top.id]
        place.platform.forgets = True
        pages = list(place.source(5).revisit([known]))
        assert ["page token" in one.reason for page in pages for one in page.rejects] == [True]


def test_a_walk_whose_tokens_run_out_every_night_ends_and_tells_what_it_missed() -> None:
    """A day's quota ends the walk in its middle, and in the morning its token is no longer known."""
    with served_by(Forgetting) as place:
        place.fill(1)
        place.settle()
        before = place.walk()[-1]
        new = place.fill(40, first=2, every=timedelta(hours=1))
        place.settle()
        began, cursor, found, days, missed, covered = place.clock(), before.cursor, set(), 0, [], None
        while covered is None:
            days += 1
            assert days < 9, "the walk begins at the top for ever"
            place.platform.forgets = True
            walk = place.source(2).pull(place.query, cursor)
            for _, page in zip(range(8), walk, strict=False):
                found |= set(ids([page]))
                cursor, covered, missed = page.cursor, page.covered, [*missed, *page.missed]
            place.clock.forward(timedelta(days=1))
        lost = [one for one in new if one.id not in found]
        assert lost
        (gap,) = missed
        assert (gap.start, gap.end, covered.end) == (before.covered.end, covered.start, began - LAG)
        assert all(gap.start <= one.posted_at < gap.end for one in lost)
        assert timedelta(days=days) > LONGEST
        assert json.loads(cursor)["walk"] is None


def test_a_redirect_on_a_look_again_is_trouble_and_no_deletion() -> None:
    class Leading(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            if "id" in request.query:
                return Answer(301, b"", {"Location": "/moved"})
            return super().answer(request)

    with served_by(Leading) as place:
        place.fill(3)
        known = stored(place)
        place.server.log.clear()
        with pytest.raises(PlatformUnavailable, match="301"):
            list(place.source().revisit(known))
        assert paths(place) == ["commentThreads"]


def test_the_words_of_replies_that_come_in_pages_of_their_own_are_told() -> None:
    with served_by(Picky) as place:
        top = comment(place, 200)
        replies = {comment(place, number, top).id for number in range(201, 209)}
        place.settle()
        threads, *_ = place.walk()
        assert threads.shown
        assert set(threads.shown) < replies
        assert all(own.partition(":")[2] in threads.raw for own in threads.shown)
