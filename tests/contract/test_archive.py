"""Raw pages, for a while: kept, found by time and by mention, replaced, pruned."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.archived import ArchivedPage
from social_crm.domain.errors import Invalid, StoreUnavailable
from tests.builders import NOON, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.ports import Store

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
LONG_AGO, FAR_AHEAD = at("2000-01-01"), at("2100-01-01")


def a_page(page_id: str = "p1", **changes) -> ArchivedPage:
    values = {"source": "acme-x", "fetched_at": NOON, "raw": '{"data": []}', "mentions": ("x:1", "x:2")}
    return ArchivedPage(**{"id": page_id, **values, **changes})


def kept(store: Store, source: str = "acme-x") -> list[ArchivedPage]:
    return list(store.archive.pages(source, LONG_AGO, FAR_AHEAD))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"raw": "", "mentions": ()},
        {"raw": 'not JSON \U0001f600 \x00 \r\n "quoted"', "mentions": ("x:9", "x:1", "x:5")},
        {"raw": "long " * 200_000, "fetched_at": at("2025-01-15T12:34:56.789012")},
    ],
    ids=["plain", "empty", "odd", "long"],
)
def test_a_page_comes_back_as_it_was_kept(store: Store, changes):
    page = a_page(**changes)
    store.archive.keep(page)
    assert kept(store) == [page]
    assert store.archive.holding(page.mentions) == ((page,) if page.mentions else ())


def test_text_that_no_file_can_hold_is_refused_whole(store: Store):
    with pytest.raises(Invalid):
        store.archive.keep(a_page(raw="half a character \ud83d"))
    assert kept(store) == []
    assert store.archive.holding(["x:1"]) == ()


def test_the_same_id_again_changes_nothing(store: Store):
    store.archive.keep(a_page())
    store.archive.keep(a_page(raw="other", source="other", fetched_at=NOON + HOUR, mentions=("x:3",)))
    assert kept(store) == [a_page()]
    assert kept(store, "other") == []
    assert store.archive.holding(["x:3"]) == ()


def test_pages_come_by_time_and_id_whatever_the_order_they_were_kept_in(store: Store):
    pages = [a_page(f"p{n:03}", fetched_at=NOON + HOUR * (n // 7), mentions=(f"x:{n}",)) for n in range(150)]
    for page in random.Random(5).sample(pages, len(pages)):
        store.archive.keep(page)
    assert kept(store) == pages


def test_pages_of_a_span_are_half_open_and_of_one_source(store: Store):
    for number, moment in enumerate([NOON - MICROSECOND, NOON, NOON + HOUR - MICROSECOND, NOON + HOUR]):
        store.archive.keep(a_page(f"p{number}", fetched_at=moment))
    store.archive.keep(a_page("other", source="acme-reddit"))
    assert [page.id for page in store.archive.pages("acme-x", NOON, NOON + HOUR)] == ["p1", "p2"]
    assert list(store.archive.pages("acme-x", NOON, NOON)) == []


def test_pages_may_be_replaced_and_removed_while_they_are_read(store: Store):
    for number in range(100):
        store.archive.keep(a_page(f"p{number:03}", fetched_at=NOON + HOUR * number))
    read = []
    for page in store.archive.pages("acme-x", LONG_AGO, FAR_AHEAD):
        read.append(page.id)
        store.archive.replace(page.id, None)
    assert read == [f"p{number:03}" for number in range(100)]
    assert kept(store) == []


def test_a_reading_that_is_left_half_way_holds_nothing_up(store: Store):
    for number in range(100):
        store.archive.keep(a_page(f"p{number:03}", fetched_at=NOON + HOUR * number))
    reading: Iterator[ArchivedPage] = iter(store.archive.pages("acme-x", LONG_AGO, FAR_AHEAD))
    assert next(reading).id == "p000"
    assert store.archive.prune(NOON + HOUR * 99) == 99
    assert list(reading)[-1].id == "p099"
    assert [page.id for page in kept(store)] == ["p099"]


def test_pages_that_hold_any_of_some_mentions_come_once_each_by_id(store: Store):
    store.archive.keep(a_page("c", mentions=("x:1", "x:2")))
    store.archive.keep(a_page("a", source="other", mentions=("x:2", "x:3", "x:2")))
    store.archive.keep(a_page("b", mentions=("x:4",)))
    assert [page.id for page in store.archive.holding(["x:3", "x:2", "x:1", "x:9"])] == ["a", "c"]
    assert store.archive.holding(["x:3"])[0].mentions == ("x:2", "x:3", "x:2")
    assert store.archive.holding(["x:9"]) == ()
    assert store.archive.holding([]) == ()


def test_another_page_is_put_in_place_of_one(store: Store):
    store.archive.keep(a_page())
    store.archive.keep(a_page("p2", mentions=("x:5",)))
    cleaned = a_page("p1-cleaned", raw="[]", mentions=("x:2",))
    store.archive.replace("p1", cleaned)
    assert kept(store) == [cleaned, a_page("p2", mentions=("x:5",))]
    assert store.archive.holding(["x:1"]) == ()
    assert store.archive.holding(["x:2"]) == (cleaned,)


def test_a_page_is_replaced_by_another_state_of_itself(store: Store):
    store.archive.keep(a_page())
    cleaned = a_page(raw="[]", mentions=("x:2",), fetched_at=NOON + HOUR)
    store.archive.replace("p1", cleaned)
    assert kept(store) == [cleaned]
    assert store.archive.holding(["x:1"]) == ()


def test_replacing_by_what_is_kept_already_leaves_that_as_it_is(store: Store):
    store.archive.keep(a_page("p1"))
    store.archive.keep(a_page("p2", mentions=("x:7",)))
    store.archive.replace("p1", a_page("p2", raw="other", mentions=("x:8",)))
    assert kept(store) == [a_page("p2", mentions=("x:7",))]
    assert store.archive.holding(["x:1", "x:8"]) == ()


def test_a_page_may_be_replaced_by_none_at_all(store: Store):
    store.archive.keep(a_page())
    store.archive.replace("p1", None)
    assert kept(store) == []
    assert store.archive.holding(["x:1", "x:2"]) == ()


@pytest.mark.parametrize("page", [None, a_page("p2")], ids=["none", "another"])
def test_replacing_what_is_gone_is_harmless_and_brings_nothing_back(store: Store, page: ArchivedPage | None):
    store.archive.keep(a_page("p3"))
    store.archive.replace("p1", page)
    assert kept(store) == [a_page("p3")]


def test_a_replacement_that_cannot_be_stored_leaves_the_page(store: Store):
    store.archive.keep(a_page())
    with pytest.raises(Invalid):
        store.archive.replace("p1", a_page("p2", raw="half a character \ud83d"))
    assert kept(store) == [a_page()]


def test_what_was_fetched_before_a_time_is_pruned_and_counted(store: Store):
    for number in range(5):
        store.archive.keep(a_page(f"p{number}", fetched_at=NOON + HOUR * number, source=f"s{number % 2}"))
    assert store.archive.prune(NOON + 3 * HOUR) == 3
    assert [page.id for page in store.archive.holding(["x:1"])] == ["p3", "p4"]
    assert [page.id for source in ("s0", "s1") for page in kept(store, source)] == ["p4", "p3"]
    assert store.archive.prune(NOON + 3 * HOUR) == 0


def test_a_pruned_page_may_be_kept_again(store: Store):
    store.archive.keep(a_page())
    store.archive.prune(FAR_AHEAD)
    store.archive.keep(again := replace(a_page(), mentions=("x:7",)))
    assert kept(store) == [again]
    assert store.archive.holding(["x:1"]) == ()


@pytest.mark.parametrize(
    "ask",
    [
        lambda archive: archive.keep(a_page()),
        lambda archive: list(archive.pages("acme-x", LONG_AGO, FAR_AHEAD)),
        lambda archive: archive.holding(["x:1"]),
        lambda archive: archive.replace("p1", None),
        lambda archive: archive.prune(FAR_AHEAD),
    ],
    ids=["keep", "pages", "holding", "replace", "prune"],
)
def test_an_archive_of_a_closed_store_is_unavailable(store: Store, ask):
    store.close()
    with pytest.raises(StoreUnavailable):
        ask(store.archive)
