"""Links in MongoDB; only the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mongoengine.queryset.visitor import Q

from social_crm.domain.errors import NotFound
from social_crm.domain.link import Basis, Link
from social_crm.storage.mongo.documents import CounterRecord, LinkRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.frames import frame
from social_crm.storage.mongo.translation import micros, moment_of, some_micros, some_moment
from social_crm.tables import LINKS

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl
    from pymongo.client_session import ClientSession

    from social_crm.storage.mongo.connection import Connection

_COUNTER = "links"
_SECONDS = 5.0


class MongoLinks:
    """Which identities are one person: implements ports.Links."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._collection = connection.collection(LinkRecord)
        self._counters = connection.collection(CounterRecord)

    @translated
    def add(self, link: Link) -> None:
        """Append a link; the same id again changes nothing."""
        document = _document(link)
        document.validate()
        self._connection.transact(lambda session: self._add(document.to_mongo().to_dict(), session), _SECONDS)

    def _add(self, row: dict[str, Any], session: ClientSession) -> None:
        # Looked up first: a duplicate key would abort the transaction.
        if self._collection.find_one({"_id": row["_id"]}, {"_id": 1}, session=session) is None:
            self._collection.insert_one(row, session=session)
            self._count(session)

    @translated
    def retract(self, link_id: str, at: datetime) -> None:
        """Retract a link as of a time; a second time changes nothing. Raises NotFound."""
        self._connection.transact(lambda session: self._retract(link_id, micros(at), session), _SECONDS)

    def _retract(self, link_id: str, at: int, session: ClientSession) -> None:
        active = {"_id": link_id, "retracted_at": None}
        if self._collection.update_one(active, {"$set": {"retracted_at": at}}, session=session).matched_count:
            self._count(session)
        elif self._collection.find_one({"_id": link_id}, {"_id": 1}, session=session) is None:
            raise NotFound(f"there is no link {link_id}")

    def _count(self, session: ClientSession) -> None:
        self._counters.update_one({"_id": _COUNTER}, {"$inc": {"n": 1}}, upsert=True, session=session)

    @translated
    def list(self, identity: str) -> tuple[Link, ...]:
        """All links of an account or customer, retracted ones too, by id."""
        rows = self._connection.rows(LinkRecord).filter(Q(left=identity) | Q(right=identity))
        return tuple(_link(document) for document in rows.order_by("id"))

    @translated
    def table(self) -> pl.DataFrame:
        """The table LINKS of what is active now."""
        rows = list(self._collection.find({"retracted_at": None}, {"left": 1, "right": 1}).sort("_id", 1))
        return frame({name: [row[name] for row in rows] for name in LINKS}, LINKS)

    @translated
    def version(self) -> int:
        """Rises with every link added or retracted: the identity version of a report."""
        row = self._counters.find_one({"_id": _COUNTER})
        return int(row["n"]) if row else 0


def _document(link: Link) -> Any:
    return LinkRecord(
        id=link.id,
        left=link.left,
        right=link.right,
        basis=link.basis.value,
        author=link.author,
        linked_at=micros(link.linked_at),
        retracted_at=some_micros(link.retracted_at),
    )


def _link(document: Any) -> Link:
    return Link(
        id=document.id,
        left=document.left,
        right=document.right,
        basis=Basis(document.basis),
        author=document.author,
        linked_at=moment_of(document.linked_at),
        retracted_at=some_moment(document.retracted_at),
    )
