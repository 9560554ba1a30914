"""Reads archived pages again and takes them in as they were taken in live; the replay command comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobs.collect import Collected, about_brand
from social_crm.services import archive, ingest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from social_crm.domain.source import SourceSetup
    from social_crm.domain.span import Span
    from social_crm.ports import Store
    from social_crm.services.archive import Read
    from social_crm.services.ingest import Listening


def replay(
    store: Store,
    setup: SourceSetup,
    read: Read,
    listen: Callable[[], Listening],
    span: Span,
    told: Callable[[int], None] = lambda _pages: None,
) -> Collected:
    """Take the pages of a source that were fetched in a span in again, oldest first; twice changes nothing.

    Into an empty store it brings what collecting brought. Raises Invalid for a page that cannot be read.
    """
    done = Collected()
    for kept in store.archive.pages(setup.id, span.start, span.end):
        page = about_brand(archive.reread(kept, read), setup)
        intake = ingest.take_in(store, listen(), page, kept.fetched_at)
        done = replace(
            done,
            pages=done.pages + 1,
            taken=done.taken + intake.taken,
            unmatched=done.unmatched + intake.unmatched,
            rejected=done.rejected + len(page.rejects),
        )
        told(done.pages)
    return done


def prune(store: Store, before: Callable[[], datetime]) -> int:
    """Remove the archived pages that have been kept long enough, and answer how many those were."""
    return store.archive.prune(before())
