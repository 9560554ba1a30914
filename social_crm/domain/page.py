"""A page: what a source gives at a time, and the pieces of it that could not become facts; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention
    from social_crm.domain.span import Span


@dataclass(frozen=True, slots=True)
class Reject:
    """A piece of input that could not become a fact: where it stood (a line number), why, and the piece itself."""

    line: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """A platform no longer shows a mention; `deleted_at` is when, or when we learned of it."""

    mention: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What a source gives at a time.

    `cursor` is where to go on after this page is stored. `brands` maps a mention id to the sorted brands that the source
    itself says it is about; then its text is not searched for any. `done` and `total` measure progress in the source's own
    unit (bytes of a file); total 0 means unknown.

    Of live sources: `deletions` are mentions that are gone; `covered` is what the walk has covered once this page is stored
    (said on its last page only), `missed` what it found out of reach; `spent` is what the page cost in the platform's unit;
    `raw` is what the platform answered at `fetched_at`, as text that the source can `read` again ("" when there is nothing
    to keep); `shown` are other mentions whose words stand in it (quoted ones).
    """

    mentions: tuple[Mention, ...]
    accounts: tuple[Account, ...]
    cursor: str
    rejects: tuple[Reject, ...] = ()
    brands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    deletions: tuple[Deletion, ...] = ()
    covered: Span | None = None
    missed: tuple[Span, ...] = ()
    spent: int = 0
    raw: str = ""
    fetched_at: datetime | None = None
    shown: tuple[str, ...] = ()
