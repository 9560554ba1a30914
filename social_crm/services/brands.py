"""Brands: adding, editing and listing whom we listen for; the doors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from social_crm.analytics import activity
from social_crm.domain.errors import NotFound, Stale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from social_crm.domain.brand import Brand
    from social_crm.ports import Store


def put(store: Store, brand: Brand, expect: int | None = None) -> Brand:
    """Store a brand and answer it with its new version.

    `expect` is the version that must be there (0: none may be, else Conflict); raises Stale when another is. A change of
    the time zone moves the borders of every day, so all days of the brand are marked for roll-up in the same write. What
    others took in while we looked is marked after it; that makes one version more.
    """
    before = _zone(store, brand.id)
    if before is None or before == brand.time_zone:
        return store.brands.put(brand, expect)
    zones = (before, brand.time_zone)
    days = _days(store, brand.id, zones)
    stored = store.brands.put(brand, expect, sorted(days))
    late = _days(store, brand.id, zones) - days
    return _mark_late(store, stored, sorted(late)) if late else stored


def get(store: Store, brand_id: str) -> Brand:
    """One brand. Raises NotFound."""
    return store.brands.get(brand_id)


def list_all(store: Store) -> tuple[Brand, ...]:
    """All brands, by id."""
    return store.brands.list()


def chosen(store: Store, brand_ids: Sequence[str]) -> tuple[Brand, ...]:
    """The brands of those ids, in their order; all of them when none is named. Raises NotFound."""
    return tuple(store.brands.get(brand_id) for brand_id in dict.fromkeys(brand_ids)) or store.brands.list()


def _zone(store: Store, brand_id: str) -> str | None:
    try:
        return store.brands.get(brand_id).time_zone
    except NotFound:
        return None


def _days(store: Store, brand_id: str, zones: Sequence[str]) -> set[date]:
    """The days of a brand that hold something, or did when they were last rolled up, in each of the zones."""
    mentions = store.mentions.table(brand_id)
    tables = [activity.roll_up(mentions, brand_id, zone)[0] for zone in zones]
    return set(pl.concat([table["day"] for table in (*tables, store.rollups.activity([brand_id]))]).unique())


def _mark_late(store: Store, brand: Brand, days: Sequence[date]) -> Brand:
    """Mark more days of a brand that has just been stored; whoever edited it meanwhile keeps his edit."""
    newest = brand
    while True:
        try:
            marked = store.brands.put(newest, newest.version, days)
        except Stale:
            newest = store.brands.get(brand.id)
        else:
            return marked if newest is brand else brand
