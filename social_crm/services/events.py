"""Events: reading what happened, in the order in which it was told; the doors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from social_crm.domain.event import Event
    from social_crm.ports import Store


def after(store: Store, position: int, limit: int) -> tuple[tuple[int, Event], ...]:
    """At most `limit` events told after a position (0: from the first), each with its own, rising position."""
    return store.events.after(position, limit)
