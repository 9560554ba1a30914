"""The ledger of a source over the API: hours, gaps, totals and spend, for a year at most."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.source import Progress, SourceSetup, Step
from social_crm.services import brands
from tests.builders import NOON, a_brand, at

if TYPE_CHECKING:
    from social_crm.ports import Store
    from tests.api.conftest import Door

PATH = "/v1/sources/acme-hn/coverage"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def source(store: Store) -> None:
    brands.put(store, a_brand())
    store.sources.put(SourceSetup("acme-hn", "hackernews", "acme", "acme"))


def noted(start: str, end: str, why: str = "", query: str = "acme") -> Coverage:
    seen = Seen.MISSED if why else Seen.COVERED
    return Coverage(f"{query}:{start}", "acme-hn", "acme", at(start), at(end), query, seen, why)


def write(store: Store, *coverage: Coverage, spent: tuple[tuple[date, int], ...] = ()) -> None:
    lease = store.leases.claim("acme-hn", "a test", NOON, NOON + HOUR)
    assert lease is not None
    store.sources.advance(lease, Step(Progress("acme-hn", "acme"), coverage, spent))


async def ledger(door: Door, query: str = "") -> dict[str, Any]:
    answer = await door.get(f"{PATH}{query}")
    assert answer.status == 200
    body: dict[str, Any] = await answer.json()
    return body


async def test_a_ledger_tells_each_hour_its_gaps_and_its_totals(door: Door, store: Store) -> None:
    entries = (
        noted("2025-01-10T00:00:00", "2025-01-10T03:00:00"),
        noted("2025-01-10T03:20:00", "2025-01-10T05:00:00", Why.OUTAGE),
        noted("2025-01-10T05:00:00", "2025-01-10T06:00:00", Why.CAP),
        noted("2025-01-10T08:00:00", "2025-01-10T09:00:00", Why.CAP),
        noted("2025-01-10T00:00:00", "2025-01-11T00:00:00", query="another query"),
    )
    await door.on_a_thread(write, store, *entries)
    body = await ledger(door, "?start=2025-01-10T00:00:00Z&end=2025-01-10T10:00:00Z")
    told = {hour["start"][11:13]: (hour["seen"], hour["why"]) for hour in body["hours"]}
    outage, cap, unknown = ("missed", "outage"), ("missed", "spend cap"), ("unknown", "")
    assert told == {
        "00": ("covered", ""),
        "01": ("covered", ""),
        "02": ("covered", ""),
        "03": outage,
        "04": outage,
        "05": cap,
        "06": unknown,
        "07": unknown,
        "08": cap,
        "09": unknown,
    }
    assert body["totals"] == {"covered": 3, "missed": 4, "unknown": 3}
    assert body["gaps"] == [
        {"start": "2025-01-10T03:00:00Z", "end": "2025-01-10T05:00:00Z", "why": "outage"},
        {"start": "2025-01-10T05:00:00Z", "end": "2025-01-10T06:00:00Z", "why": "spend cap"},
        {"start": "2025-01-10T08:00:00Z", "end": "2025-01-10T09:00:00Z", "why": "spend cap"},
    ]
    assert (body["source"], body["query"]) == ("acme-hn", "acme")


async def test_unless_it_is_said_the_ledger_shows_fourteen_days_up_to_the_end_of_this_hour(door: Door) -> None:
    door.watch.pass_by(minutes=20)
    body = await ledger(door)
    assert (body["start"], body["end"]) == ("2025-01-01T13:00:00Z", "2025-01-15T13:00:00Z")
    assert (len(body["hours"]), body["hours"][-1]["start"]) == (14 * 24, "2025-01-15T12:00:00Z")
    assert body["totals"] == {"covered": 0, "missed": 0, "unknown": 14 * 24}
    assert (body["gaps"], body["spend"]) == ([], {"unit": "requests", "days": []})
    assert (await ledger(door, "?end=2024-03-15"))["start"] == "2024-03-01T00:00:00Z"
    assert len((await ledger(door, "?start=2025-01-15"))["hours"]) == 13


async def test_a_span_is_rounded_outwards_to_full_hours(door: Door) -> None:
    body = await ledger(door, "?start=2025-01-10T01:59:59Z&end=2025-01-10T03:00:01%2B01:00")
    assert [hour["start"] for hour in body["hours"]] == ["2025-01-10T01:00:00Z", "2025-01-10T02:00:00Z"]
    assert (body["start"], body["end"]) == ("2025-01-10T01:00:00Z", "2025-01-10T03:00:00Z")


async def test_a_span_of_no_time_has_no_hours(door: Door) -> None:
    body = await ledger(door, "?start=2025-01-10&end=2025-01-10")
    assert (body["hours"], body["start"], body["end"]) == ([], "2025-01-10T00:00:00Z", "2025-01-10T00:00:00Z")


async def test_spend_is_that_of_the_days_which_the_span_touches(door: Door, store: Store) -> None:
    days = tuple((date(2025, 1, day), day * 10) for day in range(8, 14))
    await door.on_a_thread(lambda: write(store, spent=days))
    whole = await ledger(door, "?start=2025-01-09&end=2025-01-11")
    assert whole["spend"]["days"] == [{"day": "2025-01-09", "units": 90}, {"day": "2025-01-10", "units": 100}]
    touched = await ledger(door, "?start=2025-01-09T23:30:00Z&end=2025-01-11T00:30:00Z")
    assert [one["day"] for one in touched["spend"]["days"]] == ["2025-01-09", "2025-01-10", "2025-01-11"]


async def test_a_year_is_shown_and_an_hour_more_is_not(door: Door) -> None:
    assert len((await ledger(door, "?start=2024-01-01&end=2025-01-01"))["hours"]) == 366 * 24
    answer = await door.get(f"{PATH}?start=2024-01-01&end=2025-01-01T01:00:00Z")
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (422, "invalid")
    assert "a year at most" in problem["detail"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("start=2025-01-11&end=2025-01-10", "query.start"),
        ("start=2025-02-01", "query.start"),
        ("end=0001-01-05", "query.end"),
        ("end=9999-12-31T23:59:59Z", "query.end"),
        ("start=yesterday", "query.start"),
        ("end=2025-01-10T00:00:00", "query.end"),
        ("end=2025-01-10&end=2025-01-11", "query.end"),
        ("start[$gt]=2025-01-10", "query.start[$gt]"),
        ("days=3", "query.days"),
    ],
)
async def test_a_span_that_cannot_be_is_refused_and_its_end_is_named(door: Door, query: str, place: str) -> None:
    answer = await door.get(f"{PATH}?{query}")
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (422, "invalid")
    assert place in [issue["loc"] for issue in problem["errors"]]


async def test_a_start_before_all_time_is_more_than_a_year(door: Door) -> None:
    assert (await door.get(f"{PATH}?start=0001-01-01")).status == 422
