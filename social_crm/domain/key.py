"""An API key: who may call us, and for what; anyone may come in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from social_crm.domain.errors import Unauthenticated

if TYPE_CHECKING:
    from datetime import datetime

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Key:
    """A machine's key: only the SHA-256 of its secret is kept. `scopes` are permissions such as `reports:read`, or `*`."""

    prefix: str
    digest: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, permission: str) -> bool:
        """Whether the key carries a permission."""
        return EVERYTHING in self.scopes or permission in self.scopes


def mint(name: str, scopes: tuple[str, ...], now: datetime, expires_at: datetime | None = None) -> tuple[Key, str]:
    """Make a key and its text `sk_<prefix>_<secret>`, which is shown once and never stored."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return Key(prefix, _digest(secret), name, scopes, now, expires_at), f"sk_{prefix}_{secret}"


def split(text: str) -> tuple[str, str]:
    """Take a key's text apart into (prefix, secret). Raises Unauthenticated when it is not one."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != "sk" or not prefix or not secret:
        raise Unauthenticated(
            "this is not an API key: it looks like sk_<prefix>_<secret>; make one with `social-crm key add`"
        )
    return prefix, secret


def verify(key: Key, secret: str, now: datetime) -> None:
    """Check a secret against a key. Raises Unauthenticated when it is wrong, expired or revoked."""
    if not hmac.compare_digest(key.digest, _digest(secret)):
        raise Unauthenticated("the API key is wrong")
    if key.revoked_at is not None and key.revoked_at <= now:
        raise Unauthenticated("the API key was revoked; make a new one with `social-crm key add`")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated("the API key has expired; make a new one with `social-crm key add`")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
