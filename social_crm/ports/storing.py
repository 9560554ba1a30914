"""What the core asks of a database for what was said, by whom, and what comes of it; only the front of the ports comes in.

Every method raises StoreUnavailable when the database does not answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    import polars as pl

    from social_crm.domain.account import Account
    from social_crm.domain.brand import Brand
    from social_crm.domain.coverage import Coverage
    from social_crm.domain.heard import Heard, MentionFilter, Taken
    from social_crm.domain.key import Key
    from social_crm.domain.link import Link
    from social_crm.domain.mark import Mark, RollUpState
    from social_crm.domain.report import SavedReport
    from social_crm.domain.span import Span


class Brands(Protocol):
    """The brands that we listen for."""

    def put(self, brand: Brand, expect: int | None = None, remark: Sequence[date] = ()) -> Brand:
        """Store a brand and mark its days `remark`, both or neither; answers the brand with its new version.

        `expect` is the version that must be there: 0 means that it must not exist (else Conflict), None accepts any. Raises
        Stale when another version is there.
        """
        ...

    def get(self, brand_id: str) -> Brand:
        """One brand. Raises NotFound."""
        ...

    def list(self) -> tuple[Brand, ...]:
        """All brands, by id."""
        ...


class Mentions(Protocol):
    """What was said."""

    def take(self, heard: Sequence[Heard], accounts: Sequence[Account], zones: Mapping[str, str], now: datetime) -> Taken:
        """Store mentions and accounts idempotently and mark the (brand, day) partitions that change.

        The same content again changes nothing. An edit replaces; one older than what is stored (by `edited_at`) counts as
        same, and so does anything about a mention that is deleted. A deletion removes the text and keeps the rest. Brands
        are only added. Of an account the newest observation wins. `zones` maps each brand to its time zone as the caller
        read it; the zone that is stored when the mentions are written stands over it, so that a change of zone meanwhile
        loses no day. Killed at any point and repeated, the store ends as if it had run once, and nothing changed is left
        unmarked.
        """
        ...

    def get(self, mention_id: str) -> Heard:
        """One mention. Raises NotFound."""
        ...

    def page(self, only: MentionFilter, after: tuple[datetime, str] | None, limit: int) -> tuple[Heard, ...]:
        """Newest first (posted_at, then id, both falling), those strictly after the position, at most `limit`."""
        ...

    def table(self, brand: str, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """The table MENTIONS of a brand for start <= posted_at < end, in the order of the id."""
        ...

    def languages(self, authors: Sequence[str], excluding: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many mentions of each author are in each language by evidence (platform or detected), leaving out ids."""
        ...

    def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of the ids that are stored."""
        ...

    def count(self) -> int:
        """How many mentions are stored."""
        ...


class Accounts(Protocol):
    """Who said it."""

    def get(self, ids: Sequence[str]) -> tuple[Account, ...]:
        """The accounts of those ids that are known, by id."""
        ...

    def with_handles(self, handles: Sequence[str]) -> tuple[Account, ...]:
        """The accounts that now have one of the handles `platform:@handle` (lower case), by id."""
        ...

    def count(self) -> int:
        """How many accounts are stored."""
        ...


class RollUps(Protocol):
    """Daily activity and exchanges, and which days of them are out of date."""

    def marks(self, limit: int) -> tuple[Mark, ...]:
        """At most `limit` marked partitions, by brand and day."""
        ...

    def replace(self, marks: Sequence[Mark], activity: pl.DataFrame, exchanges: pl.DataFrame, now: datetime) -> None:
        """Put the tables ACTIVITY and EXCHANGES in place of the marked partitions, all or nothing, and settle the marks.

        A mark that was set again since it was read, or whose write is still under way, stays. The generation of each brand
        rises.
        """
        ...

    def activity(self, brands: Sequence[str], start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """The table ACTIVITY of some brands for start <= day < end, in no particular order."""
        ...

    def exchanges(self, brands: Sequence[str], start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """The table EXCHANGES of some brands for start <= day < end, in no particular order."""
        ...

    def state(self, brands: Sequence[str]) -> RollUpState:
        """What is pending for some brands, and the sum of their generations."""
        ...


class Links(Protocol):
    """Which identities are one person: append-only facts."""

    def add(self, link: Link) -> None:
        """Append a link; the same id again changes nothing."""
        ...

    def retract(self, link_id: str, at: datetime) -> None:
        """Retract a link as of a time; a second time changes nothing. Raises NotFound."""
        ...

    def list(self, identity: str) -> tuple[Link, ...]:
        """All links of an account or customer, retracted ones too, by id."""
        ...

    def table(self) -> pl.DataFrame:
        """The table LINKS of what is active now."""
        ...

    def version(self) -> int:
        """Rises with every link added or retracted: the identity version of a report."""
        ...


class CoverageLedger(Protocol):
    """What each source vouches for, and what it missed."""

    def record(self, coverage: Coverage) -> None:
        """Note a span; the same id again replaces it."""
        ...

    def spans(self, source: str, span: Span) -> tuple[Coverage, ...]:
        """What a source has noted of any instant of a span, by start, then id."""
        ...

    def table(self) -> pl.DataFrame:
        """The table COVERAGE, by source, brand and start."""
        ...


class Reports(Protocol):
    """Answers, kept as they were given."""

    def save(self, report: SavedReport) -> None:
        """Keep a report. Raises Conflict when the id is taken, Invalid when it is too large (12 MB compressed)."""
        ...

    def get(self, report_id: str) -> SavedReport:
        """One report. Raises NotFound."""
        ...

    def find(self, fingerprint: str) -> SavedReport | None:
        """The newest report with that fingerprint."""
        ...


class Keys(Protocol):
    """Who may call the API."""

    def add(self, key: Key) -> None:
        """Keep a key. Raises Conflict when the prefix is taken."""
        ...

    def find(self, prefix: str) -> Key | None:
        """The key with that prefix."""
        ...

    def list(self) -> tuple[Key, ...]:
        """All keys, by time of making."""
        ...

    def revoke(self, prefix: str, at: datetime) -> None:
        """Revoke a key as of a time; a second time changes nothing. Raises NotFound."""
        ...
