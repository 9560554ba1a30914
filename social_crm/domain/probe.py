"""A probe: what one cheap call says of a source before it is trusted; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Probe:
    """What works and what is missing, each a line for a person; `cost` is what asking took, in the platform's unit."""

    works: tuple[str, ...]
    missing: tuple[str, ...] = ()
    cost: int = 0
