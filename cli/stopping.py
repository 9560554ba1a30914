"""Stopping when a signal asks for it: in peace the first time, at once the second time; collecting commands come in."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PATIENCE = 60.0  # seconds for the page under way: no platform that is well takes longer
AFTER_SIGNAL = 128  # a shell's exit code of what a signal has ended, less the signal's number


@contextmanager
def stopping(stop: Callable[[], None], told: Callable[[str], None], patience: float = PATIENCE) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT within the block, and end the process at the second one.

    It ends too when the block has not come to its end `patience` seconds after the first one; `told` hears of both. Exit
    codes are 143 and 130. Ending like that closes nothing, as a crash would: what is stored is whole, leases run out.
    """
    # The one queue that a handler may put into whatever it has interrupted: an event's lock could be held by us already.
    asked: SimpleQueue[int | None] = SimpleQueue()
    left = threading.Event()
    numbers: list[int] = []

    def hear(number: int, _frame: object) -> None:
        if numbers:
            os._exit(AFTER_SIGNAL + number)
        numbers.append(number)
        asked.put(number)

    def watch() -> None:
        if asked.get() is None:
            return
        stop()
        told("Stopping after the page under way: a second signal ends it at once.")
        if not left.wait(patience):
            told(f"The page under way has not come within {patience:g} seconds: ended without it. What is stored stays.")
            os._exit(AFTER_SIGNAL + numbers[0])

    before = {number: signal.signal(number, hear) for number in SIGNALS}
    watching = threading.Thread(target=watch, name="stopping", daemon=True)
    watching.start()
    try:
        yield
    finally:
        left.set()
        asked.put(None)
        watching.join()
        for number, handler in before.items():
            signal.signal(number, handler)
