"""Connections that end in time and lead to no machine inside, whatever a name says."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests

from connectors.transport.guard import open_session
from connectors.transport.wire import POOLS, watched
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.platform import is_inside
from tests.raw_site import answer, dripping, saying, site

if TYPE_CHECKING:
    from tests.raw_site import Site

MADE_UP = "forum.example"


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"."),
        (b"HTTP/1.1 200 O", b"K"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=["in a header", "in the status", "in front of the answer", "in the size of a chunk", "behind the last chunk"],
)
def test_an_answer_that_drips_where_no_piece_of_it_ever_comes_is_cut(head: bytes, drop: bytes):
    """Each drop comes in time, all of them would take 20 seconds."""
    dropped: list[bytes] = []
    got = b""
    with site(dripping(head, drop, dropped)) as place, suppress(requests.RequestException, PlatformUnavailable):
        got = open_session((MADE_UP,), place.url, 0.1).get("https://forum.example/").content
    assert 1 < len(dropped) < 500
    assert got == b""


@pytest.fixture
def leads_inside(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Makes a public name lead to the address that is put into the list."""
    ends: list[tuple[str, int]] = []
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *how: Any, **more: Any) -> Any:
        if host == MADE_UP:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ends[0])]
        return resolve(host, port, *how, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return ends


def end_of(place: Site) -> tuple[str, int]:
    host, _, port = place.host.partition(":")
    return host, int(port)


def test_a_public_name_that_leads_to_this_machine_is_refused_before_a_byte_of_the_request_leaves(
    leads_inside: list[tuple[str, int]],
):
    with site(saying(answer())) as place:
        leads_inside.append(end_of(place))
        with pytest.raises(Invalid, match="inside our own network"):
            open_session((MADE_UP,), "", 1.0).get(f"https://{MADE_UP}/", headers={"Authorization": "Bearer not-for-anyone"})
        assert place.asked == []


@pytest.mark.parametrize("inside", [True, False])
def test_where_a_connection_comes_out_counts_and_not_what_its_name_is(leads_inside: list[tuple[str, int]], inside: bool):
    """Without TLS, which a server inside may not be able to speak for that name."""
    with site(saying(answer(b"here"))) as place, watched(5.0, inside=inside), POOLS["http"](MADE_UP, timeout=1.0) as pool:
        leads_inside.append(end_of(place))
        if inside:
            assert pool.urlopen("GET", "/").data == b"here"
        else:
            with pytest.raises(Invalid, match="inside our own network"):
                pool.urlopen("GET", "/")
        assert len(place.asked) == inside


def test_a_source_that_names_loopback_may_go_there():
    with site(saying(answer(b'"here"'))) as place:
        assert open_session(("127.0.0.1",), "", 1.0).get(place.url).json() == "here"


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "127.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address that is to be refused
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "2001:0:7f00:1::",
        "::127.0.0.1",
        "224.0.0.1",
        "239.1.2.3",
        "ff02::1",
        "ff0e::1",
        "fec0::1",
    ],
)
def test_a_number_that_no_public_platform_has_is_inside(host: str):
    assert is_inside(host)


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1::1", "forum.example", "64.ff9b.example"])
def test_a_public_number_and_a_name_are_not_inside_by_themselves(host: str):
    assert not is_inside(host)
