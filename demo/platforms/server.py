"""A loopback server for one platform: real HTTP, a log, and faults on demand; the doors and tests come in."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from demo.platforms.faults import Fault, Faults
from demo.platforms.platform import Answer, Request, error

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from demo.platforms.platform import LoopbackPlatform

_PAGE = b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time: closing sends a reset


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log: when which request was answered how, and the mentions that the answer served."""

    at: datetime
    method: str
    path: str
    status: int
    fault: Fault
    items: tuple[str, ...]


@dataclass(slots=True)
class PlatformServer:
    """Serves a platform on a free port of 127.0.0.1 while it is open; a context manager. Its address is `url`."""

    platform: LoopbackPlatform
    faults: Faults = field(default_factory=Faults)
    log: list[Entry] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = _Listener(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        if self._server is None:
            message = "the server is not open"
            raise RuntimeError(message)
        return f"http://127.0.0.1:{self._server.server_port}"

    def respond(self, request: Request) -> tuple[Answer, Fault]:
        """The answer to a request, with what goes wrong about it."""
        now = self.platform.clock()
        fault = self.faults.due(now)
        goes_well = fault in {Fault.NONE, Fault.BAD_JSON}
        answer = self._answer(request, now) if goes_well else self._refusal(fault)
        kept = () if fault is Fault.BAD_JSON else answer.items
        self.log.append(Entry(now, request.method, request.path, answer.status, fault, kept))
        return answer, fault

    def _answer(self, request: Request, now: datetime) -> Answer:
        if not self.platform.counts(request):
            return self.platform.answer(request)
        if not self.platform.window.take(now):
            return self.platform.limited(says_when=True)
        answer = self.platform.answer(request)
        return Answer(answer.status, answer.body, {**self.platform.limit_headers(), **answer.headers}, answer.items)

    def _refusal(self, fault: Fault) -> Answer:
        if fault is Fault.HTML:
            return Answer(503, _PAGE, {"Content-Type": "text/html"})
        if fault is Fault.UNAUTHORIZED:
            return error(401, "Unauthorized")
        if fault in {Fault.LIMITED, Fault.LIMITED_BLIND}:
            return self.platform.limited(says_when=fault is Fault.LIMITED)
        return error(500, "Internal Server Error")


class _Listener(ThreadingHTTPServer):
    """A thread a connection; none outlives the program."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours: workers are killed on purpose."""


class _Handler(BaseHTTPRequestHandler):
    """Reads one request after another of a connection."""

    site: PlatformServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Nothing on the terminal: the log is ours."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path)
        queries = {name: tuple(values) for name, values in parse_qs(place.query, keep_blank_values=True).items()}
        last = {name: values[-1] for name, values in queries.items()}
        request = Request(self.command, unquote(place.path), last, queries, dict(self.headers.items()), body)
        answer, fault = self.site.respond(request)
        if fault is Fault.STALL:
            self.site.closing.wait()
        if fault in {Fault.STALL, Fault.RESET}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.close_connection = True
            self.connection.close()
            return
        self._send(answer, answer.body[: len(answer.body) // 2] if fault is Fault.BAD_JSON else answer.body)

    def _send(self, answer: Answer, body: bytes) -> None:
        self.send_response_only(answer.status)
        headers = {"Date": self.site.platform.date(), **answer.headers, "Content-Length": str(len(body))}
        if self.close_connection:  # the client asked for it: unsaid, it would use the connection again
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
