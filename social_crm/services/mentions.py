"""Mentions: reading what was said; the doors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.ports import Heard, MentionFilter, Store


def get(store: Store, mention_id: str) -> Heard:
    """One mention with what we made of it. Raises NotFound."""
    return store.mentions.get(mention_id)


def page(store: Store, only: MentionFilter, after: tuple[datetime, str] | None, limit: int) -> tuple[Heard, ...]:
    """The newest mentions that pass the filter, strictly after a position (posted_at, id).

    Raises NotFound when the filter names a brand that does not exist.
    """
    if only.brand is not None:
        store.brands.get(only.brand)
    return store.mentions.page(only, after, limit)
