"""Walks on X: its seven days, its tokens, its timelines, what a page costs, and edits between two walks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from demo.platforms.platform import answer_json
from demo.platforms.x_posts import version_id
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.mention import How
from tests.sources.odd_x import Endless, odd
from tests.sources.stand import Place, ids
from tests.sources.stands.x import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.domain.mention import Mention

BRAND = "x:2000001"
MENTIONS = "mentions:2000001"


@pytest.fixture
def x() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def naming(place: Place, count: int, every: timedelta = timedelta(minutes=1)) -> list[Mention]:
    """Posts of which each names the brand's account."""
    return [named for one in place.fill(count, every=every) if (named := name_brand(place, one)).author != BRAND]


def name_brand(place: Place, mention: Mention) -> Mention:
    named = replace(mention, addressed=((How.MENTION, BRAND),))
    place.shelf.add(named)
    return named


def test_what_lies_before_the_seven_days_is_told_as_missed_and_never_asked_for(x: Place):
    x.fill(20)
    x.settle()
    before = x.walk()[-1]
    new = x.fill(30, first=21, every=timedelta(hours=8))
    pages = x.walk(before.cursor, page_size=7)
    assert [entry.status for entry in x.server.log if entry.status != 200] == []
    (missed,) = [gap for page in pages for gap in page.missed]
    assert missed.start == before.covered.end
    assert missed.end == pages[-1].covered.start
    lost = [mention for mention in new if mention.id not in ids(pages)]
    assert lost
    assert all(missed.start <= mention.posted_at < missed.end for mention in lost)
    assert x.clock() - missed.end <= timedelta(days=7)


def test_the_first_walk_vouches_for_seven_days_and_not_for_more(x: Place):
    posted = x.fill(30, every=timedelta(hours=8))
    pages = x.walk()
    start = pages[-1].covered.start
    assert timedelta(days=6, hours=23) < x.clock() - start < timedelta(days=7)
    assert {mention.id for mention in posted if mention.posted_at >= start} <= set(ids(pages))
    assert not [gap for page in pages for gap in page.missed]


def test_a_token_that_ran_out_begins_the_walk_again_and_nothing_is_lost(x: Place):
    posted = x.fill(30)
    x.settle()
    first = next(x.source(7).pull(x.query, None))
    x.platform.forget_tokens()
    pages = x.walk(first.cursor, page_size=7)
    assert {mention.id for mention in posted} == set(ids(pages))
    assert pages[-1].covered is not None


def test_tokens_that_are_never_accepted_end_in_trouble_and_no_endless_walk(x: Place):
    x.fill(30)
    x.settle()
    walk = x.source(7).pull(x.query, None)
    assert len(next(walk).mentions) == 7
    x.platform.forget_tokens()
    assert len(next(walk).mentions) == 7, "from the top again"
    x.platform.forget_tokens()
    with pytest.raises(PlatformUnavailable, match="token"):
        next(walk)


def test_a_token_that_never_changes_is_found_out(x: Place):
    x.fill(30)
    x.settle()
    x.platform.__class__ = Endless
    with pytest.raises(PlatformUnavailable, match="same page"):
        x.walk(page_size=7)
    assert len(x.server.log) == 2


def test_a_query_that_x_does_not_understand_is_invalid(x: Place):
    odd(x, answer_json({"title": "Invalid Request", "detail": "There were errors in your query"}, status=400))
    with pytest.raises(Invalid, match="errors in your query"):
        x.walk()


def test_an_empty_page_in_the_middle_has_a_token_and_is_walked_over(x: Place):
    posted = x.fill(21)
    x.settle()
    for mention in posted[7:14]:
        x.shelf.delete(mention.id, x.clock())
    pages = x.walk(page_size=7)
    assert [len(page.mentions) for page in pages] == [7, 0, 7]
    assert "next_token" in orjson.loads(pages[1].raw)["answer"]["meta"]
    assert "data" not in orjson.loads(pages[1].raw)["answer"]


def test_an_edit_between_two_walks_is_found_by_the_next_one_as_the_same_mention(x: Place):
    posted = x.fill(20)
    before = x.walk()[-1]
    new = x.fill(6, first=21)
    x.shelf.edit(posted[2].id, "Other words on acme", x.clock())
    edited_at = x.clock()
    x.clock.forward(timedelta(minutes=5))
    new += x.fill(6, first=27)
    x.clock.forward(timedelta(minutes=1))
    pages = x.walk(before.cursor, page_size=2)
    found = {mention.id: mention for page in pages for mention in page.mentions}
    assert {mention.id for mention in new} <= found.keys(), "the old post's edit does not end the walk"
    edited = found[posted[2].id]
    assert (edited.text, edited.edited_at, edited.posted_at) == ("Other words on acme", edited_at, posted[2].posted_at)
    assert version_id(x.shelf.find(posted[2].id, x.clock())) not in {own.partition(":")[2] for own in found}


def test_the_mentions_of_an_account_are_walked_without_the_seven_days(x: Place):
    posted = naming(x, 40, every=timedelta(hours=12))
    source = x.source(7)
    pages = list(source.pull(MENTIONS, None))
    assert {mention.id for mention in posted} == {m.id for page in pages for m in page.mentions if m.author != BRAND}
    new = [name_brand(x, one) for one in x.fill(5, first=41)]
    again = list(source.pull(MENTIONS, pages[-1].cursor))
    assert {mention.id for mention in new} <= set(ids(again))
    assert not [gap for page in again for gap in page.missed]
    assert {entry.path for entry in x.server.log} == {"/2/users/2000001/mentions"}


def test_mentions_beyond_what_the_timeline_holds_are_a_gap(x: Place):
    naming(x, 10)
    source = x.source()
    first = list(source.pull(MENTIONS, None))[-1]
    new = [name_brand(x, one) for one in x.fill(900, first=11)]
    pages = list(source.pull(MENTIONS, first.cursor))
    (missed,) = [gap for page in pages for gap in page.missed]
    lost = [mention for mention in new if mention.id not in ids(pages)]
    assert len(lost) >= 100
    assert all(missed.start <= mention.posted_at < missed.end for mention in lost)


def test_an_account_is_named_by_its_number(x: Place):
    with pytest.raises(Invalid, match="number"):
        next(x.source().pull("mentions:@acme", None))
    assert x.source().probe("mentions:@acme").missing
    assert x.server.log == []


def test_a_page_costs_what_its_posts_cost(x: Place):
    x.fill(20)
    x.settle()
    assert [page.spent for page in x.walk(page_size=7)] == [35_000, 35_000, 30_000]
    dear = x.source(7, options={**STAND.placed_at(x.server.url), "post_price": "7"})
    assert (dear.page_cost, next(dear.pull(x.query, None)).spent) == (49, 49)
    assert x.source().page_cost == 500_000
    with pytest.raises(Invalid, match="post_price"):
        x.source(options={**STAND.placed_at(x.server.url), "post_price": "cheap"})
