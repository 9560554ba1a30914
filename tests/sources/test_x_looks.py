"""Looks again on X that are paid for: what is asked for first, what is left for the next look, and what a page may cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from demo.platforms.platform import Window, answer_json
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.mention import How, Kind, Mention, address
from tests.sources.odd_x import WithoutThreads, odd
from tests.sources.stand import Place
from tests.sources.stands.x import STAND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from social_crm.domain.page import Page

PRICE = 5000


@pytest.fixture
def x() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def collected(place: Place, count: int = 30) -> dict[str, Mention]:
    place.fill(count)
    place.settle()
    return stored({}, place.walk())


def stored(known: dict[str, Mention], pages: Iterable[Page]) -> dict[str, Mention]:
    """What is known after some pages are stored."""
    return {**known, **{mention.id: mention for page in pages for mention in page.mentions}}


def answered(place: Place, root: Mention, count: int, first: int) -> set[str]:
    """Let a post be answered, by one answer each second."""
    ids = set()
    for number in range(first, first + count):
        place.clock.forward(timedelta(seconds=1))
        author, own = STAND.account_id(1 + number % 11), STAND.mention_id(number, Kind.REPLY)
        words, to = f"answer {number}", address([(How.REPLY, root.author)], author)
        place.shelf.add(
            Mention(own, author, place.clock(), place.clock(), words, Kind.REPLY, root.id, root.thread, to),
        )
        ids.add(own)
    return ids


def roots(known: dict[str, Mention], count: int) -> list[Mention]:
    return [mention for _, mention in sorted(known.items()) if mention.kind is Kind.POST][:count]


def searched(place: Place) -> int:
    return len([entry for entry in place.server.log if entry.path.endswith("recent")])


def test_the_look_up_comes_first_and_then_the_late_answers_with_their_post(x: Place):
    known = collected(x)
    (root,) = roots(known, 1)
    x.clock.forward(timedelta(hours=1))
    late = answered(x, root, 9, 1000)
    x.settle()
    look, thread = x.source().revisit(list(known.values()))
    assert (look.raw.partition(",")[0], thread.raw.partition(",")[0]) == ('{"kind":"look"', '{"kind":"thread"')
    seen = {mention.id: mention for mention in look.mentions}[root.id]
    before = root.metrics.get("replies", 0)
    assert (seen.metrics["replies"], seen.collected_at) == (before, root.collected_at), "not read yet"
    found = {mention.id: mention for mention in thread.mentions}
    assert late <= found.keys()
    assert found[root.id].metrics["replies"] == before + 9
    assert thread.deletions == ()


def test_a_look_that_ends_before_the_late_answers_leaves_them_to_the_next_one(x: Place):
    known = collected(x)
    (root,) = roots(known, 1)
    late = answered(x, root, 9, 1000)
    x.shelf.edit(root.id, "Better words on acme", x.clock())
    x.settle()
    look = x.source().revisit(list(known.values()))
    known = stored(known, [next(look)])
    assert known[root.id].text == "Better words on acme"
    x.clock.forward(timedelta(hours=1))
    pages = list(x.source().revisit([known[root.id]]))
    assert late <= stored({}, pages).keys()
    x.server.log.clear()
    list(x.source().revisit([stored(known, pages)[root.id]]))
    assert searched(x) == 0, "what was read once is not read again"


def test_a_long_thread_costs_a_page_is_told_and_is_not_read_from_its_top_for_ever(x: Place):
    known = collected(x)
    (root,) = roots(known, 1)
    late = answered(x, root, 130, 1000)
    x.settle()
    pages = list(x.source().revisit([root]))
    found = stored({}, pages)
    assert searched(x) == 2, "the walk, and one page of the thread"
    assert late & found.keys() == set(sorted(late)[-100:]), "the newest ones"
    (reject,) = [reject for page in pages for reject in page.rejects]
    assert ("more late answers" in reject.reason, root.id[2:] in reject.raw) == (True, True)
    more = answered(x, root, 5, 2000)
    x.settle()
    again = list(x.source().revisit([found[root.id]]))
    assert more <= stored({}, again).keys()
    assert late.isdisjoint(stored({}, again)), "only what is new since"


def test_a_look_makes_few_searches_and_the_other_threads_have_their_turn_at_the_next(x: Place):
    known = collected(x)
    busy = roots(known, 5)
    late = {root.id: answered(x, root, 60, 1000 * n) for n, root in enumerate(busy, 1)}
    x.settle()
    first = list(x.source().revisit(busy))
    assert len(first) == 4
    second = list(x.source().revisit([stored(known, first)[root.id] for root in busy]))
    assert len(second) == 3
    assert set().union(*late.values()) <= stored(stored({}, first), second).keys()


def test_quiet_threads_share_a_search(x: Place):
    known = collected(x)
    few = roots(known, 5)
    late = set().union(*(answered(x, root, 2, 1000 * n) for n, root in enumerate(few, 1)))
    x.settle()
    pages = list(x.source().revisit(few))
    assert len(pages) == 2
    assert late <= stored({}, pages).keys()


def test_a_limit_of_searches_holds_up_no_look_up():
    with Place(STAND, window=Window(limit=1, seconds=900)) as x:
        known = collected(x)
        late = answered(x, (root := roots(known, 1)[0]), 3, 1000)
        x.clock.forward(timedelta(minutes=20))
        source = x.source()
        list(source.pull(x.query, None))
        (page,) = source.revisit(list(known.values()))
        assert page.raw.startswith('{"kind":"look"')
        x.settle()
        pages = list(x.source().revisit([stored(known, [page])[root.id]]))
        assert late <= stored({}, pages).keys()


def test_threads_that_cannot_be_searched_are_counted_and_hold_up_no_deletion(x: Place):
    known = collected(x)
    (root,) = roots(known, 1)
    answered(x, root, 1, 1000)
    gone = roots(known, 2)[1]
    x.shelf.delete(gone.id, x.clock())
    x.platform.__class__ = WithoutThreads
    pages = list(x.source().revisit(list(known.values())))
    assert [deletion.mention for deletion in pages[0].deletions] == [gone.id]
    assert [(reject.raw, "no such operator" in reject.reason) for page in pages for reject in page.rejects] == [
        (f'"conversation_id:{root.thread[2:]}"', True)
    ]


def test_every_page_of_a_look_is_read_again_as_it_came(x: Place):
    known = collected(x)
    answered(x, roots(known, 1)[0], 130, 1000)
    x.settle()
    source = x.source()
    for page in source.revisit([*known.values()]):
        assert replace(source.read(page.raw, page.fetched_at), spent=page.spent, shown=page.shown) == page


def test_the_words_of_others_in_a_page_are_told(x: Place):
    known = collected(x)
    (reply,) = [one for one in known.values() if one.parent is not None][:1]
    (page,) = x.source().revisit([reply])
    assert page.shown == (reply.parent,)


def test_an_odd_answer_to_a_look_up_is_trouble_and_is_not_paid_for_again(x: Place):
    known = collected(x)
    odd(x, answer_json({"meta": {}}))
    x.server.log.clear()
    with pytest.raises(PlatformUnavailable):
        list(x.source().revisit(list(known.values())))
    assert len(x.server.log) == 1


# -- what is asked for, and at what price ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 7, 20])
def test_no_page_of_a_look_costs_more_than_was_said_before(x: Place, size: int):
    known = collected(x)
    for n, root in enumerate(roots(known, 4), 1):
        answered(x, root, 15, 1000 * n)
    x.settle()
    source = x.source(size)
    x.server.log.clear()
    pages, said, costs = source.revisit(list(known.values())), source.page_cost, []
    for page in pages:
        served = sum(len(entry.items) for entry in x.server.log)
        assert page.spent == served * PRICE <= said
        x.server.log.clear()
        costs.append(said)
        said = source.page_cost
    assert said == 0, "nothing follows"
    assert len(costs) > 1


def test_a_page_is_priced_in_full_again_when_a_walk_follows_a_look(x: Place):
    known = collected(x)
    source = x.source()
    source.revisit(list(known.values())[:20])
    assert source.page_cost == 20 * PRICE
    source.pull(x.query, None)
    assert source.page_cost == 100 * PRICE


@pytest.mark.parametrize("own", ["x:row-17", "x:", "x:12345678901234567890", "x:\uff11\uff12", "y:12", "x:1 2"])
def test_what_cannot_be_an_id_of_x_is_not_asked_for(x: Place, own: str):
    (posted,) = x.fill(1)
    x.shelf.delete(posted.id, x.clock())
    imported = replace(posted, id=own)
    (page,) = x.source().revisit([imported, posted])
    assert [deletion.mention for deletion in page.deletions] == [posted.id]
    assert page.rejects == ()
    x.server.log.clear()
    assert list(x.source().revisit([imported])) == []
    assert x.server.log == []


def test_one_id_that_x_refuses_is_counted_and_does_not_hold_up_the_others(x: Place):
    posted = x.fill(9)
    deleted, refused = posted[1], posted[6]
    x.shelf.delete(deleted.id, x.clock())
    x.platform.refused = {refused.id[2:]}
    pages = list(x.source().revisit(posted))
    assert [deletion.mention for page in pages for deletion in page.deletions] == [deleted.id]
    assert [reject.raw for page in pages for reject in page.rejects] == [f'"{refused.id}"']
    assert stored({}, pages).keys() == {one.id for one in posted} - {deleted.id, refused.id}


def test_a_query_that_is_refused_ends_a_walk_all_the_same(x: Place):
    x.platform.__class__ = WithoutThreads
    with pytest.raises(Invalid, match="no such operator"):
        list(x.source().pull("conversation_id:1", None))
