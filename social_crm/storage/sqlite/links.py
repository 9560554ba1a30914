"""Which identities are one person, in SQLite; the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm import tables
from social_crm.domain.errors import NotFound
from social_crm.domain.link import Basis, Link
from social_crm.storage.sqlite.frames import frame
from social_crm.storage.sqlite.generations import raise_generation
from social_crm.storage.sqlite.values import micros, micros_or_none, moment, moment_or_none

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from social_crm.storage.sqlite.database import Database

_SUBJECT = "links"
_COLUMNS = 'id, "left", "right", basis, author, linked_at, retracted_at'
_ADD = f"INSERT INTO link ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"  # noqa: S608 - our names
_RETRACT = "UPDATE link SET retracted_at = ? WHERE id = ? AND retracted_at IS NULL"
_OF_IDENTITY = f'SELECT {_COLUMNS} FROM link WHERE "left" = ?1 OR "right" = ?1 ORDER BY id'  # noqa: S608 - our names
_ACTIVE = 'SELECT "left", "right" FROM link WHERE retracted_at IS NULL ORDER BY id'


class SqliteLinks:
    """The protocol Links over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, link: Link) -> None:
        """Append a link; the same id again changes nothing."""
        with self._database.write() as connection:
            if connection.execute(_ADD, _row(link)).rowcount:
                raise_generation(connection, _SUBJECT, link.linked_at)

    def retract(self, link_id: str, at: datetime) -> None:
        """Retract a link as of a time; a second time changes nothing. Raises NotFound."""
        with self._database.write() as connection:
            if connection.execute(_RETRACT, (micros(at), link_id)).rowcount:
                raise_generation(connection, _SUBJECT, at)
            elif connection.execute("SELECT 1 FROM link WHERE id = ?", (link_id,)).fetchone() is None:
                raise NotFound(f"there is no link {link_id}")

    def list(self, identity: str) -> tuple[Link, ...]:
        """All links of an account or customer, retracted ones too, by id."""
        with self._database.read() as connection:
            return tuple(_link(row) for row in connection.execute(_OF_IDENTITY, (identity,)).fetchall())

    def table(self) -> pl.DataFrame:
        """The table LINKS of what is active now."""
        with self._database.read() as connection:
            return frame(connection.execute(_ACTIVE).fetchall(), tables.LINKS)

    def version(self) -> int:
        """Rises with every link added or retracted."""
        with self._database.read() as connection:
            row = connection.execute("SELECT n FROM generation WHERE subject = ?", (_SUBJECT,)).fetchone()
        return int(row[0]) if row else 0


def _row(link: Link) -> tuple[Any, ...]:
    linked_at, retracted_at = micros(link.linked_at), micros_or_none(link.retracted_at)
    return (link.id, link.left, link.right, str(link.basis), link.author, linked_at, retracted_at)


def _link(row: tuple[Any, ...]) -> Link:
    link_id, left, right, basis, author, linked_at, retracted_at = row
    return Link(link_id, left, right, Basis(basis), author, moment(linked_at), moment_or_none(retracted_at))
