"""A saved report: an answer with its parameters and the state of its input, never changed again; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SavedReport:
    """A report as it was computed. `id` is `rep_...`.

    `fingerprint` names the question and the input together: the same parameters over the same input give the same
    fingerprint, so the answer can be taken from the store. `watermark` (UTC, None without coverage) is the time up to which
    every source had been taken in. `body` is the report as plain JSON values.
    """

    id: str
    name: str
    fingerprint: str
    parameters: Mapping[str, Any]
    watermark: datetime | None
    created_at: datetime
    body: Mapping[str, Any]
