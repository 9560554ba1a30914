"""Reading ahead: a second process reads a source while this one stores what came before; the composition root comes in."""

from __future__ import annotations

import gc
import io
import pickle
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import fields
from multiprocessing.connection import Connection, Pipe
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self

from social_crm.domain.account import Account
from social_crm.domain.errors import PlatformUnavailable, SocialCrmError
from social_crm.domain.mention import Mention
from social_crm.domain.page import Page, Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from social_crm.ports import Source

    Checking = Callable[[int, int], None]
    Packing = Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]

_END = None  # the message after the last page
_HASTE = 50_000  # objects made before cycles are looked for


class ReadAhead:
    """Pulls another source in a process of its own, one page ahead of whoever asks. A `ports.Source`; a context manager.

    The other source is `make(**arguments, checking=...)`; the second process imports `make`, so it stands in a module. What
    its `checking` is told, ours is told. At most one page waits, so memory stays bounded. The second process ends with the
    pull, with the `with` block and with this process, whatever kills that; Ctrl-C is left to this one.
    """

    def __init__(
        self,
        make: Callable[..., Source],
        arguments: Mapping[str, Any],
        checking: Checking = lambda _done, _total: None,
    ) -> None:
        self._make, self._arguments, self._checking = make, arguments, checking
        self._started = ExitStack()

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """The pages of the other source. Raises its errors, and PlatformUnavailable when its process dies."""
        with _Reader(pickle.dumps((self._make, self._arguments, query, cursor))) as reader:
            self._started.callback(reader.end)
            while (message := reader.receive()) is not _END:
                if isinstance(message, SocialCrmError):
                    raise message
                if isinstance(message, Page):
                    yield message
                else:
                    self._checking(*message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._started.close()


class _Reader:
    """The second process, and our end of the pipe to it."""

    def __init__(self, task: bytes) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            # Not multiprocessing: that would import the main module and keep a third process. Not a fork: threads of ours
            # may hold locks. A process group of its own, so that Ctrl-C in a terminal does not reach it.
            begin = f"import sys; sys.path[:] = {sys.path!r}; from jobs.read_ahead import serve; serve({theirs.fileno()})"
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
                [sys.executable, "-P", "-c", begin],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                process_group=0,
            )
        self._task = task

    def receive(self) -> Any:
        """The next message: a page, an error, (done, total) of the check, or the end."""
        try:
            if self._task:
                task, self._task = self._task, b""
                self._pipe.send_bytes(task)
            return pickle.loads(self._pipe.recv_bytes())  # noqa: S301 - our own process wrote it
        except (EOFError, OSError) as error:
            code = self._process.wait()
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise PlatformUnavailable(
                f"the process that reads the file ended unexpectedly ({how}): is memory short? Run the same command again"
            ) from error

    def end(self) -> None:
        """End the process, in whatever it is doing, and wait until it is gone; twice does no harm."""
        self._pipe.close()
        self._process.kill()  # it only reads: nothing can be left half done
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()


def serve(number: int) -> None:
    """What the second process does: take the task from the pipe of that number, and send pages until they or we end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_garbage_rarely()
    with Connection(number) as pipe:
        try:
            for message in _messages(pipe):
                pipe.send_bytes(message)
        except (BrokenPipeError, ConnectionResetError, EOFError):
            return  # nobody reads any more


def collect_garbage_rarely() -> None:
    """Look for cycles seldom: an import makes millions of objects and hardly a cycle, and looking takes a tenth of it."""
    gc.freeze()
    gc.set_threshold(_HASTE, 20, 100)


def _messages(pipe: Connection) -> Iterator[bytes]:
    make, arguments, query, cursor = pickle.loads(pipe.recv_bytes())  # noqa: S301 - our own parent wrote it
    try:
        source = make(**arguments, checking=lambda done, total: pipe.send_bytes(pickle.dumps((done, total))))
        for page in source.pull(query, cursor):
            yield _packed(page)
        yield pickle.dumps(_END)
    except SocialCrmError as error:
        yield pickle.dumps(error)


def _packed(page: Page) -> bytes:
    """A page as bytes. Facts go as their class and its arguments: a third cheaper than how frozen dataclasses do it."""
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _PACKINGS
    pickler.dump(page)
    return written.getvalue()


def _packing(kind: Any) -> Packing:
    values = attrgetter(*(field.name for field in fields(kind)))
    return lambda fact: (kind, values(fact))


_PACKINGS: dict[type, Packing] = {kind: _packing(kind) for kind in (Mention, Account, Reject, Page)}
