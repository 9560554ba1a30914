"""Who may call the API, in SQLite; the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm.domain.errors import Conflict, NotFound
from social_crm.domain.key import Key
from social_crm.storage.sqlite.values import from_json, micros, micros_or_none, moment, moment_or_none, to_json

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.storage.sqlite.database import Database

_COLUMNS = "prefix, digest, name, scopes, created_at, expires_at, revoked_at"
_ADD = f"INSERT INTO api_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prefix) DO NOTHING"  # noqa: S608 - our names
_FIND = f"SELECT {_COLUMNS} FROM api_key WHERE prefix = ?"  # noqa: S608 - our names
_LIST = f"SELECT {_COLUMNS} FROM api_key ORDER BY created_at, prefix"  # noqa: S608 - our names
_REVOKE = "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE prefix = ?"


class SqliteKeys:
    """The protocol Keys over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: Key) -> None:
        """Keep a key. Raises Conflict when the prefix is taken."""
        with self._database.write() as connection:
            if not connection.execute(_ADD, _row(key)).rowcount:
                raise Conflict(f"there is a key {key.prefix} already: make another one")

    def find(self, prefix: str) -> Key | None:
        """The key with that prefix."""
        with self._database.read() as connection:
            row = connection.execute(_FIND, (prefix,)).fetchone()
        return None if row is None else _key(row)

    def list(self) -> tuple[Key, ...]:
        """All keys, by time of making."""
        with self._database.read() as connection:
            return tuple(_key(row) for row in connection.execute(_LIST).fetchall())

    def revoke(self, prefix: str, at: datetime) -> None:
        """Revoke a key as of a time; a second time changes nothing. Raises NotFound."""
        with self._database.write() as connection:
            if not connection.execute(_REVOKE, (micros(at), prefix)).rowcount:
                raise NotFound(f"there is no key {prefix}: `social-crm key list` shows those there are")


def _row(key: Key) -> tuple[Any, ...]:
    expires_at, revoked_at = micros_or_none(key.expires_at), micros_or_none(key.revoked_at)
    return (key.prefix, key.digest, key.name, to_json(key.scopes), micros(key.created_at), expires_at, revoked_at)


def _key(row: tuple[Any, ...]) -> Key:
    prefix, digest, name, scopes, created_at, expires_at, revoked_at = row
    expires, revoked = moment_or_none(expires_at), moment_or_none(revoked_at)
    return Key(prefix, digest, name, tuple(from_json(scopes)), moment(created_at), expires, revoked)
