"""Marks: which roll-ups are out of date, and how far a brand's have come; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Mark:
    """A (brand, local day) whose roll-up is out of date. `tokens` name the writes that marked it."""

    brand: str
    day: date
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollUpState:
    """`pending`: marked partitions. `generation`: rises with every change of a brand's roll-ups; equal means unchanged."""

    pending: int
    generation: int
