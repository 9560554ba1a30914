"""From mentions to roll-ups to reports, on both stores: late, edited, deleted and repeated mentions are right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from jobs.roll_up import roll_up
from social_crm.domain.coverage import Coverage
from social_crm.domain.errors import NotFound
from social_crm.domain.link import Basis
from social_crm.domain.mention import How, Kind
from social_crm.ports import Page
from social_crm.services import brands, ingest, people, reports
from social_crm.services.reports import RetentionQuestion
from tests.builders import NOON, a_brand, a_mention, an_account, at, heard

if TYPE_CHECKING:
    from social_crm.domain.mention import Mention
    from social_crm.ports import Store

ACME = RetentionQuestion(brands=("acme",))


def take(store: Store, *mentions: Mention) -> None:
    zones = {brand.id: brand.time_zone for brand in store.brands.list()}
    accounts = [an_account(author) for author in sorted({one.author for one in mentions})]
    store.mentions.take([heard(one) for one in mentions], accounts, zones, NOON)
    roll_up(store, lambda: NOON)


def said(number: int, author: str, when: str, **changes: object) -> Mention:
    return a_mention(f"x:{number}", author, at(when), **changes)


def days(store: Store) -> list[tuple]:
    return sorted(store.rollups.activity(["acme"]).select("day", "account", "posts", "deleted").rows())


@pytest.fixture(autouse=True)
def acme(store: Store) -> None:
    brands.put(store, a_brand("acme", handles={"x": ("acme_inc",)}, staff=("x:7",)))


def test_a_late_mention_and_a_repeated_one_count_once(store: Store):
    take(store, said(1, "x:1", "2025-01-05"), said(2, "x:1", "2025-01-05T10:00:00"))
    take(store, said(3, "x:2", "2025-01-05"), said(1, "x:1", "2025-01-05"))
    assert days(store) == [(date(2025, 1, 5), "x:1", 2, 0), (date(2025, 1, 5), "x:2", 1, 0)]


def test_a_mention_whose_time_is_corrected_leaves_its_old_day(store: Store):
    take(store, said(1, "x:1", "2025-01-05"))
    take(store, said(1, "x:1", "2025-02-06", edited_at=at("2025-02-07")))
    assert days(store) == [(date(2025, 2, 6), "x:1", 1, 0)]


def test_a_deleted_mention_no_longer_counts_and_is_counted_as_deleted(store: Store):
    first = said(1, "x:1", "2025-01-05", addressed=((How.REPLY, "x:2"),), kind=Kind.REPLY)
    take(store, first, said(2, "x:1", "2025-01-05"))
    assert store.rollups.exchanges(["acme"]).height == 1
    take(store, replace(first, deleted_at=at("2025-03-01")))
    assert days(store) == [(date(2025, 1, 5), "x:1", 1, 1)]
    assert store.rollups.exchanges(["acme"]).height == 0


def test_sentiment_is_summed_over_what_was_scored(store: Store):
    zones = {"acme": "UTC"}
    scored = [heard(said(1, "x:1", "2025-01-05"), compound=0.5), heard(said(2, "x:1", "2025-01-05"), compound=-0.5)]
    unscored = heard(said(3, "x:1", "2025-01-05"), compound=None)
    store.mentions.take([*scored, unscored], [], zones, NOON)
    roll_up(store, lambda: NOON)
    row = store.rollups.activity(["acme"]).select("scored", "positive", "negative", "compound_sum").row(0)
    assert row == (2, 1, 1, 0.0)


def test_a_brand_that_moves_to_another_zone_is_cut_into_days_anew(store: Store):
    take(store, said(1, "x:1", "2025-02-01T04:30:00"))
    assert days(store)[0][0] == date(2025, 2, 1)
    brands.put(store, replace(store.brands.get("acme"), time_zone="America/New_York"))
    roll_up(store, lambda: NOON)
    assert [day for day, *_ in days(store)] == [date(2025, 1, 31)]


def test_a_report_that_rests_on_nothing_new_is_the_saved_one(store: Store):
    take(store, said(1, "x:1", "2025-01-05"), said(2, "x:1", "2025-02-05"))
    first = reports.retention(store, ACME, NOON)
    assert reports.retention(store, ACME, NOON + timedelta(days=1)).id == first.id
    assert reports.saved(store, first.id) == first
    take(store, said(3, "x:2", "2025-01-06"))
    assert reports.retention(store, ACME, NOON).id != first.id
    assert reports.saved(store, first.id).body["people"] == 1


def test_the_watermark_is_that_of_the_slowest_source(store: Store):
    take(store, said(1, "x:1", "2025-01-05"), said(2, "x:1", "2025-02-05"), said(3, "x:1", "2025-03-05"))
    assert {row["state"] for row in reports.retention(store, ACME, NOON).body["growth"]} == {"partial"}
    store.coverage.record(Coverage("a", "files", "acme", at("2025-01-01"), at("2025-04-01")))
    store.coverage.record(Coverage("b", "reddit", "acme", at("2025-01-01"), at("2025-03-01")))
    store.coverage.record(Coverage("c", "reddit", "other", at("2025-01-01"), at("2025-01-02")))
    body = reports.retention(store, ACME, NOON).body
    assert body["watermark"] == "2025-03-01T00:00:00Z"
    assert [row["state"] for row in body["growth"]] == ["complete", "complete", "partial"]


def test_own_accounts_and_staff_are_nobodys_customers(store: Store):
    own = an_account("x:9", handle="ACME_inc")
    mentions = [said(1, "x:9", "2025-01-05"), said(2, "x:7", "2025-01-05"), said(3, "x:1", "2025-01-05")]
    store.mentions.take([heard(one) for one in mentions], [own, an_account("x:7")], {"acme": "UTC"}, NOON)
    roll_up(store, lambda: NOON)
    body = reports.retention(store, ACME, NOON).body
    assert body["people"] == 1
    assert [one["person"] for one in reports.retention_people(store, ACME, "recurring", "2025-01", 0)] == ["x:1"]


def test_a_link_makes_two_accounts_one_person_until_it_is_retracted(store: Store):
    take(store, said(1, "x:1", "2025-01-05"), said(2, "reddit:t2_1", "2025-02-05"))
    apart = reports.retention(store, ACME, NOON)
    link = people.link(store, "x:1", "reddit:t2_1", Basis.GIVEN, "ann", NOON)
    joined = reports.retention(store, ACME, NOON)
    assert joined.body["recurring"]["rows"][0]["cells"][1]["n"] == 1
    assert reports.retention_people(store, ACME, "recurring", "2025-01", 1)[0]["accounts"] == ["reddit:t2_1", "x:1"]
    people.retract(store, link.id, NOON)
    again = reports.retention(store, ACME, NOON)
    same = [{**one.body, "input": None} for one in (apart, again)]
    assert same[0] == same[1]
    assert again.body["people"] == 2


def test_a_cell_that_is_not_known_yet_has_no_people_to_list(store: Store):
    take(store, said(1, "x:1", "2025-01-05"), said(2, "x:1", "2025-02-05"))
    assert reports.retention_people(store, ACME, "recurring", "2025-01", 1)
    for distance in (2, 10**11):
        with pytest.raises(NotFound, match="nothing is known yet"):
            reports.retention_people(store, ACME, "recurring", "2025-01", distance)


def test_an_account_that_turns_out_to_be_our_own_makes_a_new_report(store: Store):
    take(store, said(1, "x:9", "2025-01-05"))
    assert reports.retention(store, ACME, NOON).body["people"] == 1
    own = an_account("x:9", handle="acme_inc", observed_at=NOON + timedelta(days=1))
    store.mentions.take([], [own], {"acme": "UTC"}, NOON)
    assert reports.retention(store, ACME, NOON).body["people"] == 0


def test_a_roll_up_ends_although_others_go_on_marking_the_same_days(store: Store):
    numbers = count(1)

    def still_writing(_done: int, _total: int) -> None:
        """Another process stores a mention of the same day whenever a batch is done."""
        store.mentions.take([heard(said(next(numbers), "x:1", "2025-01-05"))], [], {"acme": "UTC"}, NOON)

    still_writing(0, 0)
    assert roll_up(store, lambda: NOON, still_writing) == 1
    assert store.rollups.state(["acme"]).pending == 1
    roll_up(store, lambda: NOON)
    assert days(store) == [(date(2025, 1, 5), "x:1", 2, 0)]


def test_a_deletion_of_a_mention_finds_its_brand_without_its_words(store: Store):
    listening = ingest.listen_for(brands.list_all(store))
    from_platform = said(1, "x:1", "2025-01-05")
    ingest.take_in(store, listening, ingest_page(from_platform), NOON)
    gone = replace(from_platform, text="", deleted_at=at("2025-03-01"))
    ingest.take_in(
        store, listening, ingest_page(gone, said(2, "x:1", "2025-01-05", text="", deleted_at=at("2025-03-01"))), NOON
    )
    roll_up(store, lambda: NOON)
    assert days(store) == [(date(2025, 1, 5), "x:1", 0, 1)]
    assert store.mentions.count() == 1


def ingest_page(*mentions: Mention) -> Page:
    return Page(mentions, (), "1")
