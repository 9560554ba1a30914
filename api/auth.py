"""Who is calling, and whether they may: bearer keys checked over the bridge; the operations come in."""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from social_crm.domain.errors import Forbidden, Unauthenticated
from social_crm.services import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.bridge import Bridge
    from social_crm.domain.key import Key

# The permission of what anyone may see: health and the documents of the API.
PUBLIC = "public"

# How long a key that was let in is not asked for again, in seconds: a revoked key is out after that, in every process.
TRUST = 3.0

_BEARER = re.compile(r"bearer +(sk_[A-Za-z0-9_-]{1,200})", re.IGNORECASE)
_ROOM = 1024


class Gate:
    """Lets callers in by their key, and remembers each by the hash of its text for TRUST seconds."""

    def __init__(self, bridge: Bridge, timer: Callable[[], float] = time.monotonic) -> None:
        self._bridge = bridge
        self._timer = timer
        self._seen: dict[bytes, tuple[float, Key]] = {}

    async def admit(self, headers: list[str], permission: str) -> Key:
        """The key of a caller, from all Authorization headers of a request.

        Raises Unauthenticated without exactly one good key, Forbidden when it lacks the permission, StoreUnavailable.
        """
        found = _BEARER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
        if found is None:
            raise Unauthenticated("this needs a key: send one header `Authorization: Bearer sk_...`")
        key = await self._known(found[1])
        if not key.allows(permission):
            raise Forbidden(f"this key may not do that: it lacks the scope {permission}")
        return key

    async def _known(self, text: str) -> Key:
        digest, moment, now = hashlib.sha256(text.encode()).digest(), self._timer(), self._bridge.clock()
        since, key = self._seen.get(digest, (float("-inf"), None))
        if key is not None and moment - since < TRUST and (key.expires_at is None or now < key.expires_at):
            return key
        self._seen.pop(digest, None)
        key = await self._bridge.ask(access.authenticate, text, now)
        if len(self._seen) >= _ROOM:
            self._seen.clear()  # each costs one look-up to learn again
        self._seen[digest] = (moment, key)
        return key


GATE = web.AppKey("gate", Gate)


def authorization(request: web.Request) -> list[str]:
    """All Authorization headers of a request: two of them are as good as none."""
    return request.headers.getall(hdrs.AUTHORIZATION, [])
