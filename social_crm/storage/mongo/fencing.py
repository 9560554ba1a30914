"""Writing under a lease, so that a former holder cannot; only leases and sources come in.

The transaction of a write touches the lease where its fence is still the one given. A claim touches it as well, so that
the two cannot both go through: whoever comes second begins again, and sees what the first has done.

A worker that is killed within a transaction leaves it open on the server, which ends it after a minute; until then it
holds the lease, and the counter of the outbox with it. So each write says beforehand, in the lease, in which session it
runs, and whoever takes the lease over ends what is still going on there. Sessions for this are used for nothing else.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from bson.binary import UUID_SUBTYPE, Binary
from pymongo.errors import OperationFailure

from social_crm.domain.errors import LeaseLost
from social_crm.storage.mongo.collecting import LeaseRecord
from social_crm.storage.mongo.failures import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.client_session import ClientSession

    from social_crm.domain.lease import Lease
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.record import Row

# Longer than it takes until the source of a worker that was killed is taken over: its transaction may be in our way.
_SECONDS = 15.0


class FencedWrites:
    """Transactions that fail once their lease is lost. Safe to share between threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._leases = connection.collection(LeaseRecord)
        self._idle: list[ClientSession] = []

    def write(self, lease: Lease, work: Callable[[ClientSession], None]) -> None:
        """Do work in one transaction, all or nothing. Raises LeaseLost when the lease is not held any more."""
        with self._session() as session:
            self._announce(lease, session)
            try:
                self._transact(lease, work, session)
            except OperationFailure as error:
                if error.code != INTERRUPTED:
                    raise
                # Somebody is about to take over, for the lease has run out: once more, to learn whether they have.
                self._transact(lease, work, session)

    def _transact(self, lease: Lease, work: Callable[[ClientSession], None], session: ClientSession) -> None:
        def fenced(session: ClientSession) -> None:
            # First of all, so that who clashes does so at once.
            held = self._leases.update_one(current(lease), {"$inc": {"writes": 1}}, session=session)
            if not held.matched_count:
                raise lost(lease)
            work(session)

        self._connection.transact_in(session, fenced, _SECONDS)

    def _announce(self, lease: Lease, session: ClientSession) -> None:
        """Say in which session we write; most often the lease says so already.

        Outside of the transaction's patience: when the server is away, that is told as soon as elsewhere.
        """
        ours = bytes(session.session_id["id"])
        held = self._leases.find_one(current(lease), {"session": 1})
        if held is None:
            raise lost(lease)
        if held.get("session") != ours:
            self._leases.update_one(current(lease), {"$set": {"session": ours}})

    @contextmanager
    def _session(self) -> Iterator[ClientSession]:
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._connection.client.start_session()
        try:
            yield session
        finally:
            self._idle.append(session)


def current(lease: Lease) -> Row:
    """What finds a lease while it is the last that was given out, and has not been let go."""
    return {"_id": lease.name, "fence": lease.fence, "until": {"$exists": True}}


def lost(lease: Lease) -> LeaseLost:
    """The error for a lease that is held no more."""
    return LeaseLost(f"{lease.holder} has lost {lease.name} to another, or has let go of it: stop working on it")


def end_writes(connection: Connection, session: bytes) -> None:
    """End what is going on in a session of another process; a worker that is still alive begins its write again.

    Everybody may do so with their own user's sessions. Where a server does not let us, its own minute has to pass.
    """
    with suppress(OperationFailure):
        connection.client.admin.command({"killSessions": [{"id": Binary(session, UUID_SUBTYPE)}]})
