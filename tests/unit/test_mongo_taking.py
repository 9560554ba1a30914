"""Taking in without transactions: what a crash, a repeat or another writer at the wrong moment leaves behind."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import polars as pl
import pytest

from social_crm.domain.errors import StoreUnavailable
from social_crm.ports import Taken
from social_crm.storage.mongo.documents import MarkRecord, MentionRecord
from social_crm.storage.mongo.marks import LEASE
from social_crm.storage.mongo.store import open_mongo
from social_crm.storage.mongo.taking import Taking, incoming
from social_crm.tables import ACTIVITY, EXCHANGES
from tests.builders import NOON, a_brand, a_mention, at, heard

ZONES = {"acme": "UTC", "globex": "UTC"}
NO_EXCHANGES = pl.DataFrame(schema=dict(EXCHANGES))
LATER = NOON + LEASE + timedelta(seconds=1)


@pytest.fixture
def store(fresh_mongo_url):
    opened = open_mongo(fresh_mongo_url())
    yield opened
    opened.close()


class PowerCut(Exception):
    pass


def dying_taking(store, at_step: str) -> Taking:
    """A take whose process dies when it comes to that step."""
    taking = Taking(store._connection, ZONES, NOON)

    def die(*_):
        raise PowerCut

    setattr(taking._marking if at_step == "close" else taking, at_step, die)
    return taking


def take(store, *told, now=NOON) -> Taken:
    return store.mentions.take(told, [], ZONES, now)


def marked(store) -> list[str]:
    return [f"{mark.brand} {mark.day}" for mark in store.rollups.marks(100)]


def activity(day: str, posts: int) -> pl.DataFrame:
    row = {**dict.fromkeys(ACTIVITY, 0), "brand": "acme", "day": at(day).date(), "account": "x:1", "posts": posts}
    return pl.DataFrame([row], schema=dict(ACTIVITY))


def roll_up(store, now=NOON, posts=1, day="2025-01-15") -> None:
    store.rollups.replace(store.rollups.marks(100), activity(day, posts), NO_EXCHANGES, now)


@pytest.mark.parametrize("step", ["_insert", "_update", "close"])
def test_what_a_dead_write_changed_stays_marked_until_its_lease_is_over(store, step):
    with pytest.raises(PowerCut):
        dying_taking(store, step).take([incoming(heard(), ZONES)])
    assert marked(store) == ["acme 2025-01-15"]
    roll_up(store)
    assert marked(store) == ["acme 2025-01-15"]
    take(store, heard())
    assert store.mentions.get("x:100") == heard()
    roll_up(store, LATER)
    assert marked(store) == []


def test_an_edit_that_died_half_way_leaves_both_days_marked(store):
    take(store, heard())
    roll_up(store)
    moved = heard(a_mention(posted_at=at("2025-01-20")))
    with pytest.raises(PowerCut):
        dying_taking(store, "close").take([incoming(moved, ZONES)])
    assert marked(store) == ["acme 2025-01-15", "acme 2025-01-20"]
    assert take(store, moved) == Taken(same=1)
    assert marked(store) == ["acme 2025-01-15", "acme 2025-01-20"]


def test_a_mark_that_was_open_when_it_was_read_is_not_settled_although_it_has_closed_since(store):
    taking = Taking(store._connection, ZONES, NOON)
    taking._marking.open([("acme", NOON.date())])
    marks = store.rollups.marks(100)
    taking.take([incoming(heard(), ZONES)])
    store.rollups.replace(marks, activity("2025-01-15", 0), NO_EXCHANGES, LATER)
    assert marked(store) == ["acme 2025-01-15"]
    roll_up(store)
    assert marked(store) == []


def test_a_write_that_outlives_its_lease_marks_again(store):
    taking = Taking(store._connection, ZONES, NOON)
    taking._marking.open([("acme", NOON.date())])
    roll_up(store, LATER)
    assert marked(store) == []
    taking.take([incoming(heard(), ZONES)])
    assert marked(store) == ["acme 2025-01-15"]


def test_a_roll_up_that_was_overtaken_does_not_bring_back_old_figures(store):
    take(store, heard())
    slow = store.rollups.marks(100)
    take(store, heard(a_mention("x:101")))
    roll_up(store, posts=2)
    store.rollups.replace(slow, activity("2025-01-15", 1), NO_EXCHANGES, NOON)
    assert store.rollups.activity(["acme"])["posts"].to_list() == [2]


def test_a_write_that_the_driver_repeats_counts_once_and_stays_marked(store):
    """The answer of the server is lost, the driver sends the insert again and meets its own mentions."""
    taking = Taking(store._connection, ZONES, NOON)
    first = incoming(heard(), ZONES)
    store._connection.collection(MentionRecord).insert_one({**first.row, "take": taking._marking.token})
    assert taking.take([first]) == Taken(new=1)
    assert marked(store) == ["acme 2025-01-15"]


def test_a_change_that_lost_against_another_writer_is_looked_at_again(store):
    take(store, heard())
    taking = Taking(store._connection, ZONES, NOON)
    replace, quicker = taking._replace, heard(a_mention(text="quicker", edited_at=NOON), "globex")

    def overtaken(changes, stored):
        taking._replace = replace
        take(store, quicker)
        return replace(changes, stored)

    taking._replace = overtaken
    slower = heard(a_mention(text="slower", edited_at=NOON + timedelta(hours=1), posted_at=at("2025-01-20")))
    assert taking.take([incoming(slower, ZONES)]) == Taken(changed=1)
    kept = store.mentions.get("x:100")
    assert (kept.mention.text, kept.reading.brands) == ("slower", ("acme", "globex"))
    assert {"globex 2025-01-15", "globex 2025-01-20", "acme 2025-01-20"} <= set(marked(store))


def test_a_batch_in_which_one_lost_counts_the_others_once(store):
    take(store, heard(a_mention("x:1")), heard(a_mention("x:2")))
    taking = Taking(store._connection, ZONES, NOON)
    replace = taking._replace

    def overtaken(changes, stored):
        taking._replace = replace
        take(store, heard(a_mention("x:1", text="other", edited_at=NOON + timedelta(hours=9))))
        return replace(changes, stored)

    taking._replace = overtaken
    page = [incoming(heard(a_mention(key, text="edit", edited_at=NOON)), ZONES) for key in ("x:1", "x:2")]
    assert taking.take(page) == Taken(changed=1, same=1)
    assert store.mentions.get("x:2").mention.text == "edit"


def test_a_write_that_always_loses_gives_up_for_now(store):
    take(store, heard())
    taking = Taking(store._connection, ZONES, NOON)
    taking._update = lambda known: known
    with pytest.raises(StoreUnavailable, match="try again"):
        taking.take([incoming(heard(a_mention(text="new")), ZONES)])


def test_many_writers_of_the_same_mentions_end_with_the_newest_and_leave_no_mark_open(store):
    def write(seed: int) -> None:
        order = random.Random(seed).sample(range(24), 24)
        told = [heard(a_mention(f"x:{n % 6}", text=str(n), edited_at=NOON + timedelta(hours=n))) for n in order]
        for start in range(0, 24, 8):
            take(store, *told[start : start + 8])

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.mentions.get(f"x:{n}").mention.text for n in range(6)] == [str(n) for n in range(18, 24)]
    assert store._connection.collection(MarkRecord).count_documents({"open": True}) == 0


def test_big_roll_ups_go_in_several_transactions_and_all_arrive(store, monkeypatch):
    monkeypatch.setattr("social_crm.storage.mongo.rollups._ROWS_AT_ONCE", 2)
    days = [f"2025-01-{day:02}" for day in range(1, 8)]
    take(store, *(heard(a_mention(f"x:{day}", posted_at=at(day))) for day in days))
    table = pl.concat([activity(day, 1) for day in days])
    store.rollups.replace(store.rollups.marks(100), table, NO_EXCHANGES, NOON)
    assert store.rollups.activity(["acme"]).sort("day").equals(table)
    assert store.rollups.state(["acme"]).generation == 4
    assert marked(store) == []


def test_a_zone_that_changes_while_a_page_is_written_marks_its_days_there_too(store):
    taking = Taking(store._connection, ZONES, NOON)
    insert, night = taking._insert, heard(a_mention(posted_at=at("2025-01-15T02:00:00")))

    def overtaken(page):
        store.brands.put(a_brand(time_zone="America/New_York"))
        return insert(page)

    taking._insert = overtaken
    assert taking.take([incoming(night, ZONES)]) == Taken(new=1)
    assert marked(store) == ["acme 2025-01-14", "acme 2025-01-15"]
    assert store._connection.collection(MarkRecord).count_documents({"open": True}) == 0


def test_an_attempt_that_died_under_an_old_zone_is_marked_under_the_new_one_when_repeated(store):
    night = heard(a_mention(posted_at=at("2025-01-15T02:00:00")))
    with pytest.raises(PowerCut):
        dying_taking(store, "close").take([incoming(night, ZONES)])
    store.brands.put(a_brand(time_zone="America/New_York"))
    assert take(store, night) == Taken(same=1)
    assert marked(store) == ["acme 2025-01-14", "acme 2025-01-15"]
