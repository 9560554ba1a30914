"""Rolling up: what counts on which local day, and who gave attention to whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_crm.analytics.activity import roll_up
from social_crm.analytics.periods import Calendar, Period
from social_crm.analytics.retention import RetentionDefinition, retention
from social_crm.domain.clock import day_start, local_day
from social_crm.domain.errors import Invalid
from social_crm.tables import ACTIVITY, EXCHANGES
from tests.builders import NOON, at
from tests.retention_oracle import NOBODY, STEADY, mentions, numbers

NEW_YORK = "America/New_York"
ZONES = ["UTC", NEW_YORK, "Asia/Tokyo", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]


def active(*rows: dict[str, Any], zone: str = "UTC") -> pl.DataFrame:
    return roll_up(mentions({"posted_at": NOON, **row} for row in rows), "acme", zone)[0]


def exchanged(*rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    return roll_up(mentions({"posted_at": NOON, **row} for row in rows), "acme", "UTC")[1].rows()


def day_of(moment: datetime, zone: str) -> date:
    found: date = active({"posted_at": moment}, zone=zone)["day"][0]
    return found


def test_no_mentions_are_empty_tables_of_the_right_shape():
    activity, exchanges = roll_up(mentions([]), "acme", "UTC")
    assert activity.equals(pl.DataFrame(schema=dict(ACTIVITY)))
    assert exchanges.equals(pl.DataFrame(schema=dict(EXCHANGES)))


def test_kinds_are_counted_apart_and_what_is_deleted_only_as_deleted():
    kinds = ["post", "post", "comment", "reply", "repost", "quote", "review"]
    rows = [{"kind": kind} for kind in kinds] + [{"kind": "post", "deleted": True}, {"kind": "repost", "deleted": True}]
    table = active(*rows)
    assert dict(table.schema) == dict(ACTIVITY)
    (row,) = table.to_dicts()
    assert row == {
        "brand": "acme", "day": NOON.date(), "account": "x:1", "posts": 2, "comments": 1, "replies": 1, "reposts": 1,
        "quotes": 1, "reviews": 1, "deleted": 2, "scored": 6, "positive": 0, "negative": 0, "compound_sum": 0.0,
    }  # fmt: skip


def test_sentiment_counts_neither_reposts_nor_unscored_nor_deleted_ones():
    good, bad = {"label": "positive", "compound": 0.6369}, {"label": "negative", "compound": -0.5}
    unscored = {"label": "unscored", "compound": None}
    table = active(good, good, bad, {**good, "kind": "repost"}, {**bad, "deleted": True}, unscored)
    names = ("posts", "scored", "positive", "negative", "compound_sum")
    assert table.select(names).rows() == [(4, 3, 2, 1, 0.7738)]


def test_someone_whose_mentions_are_all_deleted_keeps_a_row_without_activity():
    table = active({"deleted": True})
    assert table.select("posts", "deleted").rows() == [(0, 1)]
    assert retention(table, NOBODY, RetentionDefinition()).people == 0


def test_rows_are_ordered_by_day_and_account():
    rows = [{"author": who, "posted_at": NOON + timedelta(days=day)} for day in (1, 0) for who in ("x:2", "x:10", "x:1")]
    assert active(*rows).select("day", "account").rows() == [
        (NOON.date() + timedelta(days=day), who) for day in (0, 1) for who in ("x:1", "x:10", "x:2")
    ]


@STEADY
@given(
    compounds=st.lists(st.integers(-10_000, 10_000).map(lambda number: number / 10_000), min_size=1, max_size=40),
    data=st.data(),
)
def test_the_sum_of_scores_is_the_same_to_the_last_bit_in_any_order(compounds: list[float], data: st.DataObject):
    rows = mentions({"posted_at": NOON, "compound": one} for one in compounds)
    order = data.draw(st.permutations(range(len(compounds))))
    one, other = (roll_up(table, "acme", "UTC")[0]["compound_sum"][0] for table in (rows, rows[order]))
    assert one == other == round(sum(round(10_000 * one) for one in compounds)) / 10_000


def test_exchanges_count_each_way_of_addressing():
    rows = [
        {"addressed": ["reply x:2", "mention x:3"]},
        {"addressed": ["reply x:2"]},
        {"addressed": ["repost x:2"], "author": "x:3", "kind": "repost"},
    ]
    day = NOON.date()
    assert exchanged(*rows) == [
        ("acme", day, "x:1", "x:2", "reply", 2),
        ("acme", day, "x:1", "x:3", "mention", 1),
        ("acme", day, "x:3", "x:2", "repost", 1),
    ]


def test_exchanges_leave_out_the_deleted_oneself_and_the_unknown():
    rows = [
        {"addressed": ["reply x:2"], "deleted": True},
        {"addressed": ["reply x:1"]},
        {"addressed": ["mention ", "mention x:", "mention", "quote nobody"]},
        {"addressed": []},
    ]
    assert exchanged(*rows) == []


def test_an_account_id_may_hold_blanks_and_colons():
    assert exchanged({"addressed": ["reply feeds:Ann Lee: a blog"]})[0][3:] == ("feeds:Ann Lee: a blog", "reply", 1)


def test_a_mention_told_twice_counts_once():
    row = {"id": "x:7", "addressed": ["reply x:2"]}
    assert active(row, row)["posts"].to_list() == [1]
    assert exchanged(row, row)[0][-1] == 1


@pytest.mark.parametrize(
    ("moment", "new_york", "tokyo", "utc"),
    [
        ("2025-02-01T04:30:00", "2025-01-31", "2025-02-01", "2025-02-01"),
        ("2025-04-01T03:59:59", "2025-03-31", "2025-04-01", "2025-04-01"),
        ("2025-04-01T04:00:00", "2025-04-01", "2025-04-01", "2025-04-01"),
    ],
)
def test_v2_the_zone_decides_on_the_day(moment: str, new_york: str, tokyo: str, utc: str):
    for zone, day in ((NEW_YORK, new_york), ("Asia/Tokyo", tokyo), ("UTC", utc)):
        assert day_of(at(moment), zone) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("moments", "day"),
    [
        (("2025-11-02T05:30:00", "2025-11-02T06:30:00"), "2025-11-02"),  # 01:30 twice, fold 0 and 1
        (("2025-03-09T06:59:59", "2025-03-09T07:00:00"), "2025-03-09"),  # 01:59:59, then 03:00:00
    ],
)
def test_v2_a_change_of_clocks_does_not_split_a_day(moments: tuple[str, ...], day: str):
    table = active(*({"posted_at": at(moment)} for moment in moments), zone=NEW_YORK)
    assert table.select("day", "posts").rows() == [(date.fromisoformat(day), 2)]


@pytest.mark.parametrize(("day", "hours"), [("2025-03-09", 23), ("2025-11-02", 25), ("2025-05-05", 24)])
def test_v2_a_day_counts_all_its_hours(day: str, hours: int):
    start = day_start(date.fromisoformat(day), NEW_YORK)
    around = [{"posted_at": start + timedelta(minutes=30, hours=hour)} for hour in range(-2, 30)]
    table = active(*around, zone=NEW_YORK)
    assert dict(table.select("day", "posts").iter_rows())[date.fromisoformat(day)] == hours


def test_v2_the_month_of_a_retention_report_is_the_local_one():
    table = mentions([
        {"posted_at": at("2025-01-15T12:00:00")},
        {"posted_at": at("2025-02-01T04:30:00"), "author": "x:2"},
        {"posted_at": at("2025-04-01T03:59:59"), "author": "x:2"},
        {"posted_at": at("2025-04-01T04:00:00")},
    ])  # fmt: skip
    expected = {
        NEW_YORK: [[2, 0, 1, 1], [0, 0, 0], [1, 0], [1]],
        "UTC": [[1, 0, 0, 1], [1, 0, 1], [0, 0], [2]],
        "Asia/Tokyo": [[1, 0, 0, 1], [1, 0, 1], [0, 0], [2]],
    }
    for zone, counts in expected.items():
        report = retention(roll_up(table, "acme", zone)[0], NOBODY, RetentionDefinition(time_zone=zone))
        assert numbers(report.recurring) == counts


@STEADY
@given(moment=st.datetimes(datetime(2012, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@pytest.mark.parametrize("zone", ZONES)
def test_the_local_day_is_the_calendars_and_lies_between_its_edges(zone: str, moment: datetime):
    day = day_of(moment, zone)
    calendar = Calendar(Period.DAY, zone)
    assert day == local_day(moment, zone)
    assert calendar.start(calendar.index(day)) <= moment < calendar.end(calendar.index(day))


def test_a_day_that_a_zone_left_out_has_nobody():
    # Samoa went from 29 to 31 December 2011.
    last, first = at("2011-12-30T09:59:59"), at("2011-12-30T10:00:00")
    assert [day_of(moment, "Pacific/Apia").day for moment in (last, first)] == [29, 31]


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(Invalid, match="is not a time zone"):
        active({}, zone="Mars/Olympus")
