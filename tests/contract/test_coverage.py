"""What each source vouches for and what it missed, brand by brand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from social_crm import tables
from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.errors import StoreUnavailable
from social_crm.domain.span import Span
from tests.builders import NOON, at

if TYPE_CHECKING:
    from social_crm.ports import Store

JANUARY, FEBRUARY, MARCH = at("2025-01-01"), at("2025-02-01T00:00:00.000001"), at("2025-03-01")
HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)


def a_coverage(coverage_id: str = "cov-1", **changes) -> Coverage:
    values = {"id": coverage_id, "source": "acme-x", "brand": "acme", "start": NOON, "end": NOON + HOUR}
    return Coverage(**{**values, **changes})


def ids(store: Store, start, end, source: str = "acme-x") -> list[str]:
    return [coverage.id for coverage in store.coverage.spans(source, Span(start, end))]


def test_coverage_comes_back_by_source_brand_and_start(store: Store):
    missed = {"seen": Seen.MISSED, "why": Why.OUTAGE}
    for number, (source, brand, start, end, said) in enumerate(
        [
            ("x", "globex", JANUARY, FEBRUARY, {}),
            ("x", "acme", FEBRUARY, MARCH, missed),
            ("x", "acme", JANUARY, FEBRUARY, {"query": "acme lang:en"}),
            ("files", "acme", JANUARY, JANUARY, {}),
        ]
    ):
        store.coverage.record(Coverage(f"cov-{number}", source, brand, start, end, **said))
    found = store.coverage.table()
    assert found.schema == pl.Schema(tables.COVERAGE)
    assert found.rows() == [
        ("files", "acme", JANUARY, JANUARY, "covered", ""),
        ("x", "acme", JANUARY, FEBRUARY, "covered", ""),
        ("x", "acme", FEBRUARY, MARCH, "missed", "outage"),
        ("x", "globex", JANUARY, FEBRUARY, "covered", ""),
    ]


def test_the_same_id_again_replaces_the_span(store: Store):
    store.coverage.record(Coverage("cov-1", "x", "acme", JANUARY, FEBRUARY))
    later = Coverage("cov-1", "y", "globex", FEBRUARY, MARCH, "globex", Seen.MISSED, Why.CAP)
    store.coverage.record(later)
    store.coverage.record(later)
    assert store.coverage.table().rows() == [("y", "globex", FEBRUARY, MARCH, "missed", "spend cap")]
    assert store.coverage.spans("x", Span(JANUARY, MARCH)) == ()
    assert store.coverage.spans("y", Span(JANUARY, MARCH)) == (later,)


def test_without_coverage_the_table_is_empty_and_has_all_columns(store: Store):
    assert store.coverage.table().schema == pl.Schema(tables.COVERAGE)
    assert store.coverage.table().is_empty()
    assert store.coverage.spans("x", Span(JANUARY, MARCH)) == ()


@pytest.mark.parametrize("why", Why)
def test_a_gap_comes_back_as_it_was_noted(store: Store, why: Why):
    start = at("2025-01-15T12:34:56.789012")
    gap = a_coverage(start=start, end=start + MICROSECOND, query='acme "\U0001f600"', seen=Seen.MISSED, why=str(why))
    store.coverage.record(gap)
    found = store.coverage.spans("acme-x", Span(start, start + HOUR))
    assert found == (gap,)
    assert type(found[0].seen) is Seen


def test_a_span_finds_what_shares_an_instant_with_it(store: Store):
    spans = {
        "ends as it starts": (NOON - HOUR, NOON),
        "ends within": (NOON - HOUR, NOON + MICROSECOND),
        "is within": (NOON + MICROSECOND, NOON + HOUR - MICROSECOND),
        "is the same": (NOON, NOON + HOUR),
        "holds it": (NOON - HOUR, NOON + 2 * HOUR),
        "starts within": (NOON + HOUR - MICROSECOND, NOON + 2 * HOUR),
        "starts as it ends": (NOON + HOUR, NOON + 2 * HOUR),
    }
    for name, (start, end) in spans.items():
        store.coverage.record(a_coverage(name, start=start, end=end))
    found = ids(store, NOON, NOON + HOUR)
    assert set(found) == {"ends within", "is within", "is the same", "holds it", "starts within"}


def test_what_holds_no_instant_is_of_no_span(store: Store):
    store.coverage.record(a_coverage("empty", start=NOON, end=NOON))
    store.coverage.record(a_coverage("full", start=NOON - HOUR, end=NOON + HOUR))
    assert ids(store, NOON - HOUR, NOON + HOUR) == ["full"]
    assert ids(store, NOON, NOON) == []


def test_spans_come_by_start_then_id_and_of_one_source(store: Store):
    store.coverage.record(a_coverage("b"))
    store.coverage.record(a_coverage("a", brand="globex"))
    store.coverage.record(a_coverage("c", start=NOON - HOUR))
    store.coverage.record(a_coverage("d", source="acme-reddit"))
    assert ids(store, NOON - HOUR, NOON + HOUR) == ["c", "a", "b"]
    assert ids(store, NOON - HOUR, NOON + HOUR, "acme-reddit") == ["d"]
    assert ids(store, NOON - HOUR, NOON + HOUR, "acme") == []


def test_a_longer_end_replaces_a_shorter_one(store: Store):
    store.coverage.record(a_coverage())
    assert ids(store, NOON + HOUR, NOON + 2 * HOUR) == []
    longer = replace(a_coverage(), end=NOON + 2 * HOUR)
    store.coverage.record(longer)
    assert store.coverage.spans("acme-x", Span(NOON + HOUR, NOON + 2 * HOUR)) == (longer,)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.record(a_coverage()),
        lambda ledger: ledger.spans("acme-x", Span(JANUARY, MARCH)),
        lambda ledger: ledger.table(),
    ],
    ids=["record", "spans", "table"],
)
def test_the_ledger_of_a_closed_store_is_unavailable(store: Store, ask):
    store.close()
    with pytest.raises(StoreUnavailable):
        ask(store.coverage)
