"""Access: API keys and what they may do; the doors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain import key as keys
from social_crm.domain.errors import Invalid, Unauthenticated

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.domain.key import Key
    from social_crm.ports import Store

PERMISSIONS = (
    "brands:read",
    "brands:write",
    "events:read",
    "mentions:read",
    "reports:read",
    "sources:read",
    "sources:write",
)


def issue(
    store: Store, name: str, scopes: tuple[str, ...], now: datetime, expires_at: datetime | None = None
) -> tuple[Key, str]:
    """Make a key and its text, which is shown once and never stored. Raises Invalid for a scope that does not exist."""
    unknown = [scope for scope in scopes if scope not in (*PERMISSIONS, keys.EVERYTHING)]
    if unknown or not scopes:
        wrong = f"there is no scope {unknown[0]!r}" if unknown else "a key needs at least one scope"
        raise Invalid(f"{wrong}: choose from {', '.join(PERMISSIONS)} or {keys.EVERYTHING} for all")
    made, text = keys.mint(name, scopes, now, expires_at)
    store.keys.add(made)
    return made, text


def authenticate(store: Store, text: str, now: datetime) -> Key:
    """The key that a text stands for. Raises Unauthenticated when it is unknown, wrong, expired or revoked."""
    prefix, secret = keys.split(text)
    known = store.keys.find(prefix)
    if known is None:
        raise Unauthenticated("the API key is wrong")
    keys.verify(known, secret, now)
    return known


def list_all(store: Store) -> tuple[Key, ...]:
    """All keys, by time of making; none of them holds its secret."""
    return store.keys.list()


def revoke(store: Store, prefix: str, now: datetime) -> None:
    """End a key from now on. Raises NotFound."""
    store.keys.revoke(prefix, now)
