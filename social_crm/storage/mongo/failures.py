"""What the driver and mongoengine raise, told as our own errors: the one place; the modules of this package come in."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from bson.errors import BSONError
from mongoengine.errors import MongoEngineException, ValidationError
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from social_crm.domain.errors import Invalid, SocialCrmError, StoreUnavailable, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

# What a person should do about the error codes of a server.
_LOGIN = "MongoDB rejects the user or password: correct them (or authSource) in the database URL"
_RIGHTS = "MongoDB does not let this user in: give it the role readWrite on the database of the URL"
_SINGLE = "this MongoDB has no transactions: run it as a replica set (one node is enough: --replSet rs0)"
_INDEXES = "the database holds other indexes under our names: drop them, or name another database in the URL"
_ADVICE = {
    11: _LOGIN,  # UserNotFound
    18: _LOGIN,  # AuthenticationFailed
    8000: _LOGIN,  # the same in Atlas
    13: _RIGHTS,  # Unauthorized
    20: _SINGLE,  # IllegalOperation: "Transaction numbers are only allowed on a replica set member or mongos"
    85: _INDEXES,  # IndexOptionsConflict
    86: _INDEXES,  # IndexKeySpecsConflict
}
INTERRUPTED = 11_601  # somebody ended the session or the operation
_PASSING = {14_031, INTERRUPTED}  # 14031: OutOfDiskSpace
_PASSING_LABELS = ("TransientTransactionError", "RetryableWriteError", "UnknownTransactionCommitResult")


def translated(ask: Callable[P, T]) -> Callable[P, T]:
    """Let only errors of ours leave a function that talks to MongoDB."""

    @functools.wraps(ask)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return ask(*args, **kwargs)
        except (PyMongoError, BSONError, MongoEngineException, OverflowError, UnicodeEncodeError) as error:
            raise ours(error) from error

    return answer


def ours(error: Exception) -> SocialCrmError:
    """Our error for one of theirs."""
    if isinstance(error, OperationFailure) and not isinstance(error, (ExecutionTimeout, WTimeoutError)):
        return _refusal(error)
    if isinstance(error, (ConnectionFailure, ExecutionTimeout, WTimeoutError)):
        return StoreUnavailable(f"MongoDB does not answer ({brief(error)}): start it, or correct the database URL")
    if isinstance(error, InvalidOperation):
        return StoreUnavailable(f"the connection to MongoDB is of no use any more ({brief(error)}): open the store again")
    if isinstance(error, ConfigurationError):
        return Invalid(f"the database URL is wrong ({brief(error)}): write mongodb://user:password@host:27017/name")
    if isinstance(error, (BSONError, ValidationError, DocumentTooLarge, OverflowError, UnicodeEncodeError)):
        return Invalid(f"this cannot be stored ({brief(error)}): correct the value")
    return Terminal(f"MongoDB refuses ({brief(error)}): the server must be MongoDB 7 or later")


def brief(error: Exception) -> str:
    """The first line of an error, without the driver's account of its settings and of the topology."""
    text = str(error).split(" (configured")[0].split(", Timeout:")[0].split(", full error:")[0]
    return text.partition("\n")[0].strip()[:300] or type(error).__name__


def _refusal(error: OperationFailure) -> SocialCrmError:
    if isinstance(error, BulkWriteError) and not (error.details or {}).get("writeErrors"):
        return StoreUnavailable("MongoDB has not made the write safe on a majority of its nodes in time: try again")
    if error.code in _ADVICE:
        return Invalid(_ADVICE[error.code])
    if error.code in _PASSING or any(error.has_error_label(label) for label in _PASSING_LABELS):
        return StoreUnavailable(f"MongoDB cannot do it now ({brief(error)}): try again")
    return Terminal(f"MongoDB refuses ({brief(error)}): the server must be MongoDB 7 or later")
