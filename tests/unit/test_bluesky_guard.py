"""The guard for httpx: own hosts only, bounds on time and size, one request for one, no proxy of the environment."""

from __future__ import annotations

import gzip
import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from connectors.bluesky.guard import GuardedTransport, check_place
from connectors.transport.guard import LARGEST_ANSWER
from connectors.transport.pace import Pace
from social_crm.domain.errors import Invalid, PlatformUnavailable, RateLimited
from social_crm.domain.platform import PLATFORMS
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTS = PLATFORMS["bluesky"].hosts
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each connection by a function, on a thread; counts the connections."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._serve, self.connections = serve, 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.connections += 1
                connection.recv(65_536)
                try:
                    self._serve(connection)
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[socket.socket], None]], Server]]:
    servers: list[Server] = []

    def start(serve: Callable[[socket.socket], None]) -> Server:
        servers.append(Server(serve))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def get(
    url: str, base_url: str = "", pace: Pace | None = None, heard: list[httpx.Response] | None = None
) -> httpx.Response:
    told = heard.append if heard is not None else lambda _answer: None
    transport = GuardedTransport(HOSTS, base_url, 0.2, pace or Pace(lambda: NOON), told)
    with httpx.Client(transport=transport, follow_redirects=True) as client:
        return client.get(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/xrpc/x",
        "http://bsky.social/xrpc/x",
        "https://bsky.social.example.org/xrpc/x",
        "https://notbsky.social/xrpc/x",
        "https://user@bsky.social/xrpc/x",
        "http://127.0.0.1:1/xrpc/x",
        "https://localhost/xrpc/x",
        "https://[::1]/xrpc/x",
        "ftp://bsky.social/xrpc/x",
    ],
)
def test_an_address_that_is_not_the_platforms_own_is_refused_before_a_byte_leaves(url: str) -> None:
    heard: list[httpx.Response] = []
    with pytest.raises(Invalid):
        get(url, heard=heard)
    assert heard == []


@pytest.mark.parametrize("host", ["bsky.social", "puffball.us-east.host.bsky.network", "morel.bsky.social", "api.bsky.app"])
def test_the_platforms_own_hosts_are_allowed(host: str) -> None:
    check_place(f"https://{host}/xrpc/app.bsky.feed.searchPosts?q=acme", HOSTS, "")


def test_beside_a_named_server_no_other_is_spoken_to() -> None:
    check_place("http://127.0.0.1:8000/xrpc/x", HOSTS, "http://127.0.0.1:8000")
    for url in ("http://127.0.0.1:8001/x", "https://127.0.0.1:8000/x", "http://localhost:8000/x", "https://bsky.social/x"):
        with pytest.raises(Invalid, match="only that server"):
            check_place(url, HOSTS, "http://127.0.0.1:8000")


def test_an_answer_comes_whole_and_is_told_in_its_turn(serving: Callable[..., Server]) -> None:
    server, heard = serving(lambda connection: connection.sendall(OK)), list[httpx.Response]()
    assert get(server.url + "/x", server.url, heard=heard).content == b"ok"
    assert [answer.content for answer in heard] == [b"ok"]


@pytest.mark.parametrize("place", ["https://example.org/", "http://127.0.0.1:9/"])
def test_a_redirect_does_not_lead_elsewhere(serving: Callable[..., Server], place: str) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
    server = serving(lambda connection: connection.sendall(answer))
    with pytest.raises(Invalid, match="only that server"):
        get(server.url + "/x", server.url)


def test_an_answer_that_drips_without_end_is_given_up(serving: Callable[..., Server]) -> None:
    enough = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not enough.wait(0.02):
            connection.sendall(b" ")

    server = serving(drip)
    try:
        with pytest.raises(PlatformUnavailable, match="without end"):
            get(server.url + "/x", server.url)
    finally:
        enough.set()


def test_an_answer_that_is_silent_times_out(serving: Callable[..., Server]) -> None:
    enough = threading.Event()
    server = serving(lambda _connection: enough.wait() and None)
    try:
        with pytest.raises(httpx.TimeoutException):
            get(server.url + "/x", server.url)
    finally:
        enough.set()


def test_a_small_answer_that_unpacks_into_a_huge_one_is_given_up(serving: Callable[..., Server]) -> None:
    packed = gzip.compress(bytes(LARGEST_ANSWER + 1), 1)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server = serving(lambda connection: connection.sendall(head + packed))
    with pytest.raises(PlatformUnavailable, match="without end"):
        get(server.url + "/x", server.url)


def test_a_packed_answer_is_unpacked_once(serving: Callable[..., Server]) -> None:
    packed = gzip.compress(b'{"posts":[]}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server = serving(lambda connection: connection.sendall(head + packed))
    assert get(server.url + "/x", server.url).json() == {"posts": []}


def test_a_request_that_fails_is_not_made_again(serving: Callable[..., Server]) -> None:
    server = serving(lambda _connection: None)
    with pytest.raises(httpx.HTTPError):
        get(server.url + "/x", server.url)
    assert server.connections == 1


def test_a_request_that_is_not_yet_due_does_not_leave(serving: Callable[..., Server]) -> None:
    server = serving(lambda connection: connection.sendall(OK))
    pace = Pace(lambda: NOON, limit=1)
    get(server.url + "/x", server.url, pace)
    with pytest.raises(RateLimited):
        get(server.url + "/x", server.url, pace)
    assert server.connections == 1


def test_a_proxy_of_the_environment_is_not_used(serving: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = serving(lambda connection: connection.sendall(OK))
    assert get(server.url + "/x", server.url).content == b"ok"
