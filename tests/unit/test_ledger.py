"""What a page adds to the ledger when a clock was wrong: what was said of a time that has not come is taken back."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jobs import ledger
from social_crm.domain.coverage import Seen
from social_crm.domain.page import Page
from social_crm.domain.source import Progress, SourceSetup
from social_crm.domain.span import Span
from social_crm.storage import open_store
from tests.builders import a_brand, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Store

NOW = at("2026-03-02T09:00:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETUP = SourceSetup("src", "hackernews", "acme", "acme")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        opened.brands.put(a_brand())
        yield opened


def a_page(covered: Span | None, *missed: Span) -> Page:
    return Page((), (), "next", covered=covered, missed=missed)


def noted(store: Store, progress: Progress, page: Page) -> Progress:
    """The progress after a page; what it adds is recorded."""
    after, entries = ledger.entries(SETUP, progress, page, NOW)
    for entry in entries:
        store.coverage.record(entry)
    return after


def spans(store: Store) -> list[tuple[object, object]]:
    return [(one.start, one.end) for one in store.coverage.spans("src", Span(NOW - 30 * DAY, NOW + 30 * DAY))]


def test_what_was_covered_of_the_future_ends_now_and_the_next_span_is_one_of_its_own(store: Store):
    ahead, _ = ledger.entries(SETUP, Progress("src"), a_page(Span(NOW - DAY, NOW + DAY)), NOW + DAY)
    noted(store, Progress("src"), a_page(Span(NOW - DAY, NOW + DAY)))
    after = noted(store, ahead, a_page(Span(NOW - 3 * HOUR, NOW - MINUTE)))
    assert (after.covered_from, after.covered_to) == (NOW - 3 * HOUR, NOW - MINUTE)
    assert spans(store) == [(NOW - DAY, NOW), (NOW - 3 * HOUR, NOW - MINUTE)]


def test_a_span_that_lay_in_the_future_altogether_covers_nothing(store: Store):
    ahead = Progress("src", covered_from=NOW + HOUR, covered_to=NOW + DAY)
    noted(store, Progress("src"), a_page(Span(NOW + HOUR, NOW + DAY)))
    noted(store, ahead, a_page(Span(NOW - HOUR, NOW)))
    covered = [one for one in store.coverage.spans("src", Span(NOW - DAY, NOW + 2 * DAY)) if one.start < one.end]
    assert [(one.start, one.end, one.seen) for one in covered] == [(NOW - HOUR, NOW, Seen.COVERED)]


def test_clocks_that_differ_a_little_break_nothing(store: Store):
    before = Progress("src", covered_from=NOW - DAY, covered_to=NOW + 5 * MINUTE)
    after = noted(store, before, a_page(Span(NOW, NOW + 6 * MINUTE)))
    assert (after.covered_from, after.covered_to) == (NOW - DAY, NOW + 6 * MINUTE)
    assert spans(store) == [(NOW - DAY, NOW + 6 * MINUTE)]


def test_a_page_that_covers_nothing_takes_nothing_back(store: Store):
    before = Progress("src", covered_from=NOW - DAY, covered_to=NOW + DAY)
    assert noted(store, before, a_page(None)) == before
    assert spans(store) == []
