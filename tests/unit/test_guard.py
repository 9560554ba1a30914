"""The guard on the way out: no request leaves for another host, and no answer keeps us or fills us."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from connectors.transport.guard import LARGEST_ANSWER, GuardedAdapter, open_session
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.platform import belongs, is_loopback
from tests.raw_site import answer, dripping, saying, site

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

HOSTS = ("api.x.com", ".bsky.social")


def redirecting(target: str) -> Callable[[socket.socket, bytes], None]:
    def say(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"GET /there"):
            connection.sendall(answer(b'"arrived"'))
        else:
            connection.sendall(answer(status="302 Found", Location=target))

    return say


ELSEWHERE = [
    "https://evil.example/2/tweets",
    "https://api.x.com@evil.example/",
    "https://api.x.com:secret@evil.example/",
    "https://api.x.com:443@evil.example:443/",
    "https://evil.example/api.x.com",
    "https://evil.example?api.x.com",
    "https://evil.example#@api.x.com",
    "https://evil.example\\@api.x.com/",
    "https://api.x.com.evil.example/",
    "https://evil-api.x.com/",
    "https://xapi.x.com/",
    "https://x.com/",
    "https://bsky.social/",
    "https://evilbsky.social/",
    "https://me@api.x.com/",
    "http://api.x.com/",
    "https://127.0.0.1:8000/",
    "http://localhost/",
    "http://[::1]:8000/",
    "https://169.254.169.254/latest/meta-data",
    "https://0.0.0.0/",
    "https://2130706433/",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_request_leaves_for_another_host(address: str):
    session = open_session(HOSTS, "", 1.0)
    with pytest.raises(Invalid) as caught:
        session.get(address, headers={"Authorization": "Bearer not-for-anyone"})
    assert "not-for-anyone" not in caught.value.message


PIECES = ["https://", "http://", "//", "api.x.com", "evil.example", "127.0.0.1", "localhost", "[::1]", "@", ":", "443"]
PIECES += ["\\", "#", "?", "/", "%40", "%2f", ".", "a.bsky.social", "。", "\t", " ", "API.X.COM", "\u00ad", ";", "="]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join))
def test_whatever_the_address_the_library_connects_to_the_host_that_was_allowed(address: str):
    """Two parsers read an address: ours, that allows it, and the one of the library, that connects."""
    try:
        prepared = requests.Request("GET", address).prepare()
        url = GuardedAdapter(HOSTS, "", 1.0)._address(prepared.url or "")
        connects_to = (parse_url(url).host or "").lower()
    except (Invalid, requests.RequestException, LocationParseError):
        return
    if not url.lower().startswith(("https://", "http://")):
        return  # the session has nothing that could send it
    assert belongs(connects_to, HOSTS)
    assert url.startswith("https://")


@pytest.mark.parametrize("address", ["https://api.x.com/2/tweets?q=1", "https://API.X.com/", "https://me.bsky.social/xrpc"])
def test_the_platforms_own_hosts_are_allowed(address: str):
    assert GuardedAdapter(HOSTS, "", 1.0)._address(address) == address


@pytest.mark.parametrize("base", ["https://evil.example", "http://api.x.com", "https://api.x.com@evil.example", "ftp://x"])
def test_an_address_that_stands_in_for_the_platforms_must_be_its_own_or_loopback(base: str):
    with pytest.raises(Invalid):
        open_session(HOSTS, base, 1.0).get("https://api.x.com/2/tweets")


def test_an_address_on_loopback_takes_the_place_of_the_one_that_is_built_in():
    with site(saying(answer(b'"here"'))) as place:
        got = open_session(HOSTS, place.url, 1.0).get("https://api.x.com/2/tweets?query=acme#part")
        assert got.json() == "here"
        assert place.asked[0].startswith("GET /2/tweets?query=acme HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "target", ["https://evil.example/there", "//evil.example/there", "https://api.x.com@evil.example/"]
)
def test_a_redirect_does_not_lead_to_another_host(target: str):
    """Where a loopback server is a platform's only host, as a forum's."""
    with site(redirecting(target)) as place:
        session = open_session(("127.0.0.1",), "", 1.0)
        with pytest.raises(Invalid):
            session.get(place.url, headers={"Authorization": "Bearer not-for-anyone"})
        assert len(place.asked) == 1


def test_a_redirect_leads_back_to_the_address_that_stands_in():
    with site(redirecting("https://evil.example/there")) as place:
        assert open_session(HOSTS, place.url, 1.0).get("https://api.x.com/").json() == "arrived"
        assert len(place.asked) == 2


def test_a_redirect_within_the_host_is_followed():
    with site(redirecting("/there")) as place:
        assert open_session(("127.0.0.1",), "", 1.0).get(place.url).json() == "arrived"


@pytest.mark.parametrize("target", ["file:///etc/hosts", "ftp://api.x.com/", "gopher://127.0.0.1/"])
def test_a_redirect_to_something_else_than_the_web_goes_nowhere(target: str):
    with site(redirecting(target)) as place, pytest.raises((Invalid, requests.RequestException)):
        open_session(("127.0.0.1",), "", 1.0).get(place.url)


def test_a_platform_cannot_send_us_to_a_server_on_this_machine():
    """Its own answer says where to go on: only a source that names loopback may go there."""
    with site(saying(answer())) as place:
        for address in (place.url, place.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(Invalid, match="on this machine"):
                open_session(HOSTS, "", 1.0).get(address)
        assert place.asked == []


def test_what_is_asked_is_asked_once_whatever_the_answer():
    with site(saying(answer(status="503 Service Unavailable", Retry_After="0"))) as place:
        assert open_session(HOSTS, place.url, 1.0).get("https://api.x.com/").status_code == 503
        assert len(place.asked) == 1


def test_every_answer_is_shown_also_those_that_lead_on():
    seen: list[int] = []
    with site(redirecting("/there")) as place:
        open_session(HOSTS, place.url, 1.0, lambda one: seen.append(one.status_code)).get("https://api.x.com/")
    assert seen == [302, 200]


def flooding(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    block = b" " * 2**20
    for _ in range(LARGEST_ANSWER // len(block) + 2):
        connection.sendall(block)


def test_an_answer_without_end_is_cut_off():
    with site(flooding) as place, pytest.raises(PlatformUnavailable, match="without end"):
        open_session(HOSTS, place.url, 5.0).get("https://api.x.com/")


def test_an_answer_that_unpacks_to_more_than_it_may_is_cut_off():
    packed = gzip.compress(bytes(LARGEST_ANSWER + 2**20))
    assert len(packed) < LARGEST_ANSWER / 100
    with site(saying(answer(packed, Content_Encoding="gzip"))) as place, pytest.raises(PlatformUnavailable):
        open_session(HOSTS, place.url, 5.0).get("https://api.x.com/")


def test_an_answer_of_a_size_that_is_allowed_comes_whole():
    body = b"[" + b" " * (3 * 2**20) + b"]"
    with site(saying(answer(gzip.compress(body), Content_Encoding="gzip"))) as place:
        assert open_session(HOSTS, place.url, 5.0).get("https://api.x.com/").content == body


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" "),
    ],
    ids=["of a known length", "in chunks", "until it closes"],
)
def test_an_answer_that_drips_is_not_waited_for(head: bytes, drop: bytes):
    """Each drop comes in time, all of them would take 20 seconds."""
    dropped: list[bytes] = []
    with site(dripping(head, drop, dropped)) as place, pytest.raises(PlatformUnavailable):
        open_session(HOSTS, place.url, 0.1).get("https://api.x.com/")
    assert 1 < len(dropped) < 500


def test_a_server_that_says_nothing_is_not_waited_for():
    with site(lambda _connection, _head: time.sleep(5)) as place, pytest.raises(requests.Timeout):
        open_session(HOSTS, place.url, 0.1).get("https://api.x.com/", timeout=1000)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machine_is_known_by_number_and_by_name(host: str):
    assert is_loopback(host)
