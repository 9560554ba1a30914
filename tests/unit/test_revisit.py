"""Which stored mentions are looked at again: each as often as its age asks for, whenever the runs come."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.revisit import BATCH, TICK, Round, batches
from social_crm.domain.errors import Invalid
from social_crm.storage import open_store
from tests.builders import a_brand, a_mention, at, heard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.domain.mention import Mention
    from social_crm.ports import Store

NOW = at("2026-03-20T09:10:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
THREADS = st.integers(0, 10**9).map(lambda number: f"x:{number}")


def rounds(minutes: list[int], start: datetime = NOW) -> Iterator[Round]:
    """The rounds of runs that come so many minutes after each other."""
    now = revisited_at = start
    for wait in minutes:
        now += wait * MINUTE
        at_turn = Round.begin(now, revisited_at)
        if at_turn is not None:
            yield at_turn
            revisited_at = now


def ticks(one: Round) -> range:
    """The half hours (since 1970) whose turn a round takes over."""
    return range(one.last + 1, int(one.now.timestamp()) // 1800 + 1)


@settings(max_examples=200)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_every_half_hour_belongs_to_exactly_one_round_whenever_the_runs_come(minutes: list[int]):
    found = list(rounds(minutes))
    taken = [tick for one in found for tick in ticks(one)]
    first, last = int(NOW.timestamp()) // 1800, int((NOW + sum(minutes) * MINUTE).timestamp()) // 1800
    assert taken == list(range(first + 1, last + 1))
    assert all(len(ticks(one)) for one in found)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), THREADS, st.integers(0, 24 * 60 - 1))
def test_a_mention_younger_than_a_day_comes_up_in_every_round(minutes: list[int], thread: str, age: int):
    for one in rounds(minutes):
        assert one.due(a_mention(posted_at=one.now - age * MINUTE, thread=thread))


def turns(minutes: list[int], mention: Mention, low: timedelta, high: timedelta) -> Iterator[tuple[Round, bool]]:
    """The rounds in which a mention is of an age, and whether it is looked at in each."""
    for one in rounds(minutes):
        if low <= one.now - mention.posted_at < high:
            yield one, one.due(mention)


@settings(max_examples=100, deadline=None)
@given(THREADS, st.lists(st.integers(1, 60), min_size=100, max_size=140))
def test_a_thread_of_one_to_three_days_comes_up_exactly_once_in_four_hours(thread: str, minutes: list[int]):
    """Its turn is one of eight half hours in a row, and the round that takes over that half hour is the one."""
    mention = a_mention(posted_at=NOW - DAY, thread=thread)
    of_age = list(turns(minutes, mention, DAY, 3 * DAY))
    looked = [one for one, due in of_age if due]
    assert any(_holds(place, looked, [one for one, _ in of_age]) for place in range(8))


def _holds(place: int, looked: list[Round], of_age: list[Round]) -> bool:
    """Whether the rounds that looked are those that took over the half hours at a place in the four hours, one each."""
    turns_of = [tick for one in of_age for tick in ticks(one) if tick % 8 == place]
    taken = [tick for one in looked for tick in ticks(one) if tick % 8 == place]
    return taken == turns_of and len(looked) == len(turns_of)


@settings(max_examples=100, deadline=None)
@given(THREADS, st.integers(0, 29), st.sampled_from([(DAY, 8), (4 * DAY, 48)]))
def test_with_a_run_every_half_hour_the_turns_lie_equally_far_apart(thread: str, begin: int, kind: tuple[timedelta, int]):
    age, every = kind
    mention = a_mention(posted_at=NOW - age, thread=thread)
    looked = [number for number, (_, due) in enumerate(turns([begin, *[30] * 95], mention, age, age + 2 * DAY)) if due]
    assert len(looked) in {95 // every, 95 // every + 1}
    assert {later - sooner for sooner, later in pairwise(looked)} <= {every}


@settings(max_examples=60, deadline=None)
@given(THREADS, st.lists(st.integers(1, 3 * 24 * 60), min_size=1, max_size=30))
def test_an_older_thread_waits_for_a_day_and_a_run_at_the_most(thread: str, minutes: list[int]):
    mention = a_mention(posted_at=NOW - 3 * DAY, thread=thread)
    since = 0
    for one, due in turns(minutes, mention, 3 * DAY, 90 * DAY):
        since += len(ticks(one))
        assert due or since < 48, "48 half hours hold every turn"
        since = 0 if due else since


def test_the_turns_of_many_threads_are_spread_evenly():
    young = [a_mention(posted_at=NOW - 2 * DAY, thread=f"x:{number}") for number in range(4000)]
    old = [a_mention(posted_at=NOW - 9 * DAY, thread=f"x:{number}") for number in range(9600)]
    for one in rounds([30] * 4):
        assert 400 < sum(map(one.due, young)) < 600
        assert 150 < sum(map(one.due, old)) < 250


def test_all_of_a_thread_of_an_age_comes_up_together():
    thread = [a_mention(f"x:{number}", posted_at=NOW - 2 * DAY - number * MINUTE, thread="x:7") for number in range(9)]
    for one in rounds([30] * 20):
        assert len({one.due(mention) for mention in thread}) == 1


def test_after_a_long_standstill_everything_comes_up_once():
    (one,) = rounds([3 * 24 * 60])
    assert all(one.due(a_mention(posted_at=one.now - days * DAY, thread=f"x:{days}")) for days in range(90))


def test_what_is_deleted_or_older_than_any_source_asks_for_is_left_in_peace():
    (one,) = rounds([3 * 24 * 60])
    assert not one.due(a_mention(posted_at=one.now - HOUR, deleted_at=one.now))
    assert not one.due(a_mention(posted_at=one.now - 90 * DAY))


def test_no_half_hour_has_passed_no_round():
    begun = at("2026-03-20T09:00:00")
    assert Round.begin(begun + TICK - timedelta(microseconds=1), begun) is None
    assert Round.begin(begun + TICK, begun) is not None
    assert Round.begin(begun - HOUR, begun) is None, "a clock that was set back"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        opened.brands.put(a_brand())
        yield opened


def filled(store: Store, count: int, every: timedelta) -> Round:
    """A round that comes after 18 hours, over mentions of which several stand at the same instant."""
    one = Round.begin(NOW, NOW - 18 * HOUR)
    assert one is not None
    said = [a_mention(f"x:{n}", posted_at=NOW - (n // 3 + 1) * every, thread=f"x:{n // 5}") for n in range(count)]
    said += [a_mention("reddit:t1_1", posted_at=NOW - HOUR)]
    store.mentions.take([heard(mention) for mention in said], [], {"acme": "UTC"}, NOW)
    store.mentions.take([heard(a_mention("x:9000", posted_at=NOW - HOUR), "globex")], [], {"globex": "UTC"}, NOW)
    return one


def test_a_round_looks_at_what_is_due_of_its_platform_and_days_whatever_the_brand(store: Store):
    one = filled(store, 1400, 30 * MINUTE)
    got = [mention for batch, _ in batches(store, "x", 8, one) for mention in batch]
    everything = [store.mentions.get(f"x:{n}").mention for n in (*range(1400), 9000)]
    wanted = {mention.id for mention in everything if one.due(mention) and mention.posted_at >= NOW - 8 * DAY}
    assert len(got) == len(wanted) == len({mention.id for mention in got} & wanted)
    assert "x:9000" in wanted, "of another brand, which may have no source of its own here"
    assert len(wanted) < sum(mention.posted_at >= NOW - 8 * DAY for mention in everything)
    assert [mention.posted_at for mention in got] == sorted((mention.posted_at for mention in got), reverse=True)


@pytest.mark.parametrize("stops", [[1], [1, 1, 1], [2, 3], [0, 1, 0, 4]])
def test_an_interrupted_round_goes_on_where_it_stood_and_looks_at_nothing_twice(store: Store, stops: list[int]):
    whole = filled(store, 1000, 4 * MINUTE)
    expected = [mention.id for batch, _ in batches(store, "x", 14, whole) for mention in batch]
    assert len(expected) > 4 * BATCH
    got: list[str] = []
    one = whole
    for stop in [*stops, len(expected)]:
        for _, (batch, last) in zip(range(stop), batches(store, "x", 14, one), strict=False):
            got += [mention.id for mention in batch]
            one = Round.of(one.place(last))
        assert (one.now, one.last) == (whole.now, whole.last)
    assert got == expected


def test_no_batch_is_larger_than_one_look_up(store: Store):
    one = filled(store, 500, 4 * MINUTE)
    sizes = [len(batch) for batch, _ in batches(store, "x", 14, one)]
    assert sizes == [BATCH] * 25 + [1]


@pytest.mark.parametrize("text", ["nonsense", "a|b", "2026-03-20T09:10:00+00:00|x", "||", "2026-03-20T09:10:00|7|8"])
def test_the_place_of_no_round_is_refused(text: str):
    with pytest.raises(Invalid):
        Round.of(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_a_place_is_read_as_it_was_written_whatever_the_id(native: str):
    one = Round(NOW, 12)
    mention = a_mention(f"x:{native}", posted_at=NOW - timedelta(microseconds=1))
    again = Round.of(one.place(mention))
    assert again == Round(NOW, 12, (mention.posted_at, mention.id))
