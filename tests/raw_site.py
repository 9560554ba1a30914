"""A server on loopback that says exactly the bytes it is given; the tests of what leaves this machine come in."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Site:
    """A server on loopback that says exactly the bytes it is given, and writes down what it was asked."""

    def __init__(self, say: Callable[[socket.socket, bytes], None]) -> None:
        self._say, self.asked = say, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65_536)
                if not piece:
                    return
                head += piece
            self.asked.append(head.decode())
            try:
                self._say(connection, head)
            except OSError:
                return  # the client has hung up, as it should

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def site(say: Callable[[socket.socket, bytes], None]) -> Iterator[Site]:
    opened = Site(say)
    try:
        yield opened
    finally:
        opened.close()


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{named}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def saying(content: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _head: connection.sendall(content)


def dripping(head: bytes, drop: bytes, dropped: list[bytes]) -> Callable[[socket.socket, bytes], None]:
    def say(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(head)
        for _ in range(1_000):
            connection.sendall(drop)
            dropped.append(drop)
            time.sleep(0.02)

    return say
