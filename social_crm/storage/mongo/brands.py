"""Brands in MongoDB; only the store and mentions come in."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from social_crm.domain.brand import Brand, WeekStart
from social_crm.domain.errors import NotFound
from social_crm.storage.columns import check_version
from social_crm.storage.mongo.documents import BrandRecord, HandlesRecord, MarkRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.marks import mark_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pymongo.client_session import ClientSession

    from social_crm.storage.mongo.connection import Connection

_SECONDS = 5.0


def zones_now(connection: Connection) -> dict[str, str]:
    """The time zone of every brand as it is stored now."""
    rows = connection.collection(BrandRecord).find({}, {"time_zone": 1})
    return {row["_id"]: row["time_zone"] for row in rows}


class MongoBrands:
    """The brands that we listen for: implements ports.Brands."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @translated
    def put(self, brand: Brand, expect: int | None = None, remark: Sequence[date] = ()) -> Brand:
        """Store a brand and mark its days `remark`, both or neither. Raises Conflict or Stale."""
        return self._connection.transact(lambda session: self._put(brand, expect, remark, session), _SECONDS)

    def _put(self, brand: Brand, expect: int | None, remark: Sequence[date], session: ClientSession) -> Brand:
        brands = self._connection.collection(BrandRecord)
        row = brands.find_one({"_id": brand.id}, {"version": 1}, session=session)
        there = row["version"] if row else 0
        check_version(brand.id, there, expect)
        stored = replace(brand, version=there + 1)
        document = _document(stored)
        document.validate()
        brands.replace_one({"_id": brand.id}, document.to_mongo().to_dict(), upsert=True, session=session)
        if remark:
            # Closed from the start: whoever reads them reads the brand as it is now. Settled by roll-ups only, so that
            # their time does not matter.
            rows = mark_rows(secrets.token_hex(8), [(brand.id, day) for day in set(remark)], at=0, is_open=False)
            self._connection.collection(MarkRecord).insert_many(rows, session=session)
        return stored

    @translated
    def get(self, brand_id: str) -> Brand:
        """One brand. Raises NotFound."""
        document = self._connection.rows(BrandRecord).filter(id=brand_id).first()
        if document is None:
            raise NotFound(f"there is no brand {brand_id}: `social-crm brand list` shows those there are")
        return _brand(document)

    @translated
    def list(self) -> tuple[Brand, ...]:
        """All brands, by id."""
        return tuple(_brand(document) for document in self._connection.rows(BrandRecord).order_by("id"))


def _document(brand: Brand) -> Any:
    return BrandRecord(
        id=brand.id,
        name=brand.name,
        terms=brand.terms,
        exclusions=brand.exclusions,
        handles=[HandlesRecord(platform=platform, names=names) for platform, names in brand.handles.items()],
        competitors=brand.competitors,
        staff=brand.staff,
        time_zone=brand.time_zone,
        week_start=brand.week_start.value,
        version=brand.version,
    )


def _brand(document: Any) -> Brand:
    return Brand(
        id=document.id,
        name=document.name,
        terms=tuple(document.terms),
        exclusions=tuple(document.exclusions),
        handles={entry.platform: tuple(entry.names) for entry in document.handles},
        competitors=tuple(document.competitors),
        staff=tuple(document.staff),
        time_zone=document.time_zone,
        week_start=WeekStart(document.week_start),
        version=document.version,
    )
