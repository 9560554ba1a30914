"""What a page adds to the coverage ledger: spans that grow, gaps with their reason, events; bookkeeping comes in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.event import Event, EventKind
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from social_crm.domain.source import Progress, SourceSetup
    from social_crm.ports import Page

SKEW = timedelta(minutes=5)  # how far clocks may differ


def entries(setup: SourceSetup, progress: Progress, page: Page, now: datetime) -> tuple[Progress, tuple[Coverage, ...]]:
    """The progress after a page, and what it adds to the ledger.

    What is covered without a break is one growing entry, known by where it begins; what was missed is an entry of its own.
    What was said of a time that has not come yet, by a clock that was wrong, is taken back.
    """
    why = progress.delayed_by or Why.WINDOW
    noted = [_entry(setup, gap, Seen.MISSED, why) for gap in page.missed]
    if page.covered is not None and progress.covered_from and progress.covered_to and progress.covered_to > now + SKEW:
        noted.append(_entry(setup, Span(progress.covered_from, max(now, progress.covered_from)), Seen.COVERED, ""))
        progress = replace(progress, covered_from=None, covered_to=None)
    if page.covered is not None:
        progress = _covered(progress, page.covered)
        noted += _unbroken(setup, progress)
    return progress, tuple(noted)


def gaps(setup: SourceSetup, coverage: Iterable[Coverage], now: datetime) -> tuple[Event, ...]:
    """An event for each span that was missed."""
    return tuple(
        Event(
            f"ev_{entry.id}",
            EventKind.SOURCE_GAP,
            now,
            setup.id,
            {
                "brand": entry.brand,
                "query": entry.query,
                "start": entry.start.isoformat(),
                "end": entry.end.isoformat(),
                "why": entry.why,
            },
        )
        for entry in coverage
        if entry.seen is Seen.MISSED
    )


def _covered(progress: Progress, span: Span) -> Progress:
    begun, upto = progress.covered_from, progress.covered_to
    unbroken = begun is not None and upto is not None and begun <= span.start <= upto
    start = begun if unbroken else span.start
    return replace(progress, covered_from=start, covered_to=max(span.end, upto or span.end), delayed_by="")


def _unbroken(setup: SourceSetup, progress: Progress) -> list[Coverage]:
    start, end = progress.covered_from, progress.covered_to
    if start is None or end is None or start == end:
        return []
    return [_entry(setup, Span(start, end), Seen.COVERED, "")]


def _entry(setup: SourceSetup, span: Span, seen: Seen, why: str) -> Coverage:
    asked = hashlib.blake2b(setup.query.encode(), digest_size=6).hexdigest()
    own = f"{setup.id}:{asked}:{seen}:{span.start.isoformat()}"
    return Coverage(own, setup.id, setup.brand, span.start, span.end, setup.query, seen, why)
