"""The ledger by the hour, beside a slow oracle that looks at every minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from social_crm.domain.coverage import Coverage, Hour, Seen, Why, hour_of, hours
from social_crm.domain.span import Span
from tests.builders import at

MIDNIGHT = at("2026-03-02")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY = 24 * 60


def minute(number: int) -> datetime:
    return MIDNIGHT + number * MINUTE


def noted(start: int, end: int, seen: Seen = Seen.COVERED, why: str = "") -> Coverage:
    return Coverage(f"{seen}:{start}", "src", "acme", minute(start), minute(end), "acme", seen, why)


def missed(start: int, end: int, why: str = Why.WINDOW) -> Coverage:
    return noted(start, end, Seen.MISSED, why)


def told(ledger: list[Coverage], first: int = 0, last: int = 60) -> list[tuple[Seen, str]]:
    return [(hour.seen, hour.why) for hour in hours(ledger, Span(minute(first), minute(last)))]


def oracle(ledger: list[Coverage], first: int, last: int) -> list[Hour]:
    """The same, minute by minute: what is covered, then the earliest gap that holds a minute which is not."""
    covered = {
        number
        for one in ledger
        if one.seen is Seen.COVERED
        for number in range((one.start - MIDNIGHT) // MINUTE, (one.end - MIDNIGHT) // MINUTE)
    }
    in_order = sorted((one for one in ledger if one.seen is Seen.MISSED), key=lambda one: (one.start, one.end, one.why))
    found = []
    for hour in range(first // 60, -(-last // 60)):
        left = [number for number in range(60 * hour, 60 * hour + 60) if number not in covered]
        gaps = [one for one in in_order if any(one.start <= minute(n) < one.end for n in left)]
        seen = Seen.COVERED if not left else Seen.MISSED if gaps else Seen.UNKNOWN
        found.append(Hour(minute(60 * hour), seen, gaps[0].why if gaps else ""))
    return found


SPANS = st.tuples(st.integers(0, DAY - 1), st.integers(1, 9 * 60)).map(lambda pair: (pair[0], min(sum(pair), DAY)))
LEDGERS = st.lists(
    st.one_of(
        SPANS.map(lambda pair: noted(*pair)),
        st.tuples(SPANS, st.sampled_from(list(Why))).map(lambda pair: missed(*pair[0], pair[1])),
    ),
    max_size=12,
)


@settings(max_examples=300)
@given(LEDGERS, SPANS)
def test_every_hour_is_what_looking_at_each_minute_says(ledger: list[Coverage], span: tuple[int, int]):
    assert list(hours(ledger, Span(minute(span[0]), minute(span[1])))) == oracle(ledger, *span)


@settings(max_examples=100)
@given(LEDGERS)
def test_the_order_of_the_notes_changes_nothing(ledger: list[Coverage]):
    assert told(ledger, 0, DAY) == told(ledger[::-1], 0, DAY)


@settings(max_examples=100)
@given(LEDGERS, SPANS)
def test_one_more_walk_that_covers_takes_no_hour_away(ledger: list[Coverage], span: tuple[int, int]):
    before, after = told(ledger, 0, DAY), told([*ledger, noted(*span)], 0, DAY)
    assert all(now is Seen.COVERED for (was, _), (now, _) in zip(before, after, strict=True) if was is Seen.COVERED)


def test_nothing_noted_is_unknown_and_no_silence():
    assert told([], 0, 120) == [(Seen.UNKNOWN, ""), (Seen.UNKNOWN, "")]


def test_a_minute_that_was_missed_makes_the_hour_missed_with_its_reason():
    assert told([noted(0, 30), missed(30, 31, Why.CAP), noted(31, 60)]) == [(Seen.MISSED, "spend cap")]


def test_a_gap_that_another_walk_has_covered_is_none():
    assert told([missed(10, 20), noted(0, 60)]) == [(Seen.COVERED, "")]


def test_an_hour_that_is_covered_in_part_is_unknown():
    assert told([noted(0, 59)]) == [(Seen.UNKNOWN, "")]


def test_spans_that_touch_cover_together():
    assert told([noted(20, 60), noted(0, 20)]) == [(Seen.COVERED, "")]


def test_a_span_is_rounded_outwards_to_full_hours():
    found = list(hours([], Span(minute(59), minute(61))))
    assert [hour.start for hour in found] == [MIDNIGHT, MIDNIGHT + HOUR]
    assert list(hours([], Span(minute(60), minute(60)))) == []


def test_the_hour_of_an_instant_is_the_one_that_holds_it():
    assert hour_of(minute(60)) == MIDNIGHT + HOUR
    assert hour_of(minute(60) - timedelta(microseconds=1)) == MIDNIGHT
    assert hour_of(at("1969-12-31T23:30:00")) == at("1969-12-31T23:00:00")
