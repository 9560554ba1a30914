"""Every error that leaves a room, sorted by what the caller should do about it.

    SocialCrmError
    |-- Invalid              422  the input is wrong; the message says what to change
    |-- NotFound             404  no such thing
    |-- Conflict             409  it clashes with what is there
    |   |-- Stale            412  it was edited since you read it: read it again
    |   `-- LeaseLost        409  somebody else has taken the work over: let go of it
    |-- Forbidden            403  known, but not allowed
    |   `-- Unauthenticated  401  not known: no key, or a wrong one
    |-- Transient            503  try again at `retry_at`
    |   |-- RateLimited
    |   |-- CapReached
    |   |-- PlatformUnavailable
    |   `-- StoreUnavailable
    |-- Terminal             502  give up: trying again gives the same answer
    |   |-- ReplyRefused
    |   `-- CredentialsRejected
    `-- OutcomeUnknown       502  look before doing anything

Two readers only: the error middleware of the API and `jobs.retry`. Each client translates its library's exceptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


class SocialCrmError(Exception):
    """The root: `code` is stable and documented, `status` is its HTTP status, the message is one line for a person."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        # Whether a platform has answered with a no: then nothing was done and nothing is billed.
        self.refused = False


class Invalid(SocialCrmError):
    """The input is wrong; `issues` names each wrong place as (location, message)."""

    code = "invalid"
    status = 422

    def __init__(self, message: str, issues: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.issues = issues


class NotFound(SocialCrmError):
    """There is no such thing."""

    code = "not-found"
    status = 404


class Conflict(SocialCrmError):
    """It clashes with something that is already there."""

    code = "conflict"
    status = 409


class Stale(Conflict):
    """The thing was edited since the caller read it."""

    code = "stale"
    status = 412


class LeaseLost(Conflict):
    """Somebody else has taken the work over: what was still to be written must not be."""

    code = "lease-lost"


class Forbidden(SocialCrmError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403


class Unauthenticated(Forbidden):
    """The caller is not known: no key, a wrong key, or one that expired or was revoked."""

    code = "unauthenticated"
    status = 401


class Transient(SocialCrmError):
    """It may work later; `retry_at` says when to try again, where that is known."""

    code = "try-later"
    status = 503

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class RateLimited(Transient):
    """A platform's limit, or ours, is reached."""

    code = "rate-limited"


class CapReached(Transient):
    """A source has spent what it may spend in a day."""

    code = "cap-reached"


class PlatformUnavailable(Transient):
    """A platform does not answer, or answers nonsense."""

    code = "platform-unavailable"


class StoreUnavailable(Transient):
    """The database does not answer."""

    code = "store-unavailable"


class Terminal(SocialCrmError):
    """Trying again gives the same answer: give up and say so."""

    code = "failed"
    status = 502


class ReplyRefused(Terminal):
    """The platform said a definite no to a reply."""

    code = "reply-refused"


class CredentialsRejected(Terminal):
    """A platform rejects the credentials of a source."""

    code = "credentials-rejected"


class OutcomeUnknown(SocialCrmError):
    """It may or may not have happened: look before doing anything."""

    code = "outcome-unknown"
    status = 502
