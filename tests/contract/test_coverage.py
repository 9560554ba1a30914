"""What each source vouches for, brand by brand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from social_crm import tables
from social_crm.domain.coverage import Coverage
from tests.builders import at

if TYPE_CHECKING:
    from social_crm.ports import Store

JANUARY, FEBRUARY, MARCH = at("2025-01-01"), at("2025-02-01T00:00:00.000001"), at("2025-03-01")


def test_coverage_comes_back_by_source_brand_and_start(store: Store):
    for number, (source, brand, start, end) in enumerate(
        spans := [
            ("x", "globex", JANUARY, FEBRUARY),
            ("x", "acme", FEBRUARY, MARCH),
            ("x", "acme", JANUARY, FEBRUARY),
            ("files", "acme", JANUARY, JANUARY),
        ]
    ):
        store.coverage.record(Coverage(f"cov-{number}", source, brand, start, end))
    found = store.coverage.table()
    assert found.schema == pl.Schema(tables.COVERAGE)
    assert found.rows() == sorted(spans)


def test_the_same_id_again_replaces_the_span(store: Store):
    store.coverage.record(Coverage("cov-1", "x", "acme", JANUARY, FEBRUARY))
    store.coverage.record(Coverage("cov-1", "y", "globex", FEBRUARY, MARCH))
    store.coverage.record(Coverage("cov-1", "y", "globex", FEBRUARY, MARCH))
    assert store.coverage.table().rows() == [("y", "globex", FEBRUARY, MARCH)]


def test_without_coverage_the_table_is_empty_and_has_all_columns(store: Store):
    assert store.coverage.table().schema == pl.Schema(tables.COVERAGE)
    assert store.coverage.table().is_empty()
