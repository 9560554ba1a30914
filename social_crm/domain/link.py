"""A link: the fact that two identities are one person, with its basis and author; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Basis(StrEnum):
    """On what ground a link may be kept, weakest last (platforms.md, "Who may be linked to whom")."""

    OPT_IN = "opt_in"
    GIVEN = "given"
    PUBLIC = "public"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Link:
    """An append-only fact: `left` and `right` (account or customer ids) are one person, until it is retracted."""

    id: str
    left: str
    right: str
    basis: Basis
    author: str
    linked_at: datetime
    retracted_at: datetime | None = None
