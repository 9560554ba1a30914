"""Collects one source: page by page into the store, rejects kept, progress told; commands come in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from social_crm.domain.clock import day_start
from social_crm.domain.coverage import Coverage
from social_crm.ports import Taken
from social_crm.services import ingest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from social_crm.ports import Clock, Page, Reject, Source, Store
    from social_crm.services.ingest import Listening


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a source: mentions by outcome or unmatched, rejects, the (platform, brand) pairs found, the times."""

    taken: Taken = field(default_factory=Taken)
    unmatched: int = 0
    rejected: int = 0
    found: frozenset[tuple[str, str]] = frozenset()
    first: datetime | None = None
    last: datetime | None = None

    @property
    def seen(self) -> int:
        """All records of the source: stored, about no brand, and rejected."""
        return self.taken.new + self.taken.changed + self.taken.same + self.unmatched + self.rejected


def collect(
    store: Store,
    source: Source,
    query: str,
    listen: Callable[[], Listening],
    clock: Clock,
    *,
    rejects: Callable[[Sequence[Reject]], None],
    progress: Callable[[Collected, Page], None] = lambda _collected, _page: None,
    dry_run: bool = False,
) -> Collected:
    """Take all pages of a source in and answer what became of them; a dry run stores nothing.

    `listen` is asked before every page, so that an edit of a brand counts from the next page on. Interrupted and repeated,
    the store ends as if it had run once. Raises the errors of the source and of the store.
    """
    collected = Collected()
    for page in source.pull(query, None):
        listening = listen()
        intake = ingest.preview(store, listening, page) if dry_run else ingest.take_in(store, listening, page, clock())
        rejects((*page.rejects, *intake.rejects))
        collected = _count(collected, page, intake)
        progress(collected, page)
    return collected


def vouch(store: Store, source: str, piece: str, collected: Collected, until: datetime | date | None) -> None:
    """Note for each platform and brand found what a finished collection covers, from its first mention on.

    It covers up to `until`, a day being the midnight with which it begins for the brand; without it up to the last mention,
    so that the period in which that falls stays partial. A brand that was not found is not vouched for. `piece` names the
    input, so that twice is noted once, and what was once said of its end is not taken back by saying nothing.
    """
    if collected.first is None or collected.last is None:
        return
    for platform, brand in sorted(collected.found):
        end, said = collected.last + timedelta(microseconds=1), "last"
        if until is not None:
            end, said = _instant(until, store.brands.get(brand).time_zone), "until"
        where = f"{source}:{platform}"
        store.coverage.record(Coverage(f"{where}:{piece}:{brand}:{said}", where, brand, min(collected.first, end), end))


def _instant(until: datetime | date, zone: str) -> datetime:
    return until if isinstance(until, datetime) else day_start(until, zone)


def _count(so_far: Collected, page: Page, intake: ingest.Intake) -> Collected:
    times = [mention.posted_at for mention in ingest.possible(page)[0].mentions]
    return replace(
        so_far,
        taken=so_far.taken + intake.taken,
        found=so_far.found | intake.found,
        unmatched=so_far.unmatched + intake.unmatched,
        rejected=so_far.rejected + len(page.rejects) + len(intake.rejects),
        first=min([*times, *([so_far.first] if so_far.first else [])], default=None),
        last=max([*times, *([so_far.last] if so_far.last else [])], default=None),
    )
