"""Listing mentions newest first, page by page, under every filter; and the table of a brand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from social_crm import tables
from social_crm.domain.mention import How, Kind
from social_crm.ports import MentionFilter
from tests.builders import NOON, a_mention, at, heard
from tests.contract.steps import take

if TYPE_CHECKING:
    import pytest

    from social_crm.ports import Heard, Store

KINDS = (Kind.POST, Kind.REPLY, Kind.QUOTE)
COMPOUNDS = (0.5, 0.0, -0.5, None)
FILTERS = [
    MentionFilter(),
    MentionFilter(brand="acme"),
    MentionFilter(brand="globex"),
    MentionFilter(brand="initech"),
    MentionFilter(author="x:3"),
    MentionFilter(platform="reddit"),
    MentionFilter(platform="redd"),
    MentionFilter(kind="reply"),
    MentionFilter(label="negative"),
    MentionFilter(label="unscored"),
    MentionFilter(since=NOON - timedelta(hours=20), until=NOON - timedelta(hours=10)),
    MentionFilter(brand="acme", since=NOON - timedelta(hours=20), until=NOON - timedelta(hours=10)),
    MentionFilter(author="x:3", since=NOON - timedelta(hours=20), until=NOON - timedelta(hours=10)),
    MentionFilter(brand="acme", author="x:3"),
    MentionFilter(brand="globex", author="x:3", kind="post"),
    MentionFilter(brand="acme", platform="x", kind="quote", label="negative", since=NOON - timedelta(hours=30)),
    MentionFilter(author="x:3", platform="reddit", until=NOON - timedelta(hours=5)),
]


def the_mentions() -> list[Heard]:
    """250 mentions, four or five at each instant, of two brands, two platforms, five authors."""
    mentions = []
    for n in range(250):
        mention_id = f"{('x', 'reddit', 'redd-it')[n % 11 % 3]}:{n * 37 % 1000}"
        mention = a_mention(mention_id, f"x:{n % 5}", NOON - timedelta(hours=n * 7 % 53), kind=KINDS[n % 7 % 3])
        brands = (("acme",), ("acme", "globex"), ("globex",))[n % 4 % 3]
        mentions.append(heard(mention, *brands, compound=COMPOUNDS[n % 13 % 4]))
    return mentions


def fits(one: Heard, only: MentionFilter) -> bool:
    """The filter as anyone would say it."""
    said = one.mention
    return (
        (only.brand is None or only.brand in one.reading.brands)
        and (only.author is None or only.author == said.author)
        and (only.platform is None or only.platform == said.platform)
        and (only.kind is None or only.kind == said.kind)
        and (only.label is None or only.label == one.reading.sentiment.label)
        and (only.since is None or said.posted_at >= only.since)
        and (only.until is None or said.posted_at < only.until)
    )


def test_pages_follow_each_other_without_a_double_or_a_gap_under_every_filter(store: Store, subtests: pytest.Subtests):
    take(store, *the_mentions())
    newest_first = sorted(the_mentions(), key=lambda one: (one.mention.posted_at, one.mention.id), reverse=True)
    for only in FILTERS:
        with subtests.test(only=only):
            assert walked(store, only) == [one for one in newest_first if fits(one, only)]


def walked(store: Store, only: MentionFilter) -> list[Heard]:
    found: list[Heard] = []
    after = None
    while page := store.mentions.page(only, after, 7):
        assert len(page) <= 7
        found += page
        after = (page[-1].mention.posted_at, page[-1].mention.id)
    return found


def test_the_filters_of_these_tests_let_some_through_and_not_all():
    counts = [sum(fits(one, only) for one in the_mentions()) for only in FILTERS]
    assert counts[0] == 250
    assert {only for only, count in zip(FILTERS, counts, strict=True) if not count} == {
        MentionFilter(brand="initech"),
        MentionFilter(platform="redd"),
    }
    assert max(counts[1:]) < 250


def test_a_page_is_full_when_there_is_more(store: Store):
    take(store, *the_mentions()[:20])
    assert len(store.mentions.page(MentionFilter(), None, 7)) == 7
    assert store.mentions.page(MentionFilter(), None, 0) == ()


def test_an_edited_mention_is_listed_as_it_is_now(store: Store):
    take(store, heard(a_mention(), compound=0.5))
    take(store, heard(a_mention(text="I hate acme", edited_at=NOON, kind=Kind.QUOTE), compound=-0.5))
    acme = MentionFilter(brand="acme", kind="quote", label="negative")
    assert [one.mention.text for one in store.mentions.page(acme, None, 10)] == ["I hate acme"]
    assert store.mentions.page(MentionFilter(brand="acme", kind="post"), None, 10) == ()
    assert store.mentions.page(MentionFilter(label="positive"), None, 10) == ()


def test_the_table_of_a_brand_holds_its_mentions_by_id(store: Store):
    addressed = ((How.MENTION, "x:3"), (How.REPLY, "x:2"))
    take(
        store,
        heard(
            a_mention("x:3", posted_at=at("2025-01-01T10:00:00.000001"), kind=Kind.REPLY, addressed=addressed),
            compound=0.1234,
        ),
        heard(a_mention("x:20", "x:2", at("2025-01-02"), deleted_at=NOON), compound=None),
        heard(a_mention("x:1", posted_at=at("2025-01-03")), "globex"),
    )
    found = store.mentions.table("acme")
    assert found.schema == pl.Schema(tables.MENTIONS)
    assert found.rows() == [
        ("x:20", "x:2", at("2025-01-02"), "post", True, "unscored", None, []),
        ("x:3", "x:1", at("2025-01-01T10:00:00.000001"), "reply", False, "positive", 0.1234, ["mention x:3", "reply x:2"]),
    ]


def test_the_table_begins_with_its_start_and_ends_before_its_end(store: Store):
    take(store, *(heard(a_mention(f"x:{day}", posted_at=at(f"2025-01-0{day}"))) for day in range(1, 6)))

    def ids(**span) -> list[str]:
        return store.mentions.table("acme", **span)["id"].to_list()

    assert ids(start=at("2025-01-02"), end=at("2025-01-04")) == ["x:2", "x:3"]
    assert ids(start=at("2025-01-04")) == ["x:4", "x:5"]
    assert ids(end=at("2025-01-02")) == ["x:1"]


def test_the_table_of_a_brand_without_mentions_is_empty_and_has_all_columns(store: Store):
    assert store.mentions.table("acme").schema == pl.Schema(tables.MENTIONS)
    assert store.mentions.table("acme").is_empty()
