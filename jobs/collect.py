"""Collects one source under its lease: every page into the store, then a second look at what is there; workers come in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from jobs import revisit
from social_crm.domain.errors import (
    CapReached,
    Invalid,
    LeaseLost,
    NotFound,
    PlatformUnavailable,
    RateLimited,
    SocialCrmError,
    StoreUnavailable,
)
from social_crm.domain.platform import platform
from social_crm.domain.source import SourceState
from social_crm.ports import Taken
from social_crm.services import archive, ingest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jobs.bookkeeping import Books
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import LiveSource, Page
    from social_crm.services.ingest import Listening

log = structlog.get_logger(__name__)

LOOKED_AGAIN = 14  # days, unless a source says otherwise
LONGEST_RUN = 2_000  # pages: then others have their turn, and a platform that never ends does not hold a thread for ever
IS_WELL = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a run: pages, mentions by outcome, those about no brand, rejects, deletions, gaps, and what it cost.

    `finished` says whether the walk came to its end; `trouble` why not, or what went wrong after it.
    """

    pages: int = 0
    taken: Taken = field(default_factory=Taken)
    unmatched: int = 0
    rejected: int = 0
    deleted: int = 0
    gaps: int = 0
    spent: int = 0
    finished: bool = False
    trouble: str = ""


@dataclass(slots=True)
class Run:
    """One run of one source, by its books. `stop` is asked between pages, `told` hears of each, `keep` archives raw pages.

    Every page is stored first; then one atomic write, fenced by the lease, advances the cursor, the ledger and the spend.
    So a crash repeats a page and never skips one.
    """

    books: Books
    source: LiveSource
    listen: Callable[[], Listening]
    keep: bool = False
    stop: Callable[[], bool] = lambda: False
    told: Callable[[Collected], None] = lambda _collected: None
    done: Collected = field(default_factory=Collected)

    def collect(self) -> Collected:
        """Collect, and answer what became of it; a platform in trouble is noted in the books and no error.

        Raises StoreUnavailable, and LeaseLost when another worker has taken over: what is stored is right all the same, and
        the other goes on from there.
        """
        try:
            self._walk()
            if not self.done.finished:
                self.books.interrupted()
            elif (trouble := self._look_again()) is not None:
                self.books.finish(trouble)
            else:
                self.books.interrupted()
        except (StoreUnavailable, LeaseLost):
            raise
        except SocialCrmError as error:
            self.books.fail(error)
            self.done = replace(self.done, trouble=error.message)
        return self.done

    def _walk(self) -> None:
        books = self.books
        for page in self._paid(self.source.pull(books.setup.query, books.progress.cursor or None)):
            self._take(page, page.cursor)
            if page.covered is not None:
                self.done = replace(self.done, finished=True)
                return

    def _look_again(self) -> str | None:
        """Give stored mentions their turn, and answer what went wrong about it ("" for nothing); None when asked to stop.

        A limit or an outage ends the look and not the run: the walk keeps its schedule, and the next run goes on from the
        last batch. A batch that the platform refuses for good is passed over: it must not keep the others from their turn.
        """
        books, at = self.books, self._round()
        if at is None:
            return ""
        days = int(books.setup.options.get("revisit_days", LOOKED_AGAIN))
        for batch, last in revisit.batches(books.store, books.setup.platform, days, at):
            try:
                for page in self._paid(self.source.revisit(batch)):
                    self._take(page, None)
            except (Invalid, NotFound) as error:
                log.warning("source.not-looked-up", source=books.setup.id, mentions=len(batch), reason=error.message)
            except (PlatformUnavailable, RateLimited, CapReached) as error:
                return f"looking again: {error.message}"
            if self.stop():
                return None
            books.progress = replace(books.progress, revisiting=at.place(last))
        books.progress = replace(books.progress, revisited_at=at.now, revisiting="")
        return ""

    def _round(self) -> revisit.Round | None:
        progress = self.books.progress
        if not self._looks_for_all():
            return None
        if progress.revisiting:
            return revisit.Round.of(progress.revisiting)
        if progress.revisited_at is None:  # all of it was read a moment ago
            self.books.progress = replace(progress, revisited_at=self.books.clock())
            return None
        return revisit.Round.begin(self.books.clock(), progress.revisited_at)

    def _looks_for_all(self) -> bool:
        """Whether this source is the one that looks again at what all sources of its place have brought.

        One look at a mention is enough: that of the first source that has come to its end of late.
        """
        setup, store, now = self.books.setup, self.books.store, self.books.clock()
        progress = store.sources.progress()
        well = [
            other.id
            for other in store.sources.list()
            if other.state is SourceState.ACTIVE
            and place_of(other) == place_of(setup)
            and (known := progress.get(other.id)) is not None
            and known.finished_at is not None
            and now - known.finished_at < IS_WELL
        ]
        return setup.id <= min(well, default=setup.id)

    def _paid(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The pages, each asked for only when it can be paid for and nobody wants us to stop."""
        walk = iter(pages)
        while not self.stop() and self.done.pages < LONGEST_RUN:
            self.books.afford(self.source.page_cost)
            page = next(walk, None)
            self.books.settle(page.spent if page else 0)
            if page is None:
                return
            yield page

    def _take(self, page: Page, cursor: str | None) -> None:
        books, now = self.books, self.books.clock()
        page = about_brand(page, books.setup)
        gone = {one.mention: (one.deleted_at, one.deleted_at) for one in page.deletions}
        gone |= {one.id: (one.deleted_at, one.collected_at) for one in page.mentions if one.deleted_at is not None}
        if gone:  # before the store forgets the words: who dies in between repeats both
            archive.redact(books.store, gone, self.source.read)
        intake = ingest.take_in(books.store, self.listen(), page, now)
        if self.keep:
            archive.keep(books.store, books.setup.id, page, self.done.pages, self.source.read)
        gaps = books.enter(page, cursor)
        self._count(page, intake, len(gone), len(gaps))

    def _count(self, page: Page, intake: ingest.Intake, gone: int, gaps: int) -> None:
        done = self.done
        self.done = replace(
            done,
            pages=done.pages + 1,
            taken=done.taken + intake.taken,
            unmatched=done.unmatched + intake.unmatched,
            rejected=done.rejected + len(page.rejects) + len(intake.rejects),
            deleted=done.deleted + gone,
            gaps=done.gaps + gaps,
            spent=done.spent + page.spent,
        )
        self.told(self.done)


def about_brand(page: Page, setup: SourceSetup) -> Page:
    """The page, with all of it about the brand where the source was set up so."""
    if setup.options.get("about") != "all":
        return page
    return replace(page, brands={mention.id: (setup.brand,) for mention in page.mentions})


def place_of(setup: SourceSetup) -> tuple[str, ...]:
    """Where a source listens: sources of one place can look up each other's mentions."""
    place = platform(setup.platform)
    return setup.platform, *((setup.query,) if place.by_query else place.hosts_of(setup.query, setup.options))
