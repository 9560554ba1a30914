"""When a schedule comes next, beside a slow oracle that tries every minute."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from social_crm.domain.errors import Invalid
from social_crm.services.schedules import check, next_time
from tests.builders import at

MINUTE = timedelta(minutes=1)
# Of each field: the least and the greatest number that it takes.
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def part(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted)
    stepped = st.tuples(span, st.integers(1, 9)).filter(lambda one: one[0][1] - one[0][0] >= one[1])
    return st.one_of(
        number.map(str),
        span.map(lambda pair: f"{pair[0]}-{pair[1]}"),
        stepped.map(lambda one: f"{one[0][0]}-{one[0][1]}/{one[1]}"),
        st.integers(1, min(high - low, 15)).map(lambda step: f"*/{step}"),
    )


def field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.just("*"), st.lists(part(low, high), min_size=1, max_size=3).map(",".join))


CRONS = st.tuples(*(field(*bound) for bound in BOUNDS)).map(" ".join)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda moment: at(moment.isoformat()))  # noqa: DTZ001


def numbers(text: str, low: int, high: int) -> set[int]:
    """The numbers that a field of cron names."""
    named: set[int] = set()
    for piece in text.split(","):
        span, _, step = piece.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        named |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return named


class Slow:
    """A schedule that knows only whether an instant is one of its own."""

    def __init__(self, schedule: str) -> None:
        *others, weekdays = schedule.split()
        self.named = [numbers(text, *bound) for text, bound in zip(others, BOUNDS, strict=False)]
        self.weekdays = {day % 7 for day in numbers(weekdays, 0, 6)}  # Sunday is 0, and 7 too

    def holds(self, moment: datetime) -> bool:
        values = (moment.minute, moment.hour, moment.day, moment.month)
        right = all(value in among for value, among in zip(values, self.named, strict=True))
        return right and moment.isoweekday() % 7 in self.weekdays

    def next(self, after: datetime) -> datetime | None:
        """By trying every minute of the next two days."""
        minute = after.replace(second=0, microsecond=0)
        return next((one for n in range(1, 2 * 24 * 60) if self.holds(one := minute + n * MINUTE)), None)


def coming(schedule: str, after: datetime) -> datetime | str:
    """The next time, or why there is none."""
    try:
        return next_time(schedule, after)
    except Invalid as error:
        return error.message


@settings(max_examples=120, deadline=None)
@given(CRONS, MOMENTS)
def test_the_next_time_is_the_one_that_trying_every_minute_finds(schedule: str, after: datetime):
    slow = Slow(schedule)
    expected = slow.next(after)
    found = coming(schedule, after)
    if isinstance(found, str):
        assert "never comes" in found
        assert expected is None
        return
    assert slow.holds(found)
    assert found.second == found.microsecond == 0
    assert found == expected if expected else found > after + timedelta(days=2) - 2 * MINUTE


@pytest.mark.parametrize(
    ("schedule", "after", "comes"),
    [
        ("*/15 * * * *", "2026-03-02T09:00:00", "2026-03-02T09:15:00"),
        ("*/15 * * * *", "2026-03-02T08:59:59", "2026-03-02T09:00:00"),
        ("0 6 * * *", "2026-03-02T06:00:01", "2026-03-03T06:00:00"),
        ("0 6 * * 1-5", "2026-03-06T07:00:00", "2026-03-09T06:00:00"),
        ("0 6 * * 0", "2026-03-02T00:00:00", "2026-03-08T06:00:00"),
        ("0 6 * * 7", "2026-03-02T00:00:00", "2026-03-08T06:00:00"),
        ("0 6 * * sun", "2026-03-02T00:00:00", "2026-03-08T06:00:00"),
        ("0 6 * * 5-7", "2026-03-02T00:00:00", "2026-03-06T06:00:00"),
        ("0 0 29 2 *", "2026-03-02T00:00:00", "2028-02-29T00:00:00"),
        # Both must hold, a day of the month and a weekday: the next 13th that is a Friday.
        ("0 0 13 * 5", "2026-03-14T00:00:00", "2026-11-13T00:00:00"),
    ],
)
def test_a_schedule_comes_when_cron_says(schedule: str, after: str, comes: str):
    assert next_time(schedule, at(after)) == at(comes)


def test_the_time_itself_is_not_after_itself():
    noon = at("2026-03-02T12:00:00")
    assert next_time("0 12 * * *", noon) == noon + timedelta(days=1)
    assert next_time("0 12 * * *", noon - timedelta(microseconds=1)) == noon


@pytest.mark.parametrize(
    "wrong",
    ["", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "@hourly",
     "* * * * 5-1", "a b c d e", "*/0 * * * *", "0 0 1 1 2026-13", "99999999999999999999 * * * *"],
)  # fmt: skip
def test_what_is_no_cron_is_refused_with_an_example(wrong: str):
    with pytest.raises(Invalid, match=r"\*/15 \* \* \* \*"):
        check(wrong)


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(Invalid, match="never comes"):
        check("0 0 30 2 *")


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("0123456789*/-, ?LW#@abcmonsun"), max_size=20))
def test_whatever_is_written_is_a_schedule_or_refused(text: str):
    try:
        check(text)
    except Invalid:
        return
    assert len(text.split()) == 5
