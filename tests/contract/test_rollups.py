"""Roll-ups: replaced by partition, settled only as far as they were read, with a generation that rises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from social_crm import tables
from social_crm.ports import Mark, RollUpState
from tests.builders import NOON, a_brand, a_mention, at, heard
from tests.contract.steps import activity, exchanges, in_order, marked, settle, take

if TYPE_CHECKING:
    from social_crm.ports import Store

FIRST, SECOND, THIRD = date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3)


def put(store: Store, rows: pl.DataFrame, exchanged: pl.DataFrame | None = None) -> None:
    """Replace the partitions of the rows, marked or not."""
    both = [rows.select("brand", "day"), *([] if exchanged is None else [exchanged.select("brand", "day")])]
    marks = [Mark(brand, day, ()) for brand, day in sorted(pl.concat(both).unique().rows())]
    store.rollups.replace(marks, rows, exchanges() if exchanged is None else exchanged, NOON)


def test_marks_come_by_brand_and_day_and_no_more_than_asked_for(store: Store):
    for brand, day in (("globex", 1), ("acme", 3), ("acme", 1), ("globex", 2)):
        take(store, heard(a_mention(f"x:{brand}{day}", posted_at=at(f"2025-01-0{day}T06:00:00")), brand))
    wanted = [("acme", "2025-01-01"), ("acme", "2025-01-03"), ("globex", "2025-01-01"), ("globex", "2025-01-02")]
    assert marked(store) == wanted
    assert [(mark.brand, mark.day.isoformat()) for mark in store.rollups.marks(3)] == wanted[:3]
    assert store.rollups.marks(0) == ()


def test_activity_comes_back_as_it_was_put(store: Store):
    row = {
        "brand": "acme",
        "day": FIRST,
        "account": 'x:"1"\\,\u00e9\U0001f600',
        "posts": 1,
        "comments": 2,
        "replies": 3,
        "reposts": 4,
        "quotes": 5,
        "reviews": 6,
        "deleted": 7,
        "scored": 2**32 - 1,
        "positive": 9,
        "negative": 10,
        "compound_sum": 0.1 + 0.2,
    }
    plain = {**row, "account": "x:2", "compound_sum": -1e-17, "day": date(1969, 12, 31)}
    frame = pl.DataFrame([row, plain], schema=dict(tables.ACTIVITY))
    put(store, frame)
    found = store.rollups.activity(["acme"])
    assert found.schema == pl.Schema(tables.ACTIVITY)
    assert in_order(found) == in_order(frame)


def test_exchanges_come_back_as_they_were_put(store: Store):
    frame = exchanges(
        ("acme", FIRST, "x:1", "x:2", "reply", 3),
        ("acme", FIRST, "x:1", "x:2", "mention", 1),
        ("acme", FIRST, "x:2", "x:1", "reply", 1),
    )
    put(store, activity(), frame)
    found = store.rollups.exchanges(["acme"])
    assert found.schema == pl.Schema(tables.EXCHANGES)
    assert in_order(found) == in_order(frame)


def test_roll_ups_are_read_by_brand_and_half_open_span_of_days(store: Store):
    days = (FIRST, SECOND, THIRD)
    rows = [(brand, day, f"x:{number}", 1) for brand in ("acme", "globex", "initech") for number, day in enumerate(days)]
    put(store, activity(*rows), exchanges(*((brand, day, who, "x:9", "reply", 1) for brand, day, who, _ in rows)))
    for read in (store.rollups.activity, store.rollups.exchanges):

        def found(*arguments, read=read) -> list[tuple[str, date]]:
            return sorted(read(*arguments).select("brand", "day").rows())

        assert found(["acme"]) == [("acme", day) for day in days]
        assert found(["acme", "globex"], SECOND, THIRD) == [("acme", SECOND), ("globex", SECOND)]
        assert found(["initech"], SECOND) == [("initech", SECOND), ("initech", THIRD)]
        assert found(["initech"], None, SECOND) == [("initech", FIRST)]
        assert found([]) == []


def test_nothing_rolled_up_is_an_empty_table_with_all_columns(store: Store):
    assert store.rollups.activity(["acme"]).schema == pl.Schema(tables.ACTIVITY)
    assert store.rollups.exchanges(["acme"]).schema == pl.Schema(tables.EXCHANGES)
    assert store.rollups.activity(["acme"]).is_empty()


def test_a_replaced_partition_loses_its_old_rows_and_the_others_keep_theirs(store: Store):
    put(
        store,
        activity(("acme", FIRST, "x:1", 1), ("acme", SECOND, "x:1", 1), ("globex", FIRST, "x:1", 1)),
        exchanges(("acme", FIRST, "x:1", "x:2", "reply", 1), ("acme", SECOND, "x:1", "x:2", "reply", 1)),
    )
    put(store, activity(("acme", FIRST, "x:2", 5)))
    rows = store.rollups.activity(["acme", "globex"]).select("brand", "day", "account", "posts").rows()
    assert sorted(rows) == [("acme", FIRST, "x:2", 5), ("acme", SECOND, "x:1", 1), ("globex", FIRST, "x:1", 1)]
    assert store.rollups.exchanges(["acme"])["day"].to_list() == [SECOND]


def test_a_partition_that_became_empty_is_emptied(store: Store):
    put(store, activity(("acme", FIRST, "x:1", 1)))
    store.rollups.replace([Mark("acme", FIRST, ())], activity(), exchanges(), NOON)
    assert store.rollups.activity(["acme"]).is_empty()


def test_replacing_twice_leaves_what_replacing_once_leaves(store: Store):
    rows = activity(("acme", FIRST, "x:1", 1))
    put(store, rows)
    put(store, rows)
    assert in_order(store.rollups.activity(["acme"])) == in_order(rows)


def test_a_mark_is_settled_by_replacing_what_was_read(store: Store):
    take(store, heard(a_mention(posted_at=at("2025-01-01T12:00:00")), "acme", "globex"))
    read = store.rollups.marks(1)
    store.rollups.replace(read, activity(("acme", FIRST, "x:1", 1)), exchanges(), NOON)
    assert marked(store) == [("globex", "2025-01-01")]
    assert store.rollups.activity(["acme"]).height == 1


def test_a_mark_set_again_since_it_was_read_stays(store: Store):
    said = a_mention(posted_at=at("2025-01-01T12:00:00"))
    take(store, heard(said))
    read = store.rollups.marks(10)
    take(store, heard(replace(said, text="edited", edited_at=NOON)))
    store.rollups.replace(read, activity(), exchanges(), NOON)
    assert marked(store) == [("acme", "2025-01-01")]
    settle(store)
    assert marked(store) == []


def test_settling_marks_that_are_gone_is_harmless(store: Store):
    take(store, heard())
    read = store.rollups.marks(10)
    store.rollups.replace(read, activity(), exchanges(), NOON)
    store.rollups.replace(read, activity(), exchanges(), NOON)
    assert marked(store) == []


def test_the_state_counts_what_is_pending_for_some_brands(store: Store):
    assert store.rollups.state(["acme"]) == RollUpState(0, 0)
    store.brands.put(a_brand(), remark=[FIRST, SECOND])
    store.brands.put(a_brand("globex"), remark=[FIRST])
    assert store.rollups.state(["acme"]).pending == 2
    assert store.rollups.state(["acme", "globex", "initech"]).pending == 3
    assert store.rollups.state([]) == RollUpState(0, 0)
    settle(store)
    assert store.rollups.state(["acme", "globex"]).pending == 0


def test_the_generation_rises_with_every_change_of_a_brand_and_only_of_that_brand(store: Store):
    def generations() -> tuple[int, ...]:
        return tuple(store.rollups.state(brands).generation for brands in (["acme"], ["globex"], ["acme", "globex"]))

    start = generations()
    put(store, activity(("acme", FIRST, "x:1", 1), ("acme", SECOND, "x:1", 1)))
    first = generations()
    assert first[0] > start[0]
    assert first[1] == start[1]
    assert first[2] == first[0] + first[1]
    store.rollups.replace([Mark("acme", FIRST, ())], activity(), exchanges(), NOON + timedelta(days=1))
    assert generations()[0] > first[0]


def test_taking_mentions_does_not_raise_the_generation(store: Store):
    before = store.rollups.state(["acme"])
    take(store, heard())
    after = store.rollups.state(["acme"])
    assert (after.generation, after.pending) == (before.generation, before.pending + 1)
