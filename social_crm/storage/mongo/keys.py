"""API keys in MongoDB; only the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mongoengine.errors import NotUniqueError

from social_crm.domain.errors import Conflict, NotFound
from social_crm.domain.key import Key
from social_crm.storage.mongo.documents import KeyRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.translation import micros, moment_of, some_micros, some_moment

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.storage.mongo.connection import Connection


class MongoKeys:
    """Who may call the API: implements ports.Keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @translated
    def add(self, key: Key) -> None:
        """Keep a key. Raises Conflict when the prefix is taken."""
        document = _document(key)
        document.validate()
        try:
            self._connection.rows(KeyRecord).insert(document, load_bulk=False)
        except NotUniqueError as error:
            raise Conflict(f"there is a key {key.prefix} already: make another one") from error

    @translated
    def find(self, prefix: str) -> Key | None:
        """The key with that prefix."""
        document = self._connection.rows(KeyRecord).filter(id=prefix).first()
        return None if document is None else _key(document)

    @translated
    def list(self) -> tuple[Key, ...]:
        """All keys, by time of making."""
        return tuple(_key(document) for document in self._connection.rows(KeyRecord).order_by("created_at", "id"))

    @translated
    def revoke(self, prefix: str, at: datetime) -> None:
        """Revoke a key as of a time; a second time changes nothing. Raises NotFound."""
        rows = self._connection.rows(KeyRecord).filter(id=prefix)
        if not rows.filter(revoked_at=None).update_one(revoked_at=micros(at)) and rows.first() is None:
            raise NotFound(f"there is no key {prefix}: `social-crm key list` shows those there are")


def _document(key: Key) -> Any:
    return KeyRecord(
        id=key.prefix,
        digest=key.digest,
        name=key.name,
        scopes=key.scopes,
        created_at=micros(key.created_at),
        expires_at=some_micros(key.expires_at),
        revoked_at=some_micros(key.revoked_at),
    )


def _key(document: Any) -> Key:
    return Key(
        prefix=document.id,
        digest=document.digest,
        name=document.name,
        scopes=tuple(document.scopes),
        created_at=moment_of(document.created_at),
        expires_at=some_moment(document.expires_at),
        revoked_at=some_moment(document.revoked_at),
    )
