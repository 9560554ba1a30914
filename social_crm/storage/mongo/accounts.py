"""Accounts in MongoDB; the store and mentions come in."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from pymongo import ReplaceOne

from social_crm.storage.mongo.bulk import find_among, insert_new
from social_crm.storage.mongo.documents import AccountRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.translation import account_of, account_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from social_crm.domain.account import Account
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.record import Row


class MongoAccounts:
    """Who said it: implements ports.Accounts."""

    def __init__(self, connection: Connection) -> None:
        self._collection = connection.collection(AccountRecord)

    @translated
    def observe(self, accounts: Sequence[Account]) -> None:
        """Store accounts; of each the newest observation wins, of two at one time the later one."""
        newest: dict[str, Account] = {}
        for account in accounts:
            known = newest.get(account.id)
            if known is None or known.observed_at <= account.observed_at:
                newest[account.id] = account
        rows = [account_row(account) for account in newest.values()]
        self._update([rows[position] for position in insert_new(self._collection, rows)])

    def _update(self, rows: Sequence[Row]) -> None:
        """Replace the stored faces that are older or of the same time and other; most are seen again as they were."""
        if not rows:
            return
        stored = {row["_id"]: row for row in find_among(self._collection, "_id", [row["_id"] for row in rows])}
        writes = [
            ReplaceOne({"_id": row["_id"], "observed_at": {"$lte": row["observed_at"]}}, row)
            for row in rows
            if _is_other(row, stored.get(row["_id"]))
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=False)

    @translated
    def get(self, ids: Sequence[str]) -> tuple[Account, ...]:
        """The accounts of those ids that are known, by id."""
        return self._among("_id", ids)

    @translated
    def with_handles(self, handles: Sequence[str]) -> tuple[Account, ...]:
        """The accounts that now have one of the handles `platform:@handle` (lower case), by id."""
        return self._among("at", handles)

    @translated
    def count(self) -> int:
        """How many accounts are stored."""
        return self._collection.count_documents({})

    def _among(self, field: str, values: Sequence[str]) -> tuple[Account, ...]:
        found = find_among(self._collection, field, set(values))
        return tuple(sorted(map(account_of, found), key=attrgetter("id")))


def _is_other(row: Row, stored: Row | None) -> bool:
    """Whether a face differs from the stored one and is not older."""
    return stored is None or (stored != row and stored["observed_at"] <= row["observed_at"])
