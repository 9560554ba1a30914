"""Stopping when a signal asks for it: in peace the first time, at once the second time; collecting commands come in."""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PATIENCE = 60.0  # seconds for the page under way: no platform that is well takes longer
_LEFT = 0  # no signal has this number: the block has come to its end
AFTER_SIGNAL = 128  # a shell's exit code of what a signal has ended, less the signal's number


@contextmanager
def stopping(stop: Callable[[], None], told: Callable[[str], None], patience: float = PATIENCE) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT within the block, and end the process at the second one.

    It ends too when the block has not come to its end `patience` seconds after the first one; `told` hears of both. Exit
    codes are 143 and 130. Ending like that closes nothing, as a crash would: what is stored is whole, leases run out.
    """
    # Whichever thread the system hands a signal to, its number comes out of this pipe at once. The main thread may be
    # waiting for something else, and a handler that ran there might meet a lock that it has itself interrupted.
    heard, told_by_system = os.pipe()
    os.set_blocking(told_by_system, False)

    def watch() -> None:
        number = os.read(heard, 1)[0]
        if number == _LEFT:
            return
        stop()
        told("Stopping after the page under way: a second signal ends it at once.")
        if not select.select([heard], [], [], patience)[0]:
            told(f"The page under way has not come within {patience:g} seconds: ended without it. What is stored stays.")
            os._exit(AFTER_SIGNAL + number)
        again = os.read(heard, 1)[0]
        if again != _LEFT:
            os._exit(AFTER_SIGNAL + again)

    before = {number: signal.signal(number, _hear) for number in SIGNALS}
    woken = signal.set_wakeup_fd(told_by_system, warn_on_full_buffer=False)
    watching = threading.Thread(target=watch, name="stopping", daemon=True)
    watching.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        os.write(told_by_system, bytes([_LEFT]))
        watching.join()
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(heard)
        os.close(told_by_system)


def _hear(_number: int, _frame: object) -> None:
    """Nothing: that there is a handler is what makes the system write to the pipe."""
