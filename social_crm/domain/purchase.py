"""A purchase: one order, or one return of it, by one customer; anyone may come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from datetime import datetime

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order. The id is `<source>:<order id>`, the customer `<crm>:<external id>`.

    `amount` is in integer minor units of `currency` (ISO 4217); a return is a negative amount. Raises Invalid when the
    currency is not three capitals or the time has no zone.
    """

    id: str
    customer: str
    bought_at: datetime
    amount: int
    currency: str
    brand: str | None = None

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise Invalid(f"purchase {self.id}: currency {self.currency!r} is not an ISO 4217 code such as EUR")
        if self.bought_at.tzinfo is None:
            raise Invalid(f"purchase {self.id}: the time has no zone; write it as 2026-11-22T10:00:00Z")
