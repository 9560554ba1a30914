"""The brands that we listen for, in SQLite; the store and mentions come in."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from social_crm.domain.brand import Brand, WeekStart
from social_crm.domain.errors import NotFound
from social_crm.storage.columns import check_version
from social_crm.storage.sqlite.marks import set_marks
from social_crm.storage.sqlite.values import from_json, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import date

    from social_crm.storage.sqlite.database import Database

_PUT = """INSERT INTO brand (id, version, body) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body"""


def zones_now(connection: sqlite3.Connection) -> dict[str, str]:
    """The time zone of every brand as the caller's transaction sees it."""
    return dict(connection.execute("SELECT id, json_extract(body, '$.time_zone') FROM brand"))


class SqliteBrands:
    """The protocol Brands over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, brand: Brand, expect: int | None = None, remark: Sequence[date] = ()) -> Brand:
        """Store a brand and mark its days `remark`; raises Conflict or Stale when `expect` is not what is there."""
        with self._database.write() as connection:
            row = connection.execute("SELECT version FROM brand WHERE id = ?", (brand.id,)).fetchone()
            there = int(row[0]) if row else 0
            check_version(brand.id, there, expect)
            stored = replace(brand, version=there + 1)
            connection.execute(_PUT, (stored.id, stored.version, to_json(asdict(stored))))
            set_marks(connection, [(brand.id, day) for day in remark])
        return stored

    def get(self, brand_id: str) -> Brand:
        """One brand. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute("SELECT body FROM brand WHERE id = ?", (brand_id,)).fetchone()
        if row is None:
            raise NotFound(f"there is no brand {brand_id}: `social-crm brand list` shows those there are")
        return _brand(row[0])

    def list(self) -> tuple[Brand, ...]:
        """All brands, by id."""
        with self._database.read() as connection:
            return tuple(_brand(body) for (body,) in connection.execute("SELECT body FROM brand ORDER BY id").fetchall())


def _brand(body: str) -> Brand:
    values = from_json(body)
    for name in ("terms", "exclusions", "competitors", "staff"):
        values[name] = tuple(values[name])
    values["handles"] = {platform: tuple(names) for platform, names in values["handles"].items()}
    values["week_start"] = WeekStart(values["week_start"])
    return Brand(**values)
