"""From the coverage ledger to the report, on both stores: what live sources vouch for, and what they missed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.roll_up import roll_up
from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.source import SourceSetup, SourceState
from social_crm.services import brands, reports
from social_crm.services.exports import retention_csv
from social_crm.services.reports import SETTLE_LAG, RetentionQuestion
from tests.builders import NOON, a_brand, a_mention, at, heard

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.domain.report import SavedReport
    from social_crm.ports import Store

ACME = RetentionQuestion(brands=("acme",))
# V1 of methods.md 1.3: January to April 2025.
MONTHS = {"ana": "0123", "ben": "02", "cy": "0", "dee": "01", "eli": "123", "fay": "13", "gus": "2"}
INSTANT = timedelta(microseconds=1)
NEW_YEAR, MAY = at("2025-01-01"), at("2025-05-01")
GAP = at("2025-02-10")


@pytest.fixture(autouse=True)
def spoken(store: Store) -> None:
    """V1, told and rolled up, and a live source that has covered all of it."""
    brands.put(store, a_brand("acme"))
    told = [(person, int(month)) for person, months in MONTHS.items() for month in months]
    mentions = [
        heard(a_mention(f"x:{person}{month}", f"x:{person}", at(f"2025-0{month + 1}-09"))) for person, month in told
    ]
    store.mentions.take(mentions, [], {"acme": "UTC"}, NOON)
    roll_up(store, lambda: NOON)
    set_up(store, "acme-hn")
    cover(store, "acme-hn", MAY + SETTLE_LAG)


def set_up(store: Store, source: str, brand: str = "acme") -> SourceSetup:
    return store.sources.put(SourceSetup(source, "hackernews", brand, "acme"))


def cover(store: Store, source: str, end: datetime, start: datetime = NEW_YEAR, brand: str = "acme") -> None:
    store.coverage.record(Coverage(f"{source}:{brand}:{start}", source, brand, start, end, "acme"))


def miss(store: Store, hours: float, start: datetime = GAP, source: str = "acme-hn", why: Why = Why.OUTAGE) -> None:
    end = start + timedelta(hours=hours)
    store.coverage.record(Coverage(f"{source}:gap:{start}", source, "acme", start, end, "acme", Seen.MISSED, str(why)))


def leave_out(store: Store, hours: float, start: datetime = GAP) -> None:
    """The source's own walks cover all but some hours, which it says it missed."""
    cover(store, "acme-hn", start)
    cover(store, "acme-hn", MAY + SETTLE_LAG, start + timedelta(hours=hours))
    miss(store, hours, start)


def asked(store: Store) -> SavedReport:
    return reports.retention(store, ACME, NOON)


def watermark(store: Store) -> datetime | None:
    return asked(store).watermark


def states(body: Any) -> list[str]:
    return [row["state"] for row in body["growth"]]


def test_what_a_live_source_covered_is_final_a_day_later(store: Store):
    assert watermark(store) == MAY
    assert states(asked(store).body) == ["complete"] * 4
    cover(store, "acme-hn", MAY + SETTLE_LAG - INSTANT)
    assert watermark(store) == MAY - timedelta(days=1)
    assert states(asked(store).body) == ["complete"] * 3 + ["partial"]


def test_a_file_has_no_lag_and_the_slower_one_decides(store: Store):
    cover(store, "files:x", MAY + timedelta(hours=1))
    assert watermark(store) == MAY
    cover(store, "files:x", MAY - timedelta(hours=1))
    assert watermark(store) == MAY - timedelta(hours=1)


def test_live_sources_count_by_whole_days_so_that_not_every_walk_makes_a_report(store: Store):
    before = asked(store)
    for hours in (1, 9, 23):
        cover(store, "acme-hn", MAY + SETTLE_LAG + timedelta(hours=hours))
        assert asked(store).id == before.id
    cover(store, "acme-hn", MAY + SETTLE_LAG + timedelta(hours=24))
    assert asked(store).id != before.id


def test_a_file_that_a_live_source_of_its_platform_carries_on_has_no_say_any_more(store: Store):
    """History was imported, then listening went live: the file's end must not hold the report back for ever."""
    cover(store, "files:hackernews", at("2025-02-01"))
    assert watermark(store) == MAY
    cover(store, "files:x", at("2025-03-01"))
    assert watermark(store) == at("2025-03-01"), "nobody goes on with that platform"


def test_a_file_with_a_hole_behind_it_keeps_its_say(store: Store):
    cover(store, "files:hackernews", NEW_YEAR - timedelta(days=40), start=NEW_YEAR - timedelta(days=80))
    assert watermark(store) == NEW_YEAR - timedelta(days=40)


def test_what_was_missed_vouches_for_nothing(store: Store):
    miss(store, 100, MAY + SETTLE_LAG)
    assert watermark(store) == MAY
    set_up(store, "acme-new")
    miss(store, 1, source="acme-new")
    assert watermark(store) == MAY


def test_a_source_that_never_ran_has_no_say(store: Store):
    set_up(store, "acme-new")
    assert watermark(store) == MAY


