"""An archived page: what a platform answered, kept for a while so that it can be read again; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A raw page of a source; the id is natural (a digest of source, time and text).

    `mentions` are the ids of the mentions in it: by them it is found when one is deleted or a person is forgotten.
    """

    id: str
    source: str
    fetched_at: datetime
    raw: str
    mentions: tuple[str, ...]
