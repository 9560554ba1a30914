"""The guard on the way out: own hosts only, a time limit on everything, no answer too large; connectors come in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from connectors.transport.wire import POOLS, watched
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.platform import check_address, host_of, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Told = Callable[[requests.Response], None]

LARGEST_ANSWER = 32 * 2**20
PATIENCE = 3  # an answer may take so many times the time limit in all, however it drips
CUT = 4  # and after so many the line is cut, wherever it drips: in the headers, between chunks
_CHUNK = 64 * 1024
USER_AGENT = "social-crm/0.1 (listens for brands; see its operator)"


class GuardedAdapter(HTTPAdapter):
    """Sends a request only where credentials may go, and reads its answer within bounds.

    `base_url` (a loopback or own address) takes the place of the address that a client library has built in. No request is
    repeated here: whoever asked decides. Redirects come through here again, so that they cannot lead elsewhere. `told` is
    shown each answer. Raises Invalid for an address that is not allowed, PlatformUnavailable for an answer without end.
    """

    def __init__(self, hosts: tuple[str, ...], base_url: str, timeout: float, told: Told | None = None) -> None:
        super().__init__(max_retries=0)
        self._hosts, self._base_url, self._timeout, self._told = hosts, base_url, timeout, told

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """Make the pools, of connections that can be cut and that look where they come out."""
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - requests' signature
        timeout: Any = None,  # noqa: ARG002 - ours stands over the library's
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - those of the environment are looked up for each address
    ) -> requests.Response:
        """Send one request. Raises requests' own exceptions too."""
        request.url = self._address(request.url or "")
        inside = is_loopback(host_of(request.url))
        through = {} if inside else requests.utils.get_environ_proxies(request.url)
        with watched(CUT * self._timeout, inside=inside):
            answer = super().send(request, stream=True, timeout=self._timeout, verify=verify, cert=cert, proxies=through)
            if not stream:
                answer._content = self._body(answer)  # noqa: SLF001 - where requests itself keeps what it has read
        if self._told is not None:
            self._told(answer)
        return answer

    def _address(self, url: str) -> str:
        """Where the request really goes. A platform may not send us to a server on this machine that nobody named."""
        if self._base_url:
            ours, theirs = urlsplit(self._base_url), urlsplit(url)
            url = urlunsplit((ours.scheme, ours.netloc, theirs.path, theirs.query, ""))
        check_address(url, self._hosts)
        if is_loopback(host_of(url)) and not self._base_url and not any(map(is_loopback, self._hosts)):
            raise Invalid(f"{url!r:.100} is on this machine: only a source that names a loopback server may go there")
        return url

    def _body(self, answer: requests.Response) -> bytes:
        """The whole body, piece by piece as it comes, so that one that drips is given up in time."""
        give_up = time.monotonic() + PATIENCE * self._timeout
        pieces, size = [], 0
        while piece := self._piece(answer):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER or time.monotonic() > give_up:
                answer.close()
                raise PlatformUnavailable(f"{urlsplit(answer.url).hostname} sends an answer without end: try again later")
        answer.raw.release_conn()
        return b"".join(pieces)

    def _piece(self, answer: requests.Response) -> bytes:
        try:
            piece: bytes = answer.raw.read1(_CHUNK, decode_content=True)
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error, request=answer.request) from error
        return piece


def open_session(hosts: tuple[str, ...], base_url: str, timeout: float, told: Told | None = None) -> requests.Session:
    """A session of requests whose every request passes the guard."""
    session = requests.Session()
    session.trust_env = False  # else a .netrc on this machine could put other credentials in place of ours
    session.headers["User-Agent"] = USER_AGENT
    adapter = GuardedAdapter(hosts, base_url, timeout, told)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session
