"""What the core asks of the world for collecting: sources as data, leases, the outbox, the archive, and a live source.

Only the front of the ports comes in. Every method of a store raises StoreUnavailable when the database does not answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from social_crm.domain.archived import ArchivedPage
    from social_crm.domain.event import Event
    from social_crm.domain.lease import Lease
    from social_crm.domain.mention import Mention
    from social_crm.domain.page import Page
    from social_crm.domain.probe import Probe
    from social_crm.domain.source import Progress, SourceSetup, Spend, Step


class Sources(Protocol):
    """Where we listen, and how far each source has come."""

    def put(self, setup: SourceSetup, expect: int | None = None) -> SourceSetup:
        """Store a source and answer it with its new version.

        `expect` is the version that must be there: 0 means that it must not exist (else Conflict), None accepts any. Raises
        Stale when another version is there.
        """
        ...

    def get(self, source_id: str) -> SourceSetup:
        """One source. Raises NotFound."""
        ...

    def list(self) -> tuple[SourceSetup, ...]:
        """All sources, by id."""
        ...

    def progress(self) -> Mapping[str, Progress]:
        """How far each source has come, by its id; one that has never run is missing."""
        ...

    def charge(self, lease: Lease, source_id: str, day: date, units: int) -> None:
        """Add to what a source has cost on a UTC day, before it is spent. Raises LeaseLost like `advance`."""
        ...

    def advance(self, lease: Lease, step: Step) -> None:
        """Write a step whole: progress, coverage, spend and events, or nothing.

        Raises LeaseLost when the lease has been claimed by another since, or was let go: its fence is the highest that the
        name has ever had, or the write is refused. A lease that has run out and that nobody else claimed still counts.
        """
        ...

    def spend(self, source_id: str, since: date) -> tuple[Spend, ...]:
        """What a source has cost, by day, from a UTC day on; days that cost nothing are missing."""
        ...


class Leases(Protocol):
    """Who works on what: one holder a name, taken over when it has run out, fenced."""

    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        """Claim a name that is free or whose lease has run out (until <= now); None while somebody holds it.

        The fence is higher than any that the name has had. Of several that claim at once exactly one gets it.
        """
        ...

    def renew(self, lease: Lease, until: datetime) -> Lease:
        """Hold on for longer. Raises LeaseLost when it was claimed by another or let go."""
        ...

    def release(self, lease: Lease) -> None:
        """Let go at once, so that others need not wait; harmless when it is lost already."""
        ...


class Events(Protocol):
    """The outbox: what happened, in the order in which it was written. Events are added by `Sources.advance`."""

    def after(self, position: int, limit: int) -> tuple[tuple[int, Event], ...]:
        """At most `limit` events written after a position (0: from the start), each with its own, rising position."""
        ...


class Archive(Protocol):
    """Raw pages, for a while: kept compressed."""

    def keep(self, page: ArchivedPage) -> None:
        """Keep a page; the same id again changes nothing."""
        ...

    def pages(self, source_id: str, start: datetime, end: datetime) -> Iterator[ArchivedPage]:
        """The pages of a source with start <= fetched_at < end, by (fetched_at, id)."""
        ...

    def holding(self, mentions: Sequence[str]) -> tuple[ArchivedPage, ...]:
        """The pages that hold any of the mentions, by id."""
        ...

    def replace(self, page_id: str, page: ArchivedPage | None) -> None:
        """Put another page in place of one, or none at all; harmless when it is gone."""
        ...

    def prune(self, before: datetime) -> int:
        """Remove what was fetched before a time, and answer how many pages that were."""
        ...


class Source(Protocol):
    """A place that mentions come from."""

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk the query from the cursor on, a page at a time. Raises the errors of domain.errors."""
        ...


class LiveSource(Source, Protocol):
    """A platform that is asked over and over. One object is used by one thread at a time.

    `pull` ends when the walk has caught up: its last page says what it `covered`, and with its cursor the next walk begins.
    A walk gives at least one page. It makes one request (or a bounded few) a page, and only when the page is asked for. It
    never sleeps: where the platform wants us to wait, it raises RateLimited with `retry_at`, and the walk goes on from the
    cursor of the last page. Raises Transient, RateLimited, PlatformUnavailable or CredentialsRejected, and Invalid for a
    query or a cursor that cannot be.
    """

    @property
    def page_cost(self) -> int:
        """The most that one more page may cost, in the platform's unit."""
        ...

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        """Look stored mentions up again: pages with edits, deletions and late replies. Their cursors mean nothing."""
        ...

    def read(self, raw: str, fetched_at: datetime) -> Page:
        """Read an archived page again, without any request: the mentions, accounts, deletions and rejects that it gave.

        Raises Invalid when the text is not one of ours.
        """
        ...

    def probe(self, query: str) -> Probe:
        """Make one cheap call and say what works and what is missing. Raises only PlatformUnavailable and RateLimited."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