def test_a_paused_source_holds_nothing_back_and_one_that_goes_on_does_again(store: Store):
    slow = set_up(store, "acme-slow")
    cover(store, "acme-slow", at("2025-02-01"))
    miss(store, 100, source="acme-slow")
    assert watermark(store) == at("2025-01-31")
    store.sources.put(replace(slow, state=SourceState.PAUSED))
    assert watermark(store) == MAY
    assert states(asked(store).body)[1] == "degraded", "what it missed while it was on stays missed"
    store.sources.put(replace(slow, state=SourceState.ACTIVE))
    assert watermark(store) == at("2025-01-31")
    assert states(asked(store).body)[1] == "degraded"


def test_without_any_source_that_has_a_say_nothing_is_complete(store: Store):
    store.sources.put(replace(store.sources.get("acme-hn"), state=SourceState.PAUSED))
    assert watermark(store) is None
    assert states(asked(store).body) == ["partial"] * 4


def test_a_source_that_moved_to_another_brand_has_no_say_for_the_old_one(store: Store):
    brands.put(store, a_brand("zenith"))
    moved = set_up(store, "roaming")
    cover(store, "roaming", at("2025-02-01"))
    assert watermark(store) == at("2025-01-31")
    store.sources.put(replace(moved, brand="zenith"))
    assert watermark(store) == MAY


def test_the_sources_of_another_brand_have_no_say(store: Store):
    brands.put(store, a_brand("zenith"))
    set_up(store, "zenith-hn", "zenith")
    cover(store, "zenith-hn", at("2025-02-01"), brand="zenith")
    assert watermark(store) == MAY
    both = RetentionQuestion(brands=("acme", "zenith"))
    assert reports.retention(store, both, NOON).watermark == at("2025-01-31")


@pytest.mark.parametrize(("hours", "state"), [(33, "complete"), (34, "degraded")])  # of 672 hours 33.6 are 5 %
def test_a_month_of_which_too_much_was_missed_is_degraded(store: Store, hours: int, state: str):
    leave_out(store, hours)
    assert states(asked(store).body) == ["complete", state, "complete", "complete"]


def test_a_degraded_month_is_told_with_reason_and_share_and_no_churn(store: Store):
    leave_out(store, 84)
    body = asked(store).body
    assert body["degraded"] == [
        {
            "label": "2025-02",
            "start": "2025-02-01",
            "end": "2025-03-01",
            "missed": 0.125,
            "sources": ["acme-hn"],
            "reasons": ["outage"],
        }
    ]
    assert body["watermark"] == "2025-05-01T00:00:00Z"
    assert [row["churned"] for row in body["growth"]] == [0, None, None, 2]
    assert [row["active"] for row in body["growth"]] == [4, 4, 4, 3]
    assert [(cell["k"], cell["n"], cell["size"]) for cell in body["recurring"]["pooled"]] == [
        (0, 11, 11), (1, 2, 4), (2, 2, 4), (3, 1, 4),
    ]  # fmt: skip
    lines = csv.DictReader(io.StringIO(retention_csv(body), newline=""))
    row = [line["state"] for line in lines if (line["table"], line["cohort"]) == ("recurring", "2025-01")]
    assert row == ["complete", "degraded", "complete", "complete"]


def test_what_another_walk_covered_heals_the_month(store: Store):
    whole = asked(store)
    leave_out(store, 84)
    assert states(asked(store).body)[1] == "degraded"
    cover(store, "acme-hn", GAP + timedelta(hours=60), GAP - timedelta(hours=1))
    assert states(asked(store).body) == ["complete"] * 4
    cover(store, "acme-hn", GAP + timedelta(hours=84), GAP + timedelta(hours=60))
    assert asked(store).id == whole.id


def test_a_new_gap_gives_a_new_report_and_the_same_gap_the_saved_one(store: Store):
    whole = asked(store)
    leave_out(store, 84)
    first = asked(store)
    assert first.fingerprint != whole.fingerprint
    assert asked(store).id == first.id
    miss(store, 1, at("2025-03-10"))
    cover(store, "acme-hn", at("2025-03-10"), GAP + timedelta(hours=84))
    cover(store, "acme-hn", MAY + SETTLE_LAG, at("2025-03-10T01:00:00"))
    second = asked(store)
    assert second.fingerprint != first.fingerprint
    assert {**second.body, "input": None} == {**first.body, "input": None}
    assert reports.saved(store, first.id) == first


def test_the_gap_of_a_file_or_of_another_source_is_its_own(store: Store):
    set_up(store, "acme-two")
    cover(store, "acme-two", MAY + SETTLE_LAG)
    cover(store, "files:x", MAY)
    leave_out(store, 84)
    assert asked(store).body["degraded"][0]["sources"] == ["acme-hn"]


def test_the_months_of_a_brand_are_those_of_its_zone(store: Store):
    brands.put(store, replace(store.brands.get("acme"), time_zone="America/New_York"))
    roll_up(store, lambda: NOON)
    leave_out(store, 38, at("2025-03-30T14:00:00"))  # up to 04:00 UTC on the first of April: the end of March there
    body = asked(store).body
    assert [(period["label"], period["missed"]) for period in body["degraded"]] == [("2025-03", 38 / 743)]
    assert states(body) == ["complete", "complete", "degraded", "partial"]
