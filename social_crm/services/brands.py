"""Brands: adding, editing and listing whom we listen for; the doors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from social_crm.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from social_crm.domain.brand import Brand
    from social_crm.ports import Store


def put(store: Store, brand: Brand, expect: int | None = None) -> Brand:
    """Store a brand and answer it with its new version.

    `expect` is the version that must be there (0: none may be, else Conflict); raises Stale when another is. A change of
    the time zone moves the borders of every day, so all days of the brand are marked for roll-up in the same write.
    """
    return store.brands.put(brand, expect, _days_to_remark(store, brand))


def get(store: Store, brand_id: str) -> Brand:
    """One brand. Raises NotFound."""
    return store.brands.get(brand_id)


def list_all(store: Store) -> tuple[Brand, ...]:
    """All brands, by id."""
    return store.brands.list()


def chosen(store: Store, brand_ids: Sequence[str]) -> tuple[Brand, ...]:
    """The brands of those ids, in their order; all of them when none is named. Raises NotFound."""
    return tuple(store.brands.get(brand_id) for brand_id in dict.fromkeys(brand_ids)) or store.brands.list()


def _days_to_remark(store: Store, brand: Brand) -> Sequence[date]:
    try:
        before = store.brands.get(brand.id)
    except NotFound:
        return ()
    if before.time_zone == brand.time_zone:
        return ()
    posted_at = store.mentions.table(brand.id)["posted_at"]
    days = [posted_at.dt.convert_time_zone(zone).dt.date() for zone in (before.time_zone, brand.time_zone)]
    return sorted(pl.concat([*days, store.rollups.activity([brand.id])["day"]]).unique().to_list())
