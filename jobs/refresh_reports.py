"""Keeps the default retention report of every brand fresh, so that the first reader need not wait; the worker comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.services import brands, reports

if TYPE_CHECKING:
    from social_crm.ports import Clock, Store


def refresh_reports(store: Store, clock: Clock) -> int:
    """Answer the default question for each brand that has activity; what has not changed is found, not computed."""
    refreshed = 0
    for brand in brands.list_all(store):
        if store.rollups.state([brand.id]).generation:
            reports.retention(store, reports.RetentionQuestion(brands=(brand.id,)), clock())
            refreshed += 1
    return refreshed
