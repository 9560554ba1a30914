"""What the core asks of the world: stores, sources, a clock; services and the doors come in, analytics does not.

A `Store` is a bundle of small protocols. It has two implementations, SQLite and MongoDB; tests/contract says what both do.
Every method of a store raises StoreUnavailable when the database does not answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain.heard import Heard, MentionFilter, Taken
from social_crm.domain.mark import Mark, RollUpState
from social_crm.domain.page import Page, Reject
from social_crm.ports.collecting import Archive, Events, Leases, LiveSource, Source, Sources
from social_crm.ports.store import Store
from social_crm.ports.storing import Accounts, Brands, CoverageLedger, Keys, Links, Mentions, Reports, RollUps

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Clock = Callable[[], datetime]

__all__ = [
    "Accounts",
    "Archive",
    "Brands",
    "CoverageLedger",
    "Events",
    "Heard",
    "Keys",
    "Leases",
    "Links",
    "LiveSource",
    "Mark",
    "MentionFilter",
    "Mentions",
    "Page",
    "Reject",
    "Reports",
    "RollUpState",
    "RollUps",
    "Source",
    "Sources",
    "Store",
    "Taken",
]
