"""The guard on the way out for httpx, which Bluesky's library uses; the session of this room comes in.

It does what `connectors.transport.guard` does for requests.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from connectors.transport.guard import LARGEST_ANSWER, PATIENCE
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.platform import check_address, host_of, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.transport.pace import Pace

    Told = Callable[[httpx.Response], None]

# What is no longer true of an answer once it is read.
_READ = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class GuardedTransport(httpx.BaseTransport):
    """Sends a request only where credentials may go, in its turn of the pace, and reads its answer within bounds.

    Allowed are the platform's own `hosts` over https; with a `base_url` that server alone. No request is repeated here, and
    redirects come through here again, so that they cannot lead elsewhere. `told` is shown each answer, inside the turn.
    Proxies of the environment are not used. Raises Invalid for an address that is not allowed, RateLimited when it is not
    yet the turn, PlatformUnavailable for an answer without end, and httpx' own exceptions.
    """

    def __init__(self, hosts: tuple[str, ...], base_url: str, timeout: float, pace: Pace, told: Told) -> None:
        self._hosts, self._base_url, self._pace, self._told = hosts, base_url, pace, told
        self._timeout = timeout
        self._inner = httpx.HTTPTransport(retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        check_place(str(request.url), self._hosts, self._base_url)
        request.extensions = {**request.extensions, "timeout": httpx.Timeout(self._timeout).as_dict()}
        with self._pace.turn():
            answer = self._whole(self._inner.handle_request(request), request)
            self._told(answer)
        return answer

    def close(self) -> None:
        """Let go of connections."""
        self._inner.close()

    def _whole(self, answer: httpx.Response, request: httpx.Request) -> httpx.Response:
        """The answer with all of its body, unpacked."""
        give_up = time.monotonic() + PATIENCE * self._timeout
        pieces, size = [], 0
        try:
            for piece in answer.iter_bytes():  # as they come: pieces of one size would be waited for
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST_ANSWER or time.monotonic() > give_up:
                    raise PlatformUnavailable(f"{request.url.host} sends an answer without end: try again later")
        finally:
            answer.close()
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in _READ]
        return httpx.Response(answer.status_code, headers=headers, content=b"".join(pieces), request=request)


def check_place(url: str, hosts: tuple[str, ...], base_url: str) -> None:
    """Refuse an address to which credentials must not go. Raises Invalid.

    A platform may not send us to a server on this machine that nobody named.
    """
    if base_url:
        theirs, ours = httpx.URL(url), httpx.URL(base_url)
        if (theirs.scheme, theirs.host, theirs.port) != (ours.scheme, ours.host, ours.port):
            raise Invalid(f"{url!r:.100} is not at {base_url}: only that server may be spoken to")
    check_address(url, hosts)
    if is_loopback(host_of(url)) and not base_url:
        raise Invalid(f"{url!r:.100} is on this machine: only a source that names a loopback server may go there")
