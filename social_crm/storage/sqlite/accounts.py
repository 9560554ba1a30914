"""Who said it, in SQLite; mentions and the store come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm.domain.account import Account
from social_crm.storage.sqlite.values import micros, micros_or_none, moment, moment_or_none, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from social_crm.storage.sqlite.database import Database

_COLUMNS = "id, handle, observed_at, name, followers, created_at, url"
# Writing a face that is already there would cost as much as a new one: a page mostly repeats.
_OBSERVE = """INSERT INTO account (id, handle, observed_at, name, followers, created_at, url, address)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    handle = excluded.handle, observed_at = excluded.observed_at, name = excluded.name, followers = excluded.followers,
    created_at = excluded.created_at, url = excluded.url, address = excluded.address
    WHERE excluded.observed_at >= observed_at
    AND (excluded.observed_at, excluded.handle, excluded.name, excluded.followers, excluded.created_at, excluded.url)
        IS NOT (observed_at, handle, name, followers, created_at, url)"""


class SqliteAccounts:
    """The protocol Accounts over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, ids: Sequence[str]) -> tuple[Account, ...]:
        """The accounts of those ids that are known, by id."""
        return self._select("id", ids)

    def with_handles(self, handles: Sequence[str]) -> tuple[Account, ...]:
        """The accounts that now have one of the handles `platform:@handle` (lower case), by id."""
        return self._select("address", handles)

    def count(self) -> int:
        """How many accounts are stored."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT count(*) FROM account").fetchone()[0])

    def _select(self, column: str, values: Sequence[str]) -> tuple[Account, ...]:
        sql = f"SELECT {_COLUMNS} FROM account WHERE {column} IN (SELECT value FROM json_each(?)) ORDER BY id"  # noqa: S608 - our names
        with self._database.read() as connection:
            return tuple(_account(row) for row in connection.execute(sql, (to_json(list(values)),)).fetchall())


def observe(connection: sqlite3.Connection, accounts: Iterable[Account]) -> None:
    """Keep the newest face of each account, inside the caller's transaction; of two at one time the later one stands."""
    newest: dict[str, Account] = {}
    for account in accounts:
        known = newest.get(account.id)
        if known is None or account.observed_at >= known.observed_at:
            newest[account.id] = account
    connection.executemany(_OBSERVE, [_row(account) for account in newest.values()])


def _row(account: Account) -> tuple[Any, ...]:
    return (
        account.id,
        account.handle,
        micros(account.observed_at),
        account.name,
        account.followers,
        micros_or_none(account.created_at),
        account.url,
        f"{account.platform}:@{account.handle.lstrip('@').lower()}",
    )


def _account(row: tuple[Any, ...]) -> Account:
    account_id, handle, observed_at, name, followers, created_at, url = row
    return Account(account_id, handle, moment(observed_at), name, followers, moment_or_none(created_at), url)
