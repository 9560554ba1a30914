"""Connections that end in time and lead to no machine inside: under the guard, only it comes in."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.platform import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

_mine = threading.local()


class _Watch:
    """The connection that a request of this thread goes through, so that somebody else can cut it."""

    def __init__(self, *, inside: bool) -> None:
        self.inside = inside
        self.connection: Any = None
        self.was_cut = False

    def cut(self) -> None:
        """Close the line under whoever waits on it."""
        self.was_cut = True
        line = getattr(self.connection, "sock", None)
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


@contextmanager
def watched(seconds: float, *, inside: bool) -> Iterator[None]:
    """Make a request of this thread inside: its connection is cut after so many seconds, however it drips.

    Unless `inside` allows it, the connection may not lead to this machine or to a private network, whatever the name said:
    then Invalid is raised; PlatformUnavailable when it was cut.
    """
    _mine.watch = watch = _Watch(inside=inside)
    timer = threading.Timer(seconds, watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
        if watch.was_cut:  # an end in the middle of the headers looks like an empty answer
            raise PlatformUnavailable("an answer that drips without end was cut: try again later")
    finally:
        timer.cancel()
        _mine.watch = None


class _Watched:
    """What both kinds of connection add: they tell the watch of the thread, and look where they have come out."""

    sock: Any
    proxy: Any

    def _new_conn(self) -> Any:
        """A line to the other end, before anything is said on it. Raises Invalid when that is inside and may not be."""
        line = super()._new_conn()  # type: ignore[misc] # of urllib3's connection, which stands beside this class
        watch: _Watch | None = getattr(_mine, "watch", None)
        if watch is not None and not watch.inside and self.proxy is None and is_inside(str(line.getpeername()[0])):
            line.close()
            raise Invalid("the name leads to a machine inside our own network: no source may go there")
        return line

    def request(self, *given: Any, **named: Any) -> None:
        """Send a request over this connection."""
        watch: _Watch | None = getattr(_mine, "watch", None)
        if watch is not None:
            watch.connection = self
        super().request(*given, **named)  # type: ignore[misc]


class _Plain(_Watched, HTTPConnection):
    """A connection without TLS: to loopback servers."""


class _Secure(_Watched, HTTPSConnection):
    """A connection with TLS."""


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS: dict[str, Any] = {"http": _PlainPool, "https": _SecurePool}
