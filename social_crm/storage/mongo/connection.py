"""One connection to one database: settings, collections, transactions; only the modules of this package come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo
from mongoengine.queryset import QuerySet
from pymongo import MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.synchronous.uri_parser import parse_uri

from social_crm.domain.errors import Conflict, Invalid
from social_crm.storage.mongo.bulk import insert_new
from social_crm.storage.mongo.documents import RECORDS, CounterRecord
from social_crm.storage.mongo.failures import translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection
    from pymongo.database import Database

    from social_crm.storage.mongo.record import Record, Row

T = TypeVar("T")

# What the URL may set otherwise. The 2 seconds bound how long a person waits when the server is away; bulk writes of a
# slow server take longer than that, so that an answer may.
_DEFAULTS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 2_000,
    "socketTimeoutMS": 20_000,
    "waitQueueTimeoutMS": 5_000,
    "maxPoolSize": 32,
    "appname": "social-crm",
}
# What the URL may not: acknowledged means journaled by a majority, and what is read cannot be rolled back. A cursor
# advances on this promise.
_PROMISES: dict[str, Any] = {
    "w": "majority",
    "journal": True,
    "readConcernLevel": "majority",
    "retryWrites": True,
    "retryReads": True,
    "tz_aware": True,
}
# 2: the collection of coverage tells what was missed as well. A release that knows only 1 would take that for covered.
_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Connection:
    """A client and the database of its URL. Safe to share between threads; several may be open in one process."""

    client: MongoClient[Row]
    database: Database[Row]

    def rows(self, record: type[Record]) -> Any:
        """The stored documents as a mongoengine query set, bound to this connection and to no global one."""
        return QuerySet(record, record.collection(self.database))

    def collection(self, record: type[Record]) -> Collection[Row]:
        """The bare collection of some documents, for what comes by the thousand and for transactions."""
        return record.collection(self.database)

    def transact(self, work: Callable[[ClientSession], T], seconds: float) -> T:
        """Do work in one transaction, all or nothing; it is repeated while it clashes with others, for `seconds` at most.

        The bound matters: left alone, the driver goes on for two minutes while the server is away.
        """
        with self.client.start_session() as session:
            return self.transact_in(session, work, seconds)

    def transact_in(self, session: ClientSession, work: Callable[[ClientSession], T], seconds: float) -> T:
        """Like `transact`, in a session of the caller's."""
        with pymongo.timeout(seconds):
            return session.with_transaction(work, read_concern=ReadConcern("snapshot"))

    def prepare(self) -> None:
        """Make the collections and indexes that are not there yet. Raises Conflict when a newer release has been here."""
        counters = self.collection(CounterRecord)
        insert_new(counters, [{"_id": "schema", "n": _SCHEMA}])
        there = self.rows(CounterRecord).get(id="schema").n
        if there > _SCHEMA:
            raise Conflict(
                f"the database {self.database.name} has schema {there} and this release knows {_SCHEMA}: "
                f"install the newer release"
            )
        if there < _SCHEMA:  # before anything is written that the older release would misread
            counters.update_one({"_id": "schema"}, {"$max": {"n": _SCHEMA}})
        for record in RECORDS:
            record.prepare(self.database)


@translated
def connect(url: str) -> Connection:
    """Open the database of a `mongodb://` URL and prepare it.

    Raises Invalid when the URL or the login is wrong, StoreUnavailable when no server answers, Conflict when the database
    belongs to a newer release.
    """
    client = _client(url)
    try:
        connection = Connection(client, client.get_default_database())
        connection.prepare()
    except BaseException:
        client.close()
        raise
    return connection


def _client(url: str) -> MongoClient[Row]:
    try:
        # `warn=False` makes an unknown option an error instead of a warning that nobody reads.
        said = parse_uri(url, warn=False)
    except ValueError as error:
        raise Invalid(f"the database URL is wrong ({error}): write mongodb://user:password@host:27017/name") from error
    if not said["database"]:
        raise Invalid("the database URL names no database: write it at the end, mongodb://host:27017/social_crm")
    options = {option.lower() for option in said["options"]}
    defaults = {name: value for name, value in _DEFAULTS.items() if name.lower() not in options}
    return MongoClient(url, **defaults, **_PROMISES)
