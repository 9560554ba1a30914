"""Faults of a parser turned into rejects; connectors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from social_crm.domain.page import Reject

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT = 10_000  # characters of a piece that could not become a fact


def rejects(faults: Iterable[tuple[str, Any]]) -> tuple[Reject, ...]:
    """A reject for each (reason, piece); its line is the place among the faults, from 1 on."""
    return tuple(Reject(line, reason, _raw(piece)) for line, (reason, piece) in enumerate(faults, 1))


def _raw(piece: Any) -> str:
    try:
        return orjson.dumps(piece).decode()[:_KEPT]
    except orjson.JSONEncodeError:
        return repr(piece)[:_KEPT]
