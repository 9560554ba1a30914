"""The MongoDB store: all protocols over one connection; only open_store comes in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pymongo

from social_crm.storage.mongo.accounts import MongoAccounts
from social_crm.storage.mongo.archive import MongoArchive
from social_crm.storage.mongo.brands import MongoBrands
from social_crm.storage.mongo.bulk import insert_new
from social_crm.storage.mongo.connection import Connection, connect
from social_crm.storage.mongo.coverage import MongoCoverage
from social_crm.storage.mongo.documents import SecretRecord
from social_crm.storage.mongo.events import MongoEvents
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.keys import MongoKeys
from social_crm.storage.mongo.leases import MongoLeases
from social_crm.storage.mongo.links import MongoLinks
from social_crm.storage.mongo.mentions import MongoMentions
from social_crm.storage.mongo.reports import MongoReports
from social_crm.storage.mongo.rollups import MongoRollUps
from social_crm.storage.mongo.sources import MongoSources

if TYPE_CHECKING:
    from social_crm.ports import Store

_SECRET_BYTES = 32
_PING_SECONDS = 1.0


def open_mongo(url: str) -> Store:
    """The store in the database of a `mongodb://` URL, which is made when it is not there.

    Raises Invalid when the URL or the login is wrong, StoreUnavailable when no server answers, Conflict when the database
    belongs to a newer release.
    """
    return MongoStore(connect(url))


class MongoStore:
    """The protocol Store over one MongoDB database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.accounts = MongoAccounts(connection)
        self.mentions = MongoMentions(connection, self.accounts)
        self.brands = MongoBrands(connection)
        self.rollups = MongoRollUps(connection)
        self.links = MongoLinks(connection)
        self.coverage = MongoCoverage(connection)
        self.events = MongoEvents(connection)
        self.sources = MongoSources(connection, self.events)
        self.leases = MongoLeases(connection)
        self.archive = MongoArchive(connection)
        self.reports = MongoReports(connection)
        self.keys = MongoKeys(connection)

    @translated
    def ping(self) -> None:
        """Come back within a second when the database answers. Raises StoreUnavailable."""
        with pymongo.timeout(_PING_SECONDS):
            self._connection.client.admin.command("ping")

    @translated
    def secret(self, name: str) -> bytes:
        """32 random bytes under a name, made at the first call and the same ever after, in every process."""
        rows = self._connection.rows(SecretRecord).filter(id=name)
        if rows.first() is None:
            # Another process may be quicker: then its bytes stay, and ours have never been seen.
            fresh = {"_id": name, "value": secrets.token_bytes(_SECRET_BYTES)}
            insert_new(self._connection.collection(SecretRecord), [fresh])
        return bytes(rows.get().value)

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.client.close()
