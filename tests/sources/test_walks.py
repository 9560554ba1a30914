"""Walks: every item of a platform is found, once, in any page size, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Invalid
from tests.sources.stand import Place, ids

if TYPE_CHECKING:
    from social_crm.domain.mention import Mention

COUNT = 60


@pytest.mark.parametrize("size", [0, 1, 2], ids=["smallest", "small", "largest"])
def test_all_items_are_found_once_in_any_page_size(place: Place, size: int) -> None:
    posted = place.fill(COUNT)
    place.settle()
    found = {
        mention.id: mention for page in place.walk(page_size=place.stand.page_sizes[size]) for mention in page.mentions
    }
    assert found.keys() == {mention.id for mention in posted}
    assert [facts(found[mention.id]) for mention in posted] == [facts(mention) for mention in posted]


def facts(mention: Mention) -> tuple[object, ...]:
    return mention.id, mention.author, mention.posted_at, mention.text, mention.kind, mention.parent


def test_nothing_is_told_twice_but_where_pages_meet(place: Place) -> None:
    place.fill(COUNT)
    place.settle()
    pages = place.walk(page_size=7)
    assert len(ids(pages)) - len(set(ids(pages))) <= len(pages)
    assert not [reject for page in pages for reject in page.rejects]


def test_every_author_comes_with_an_account(place: Place) -> None:
    place.fill(COUNT)
    place.settle()
    for page in place.walk():
        assert {mention.author for mention in page.mentions} <= {account.id for account in page.accounts}


def test_a_walk_goes_on_inside_where_it_was_interrupted(place: Place) -> None:
    posted = place.fill(COUNT)
    place.settle()
    began = place.clock()
    found, cursor, finished = set(), None, False
    while not finished:
        walk = place.source(7).pull(place.query, cursor)
        page = next(walk)
        found |= {mention.id for mention in page.mentions}
        cursor, finished = page.cursor, page.covered is not None
        place.clock.forward(timedelta(seconds=20))
    assert found == {mention.id for mention in posted}
    assert page.covered is not None
    assert page.covered.end <= began, "what was posted after the walk began is not vouched for"


def test_a_walk_that_was_interrupted_does_not_ask_again_for_what_it_has(place: Place) -> None:
    place.fill(COUNT)
    place.settle()
    whole = len(place.walk(page_size=7))
    place.server.log.clear()
    first = next(iter(place.source(7).pull(place.query, None)))
    rest = place.walk(first.cursor, page_size=7)
    assert 1 + len(rest) <= whole + 1


def test_the_next_walk_brings_what_is_new_and_covers_without_a_break(place: Place) -> None:
    place.fill(COUNT)
    place.settle()
    before = place.walk()[-1]
    new = place.fill(10, first=COUNT + 1)
    place.settle()
    pages = place.walk(before.cursor)
    assert {mention.id for mention in new} <= set(ids(pages))
    assert before.covered is not None
    assert pages[-1].covered is not None
    assert pages[-1].covered.start == before.covered.end
    assert not [missed for page in pages for missed in page.missed]


def test_a_walk_without_news_is_short_and_covers_the_time(place: Place) -> None:
    place.fill(COUNT)
    place.settle()
    before = place.walk()[-1]
    place.clock.forward(timedelta(days=1))
    pages = place.walk(before.cursor)
    assert len(pages) == 1
    assert pages[0].covered is not None
    assert before.covered is not None
    assert pages[0].covered.end - before.covered.end == timedelta(days=1)


def test_an_empty_platform_gives_an_empty_page_that_covers(place: Place) -> None:
    pages = place.walk()
    assert len(pages) == 1
    assert pages[0].mentions == ()
    assert pages[0].covered is not None
    new = place.fill(3)
    place.settle()
    assert set(ids(place.walk(pages[0].cursor))) == {mention.id for mention in new}


def test_what_turns_up_late_is_found_by_the_overlap(place: Place) -> None:
    if not place.stand.reads_late:
        return  # its ids rise with the time of arrival, so that nothing turns up behind what was read
    posted = place.fill(COUNT)
    before = place.walk()[-1]
    late = replace(posted[-1], id=place.stand.mention_id(900, posted[-1].kind), text="late acme")
    place.shelf.add(replace(late, posted_at=posted[-1].posted_at - timedelta(seconds=30)))
    place.clock.forward(timedelta(minutes=10))
    assert late.id in ids(place.walk(before.cursor))


def test_a_deleted_anchor_changes_nothing(place: Place) -> None:
    posted = place.fill(COUNT)
    place.settle()
    before = place.walk()[-1]
    for mention in posted[-12:]:
        place.shelf.delete(mention.id, place.clock())
    new = place.fill(10, first=COUNT + 1)
    place.settle()
    pages = place.walk(before.cursor)
    assert {mention.id for mention in new} <= set(ids(pages))
    assert not [missed for page in pages for missed in page.missed]


def test_what_the_platform_no_longer_shows_is_a_gap_and_no_silence(place: Place) -> None:
    window = place.stand.window
    place.fill(COUNT)
    place.settle()
    before = place.walk()[-1]
    assert before.covered is not None
    many = (window or 300) + 80
    new = place.fill(many, first=COUNT + 1, every=timedelta(seconds=30))
    place.settle()
    pages = place.walk(before.cursor)
    missed = [gap for page in pages for gap in page.missed]
    covered = pages[-1].covered
    assert covered is not None
    lost = {mention.id for mention in new} - set(ids(pages))
    if window is None:
        assert (lost, missed) == (set(), [])
        return
    assert len(lost) == 80
    assert len(missed) == 1
    assert missed[0].start == before.covered.end
    assert missed[0].end == covered.start
    inside = {mention.id for mention in new if missed[0].start <= mention.posted_at < missed[0].end}
    assert lost <= inside
    assert len(inside) <= len(lost) + 2


def test_an_empty_page_in_the_middle_ends_nothing(place: Place) -> None:
    """A page whose posts were all deleted since: what lies behind it is still found."""
    posted = place.fill(COUNT)
    place.settle()
    walk = place.source(7).pull(place.query, None)
    found = {mention.id for mention in next(walk).mentions}
    for mention in posted[20:40]:
        place.shelf.delete(mention.id, place.clock())
    found |= {mention.id for page in walk for mention in page.mentions}
    kept = {mention.id for mention in (*posted[:20], *posted[40:])}
    assert kept - place.gone((mention.id for mention in posted[20:40]), posted) <= found


def test_a_cursor_of_somebody_else_is_refused(place: Place) -> None:
    place.fill(3)
    with pytest.raises(Invalid, match="cursor"):
        place.walk("{not a cursor")


def test_every_page_can_be_read_again_from_its_raw_text(place: Place) -> None:
    place.fill(COUNT)
    place.settle()
    source = place.source(7)
    for page in source.pull(place.query, None):
        again = source.read(page.raw, page.mentions[0].collected_at if page.mentions else place.clock())
        assert (again.mentions, again.accounts, again.rejects) == (page.mentions, page.accounts, page.rejects)


def test_a_raw_text_of_somebody_else_is_refused(place: Place) -> None:
    for raw in ("", "{", "[]", '{"kind":"nonsense","asked":{},"answer":{}}'):
        with pytest.raises(Invalid, match="archive"):
            place.source().read(raw, place.clock())


def test_a_probe_is_one_cheap_call_that_says_what_works(place: Place) -> None:
    place.fill(5)
    place.settle()
    probe = place.source().probe(place.query)
    assert probe.works
    assert probe.missing == ()
    assert len(place.server.log) <= 3, "signing in, and one call"
    assert probe.cost <= place.source().page_cost
