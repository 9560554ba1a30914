"""The portrait of a store: all that it holds, through its own protocols, so that two stores can be held side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from social_crm.ports import MentionFilter

if TYPE_CHECKING:
    from social_crm.ports import Store

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def portrait(store: Store) -> dict[str, Any]:
    """Everything but the time of collection, which differs between any two runs."""
    mentions = _mentions(store)
    brands = [brand.id for brand in store.brands.list()]
    authors = {one.mention.author for one in mentions} | {who for one in mentions for _, who in one.mention.addressed}
    activity, exchanges = store.rollups.activity(brands), store.rollups.exchanges(brands)
    return {
        "mentions": [replace(one, mention=replace(one.mention, collected_at=SOME_TIME)) for one in mentions],
        "accounts": store.accounts.get(sorted(authors)),
        "activity": activity.sort("brand", "day", "account").rows(),
        "exchanges": exchanges.sort("brand", "day", "source", "target", "kind").rows(),
        "coverage": store.coverage.table().rows(),
        "pending": store.rollups.state(brands).pending,
    }


def _mentions(store: Store) -> list[Any]:
    found: list[Any] = []
    after = None
    while page := store.mentions.page(MentionFilter(), after, 5_000):
        found += page
        after = page[-1].mention.posted_at, page[-1].mention.id
    return sorted(found, key=lambda one: one.mention.id)
