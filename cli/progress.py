"""Progress of long work: a bar on a terminal, plain lines elsewhere, always on standard error; the commands come in."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.wording import plain
from cli.wording import tell as write

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_BETWEEN_LINES = 5.0


class Tell(Protocol):
    """Takes how much of how much is done (in any unit, 0 for unknown) and how many things that were."""

    def __call__(self, done: int, total: int, things: int) -> None:
        """Tell the progress."""
        ...


@contextmanager
def progress(what: str, unit: str) -> Iterator[Tell]:
    """Show the progress of `what`, with the rate in `unit`/s and the time left."""
    if sys.stderr.isatty():
        with _bar(what, unit) as tell:
            yield tell
    else:
        yield _lines(what, unit)


@contextmanager
def _bar(what: str, unit: str) -> Iterator[Tell]:
    started = time.monotonic()
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(plain(what), markup=False), BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def tell(done: int, total: int, things: int) -> None:
            bar.update(task, completed=done, total=total or None, rate=_rate(things, started, unit))

        yield tell


def _lines(what: str, unit: str) -> Tell:
    started = last = time.monotonic()

    def tell(done: int, total: int, things: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SECONDS_BETWEEN_LINES:
            return
        last = now
        share = done / total if total else 0.0
        left = f", {(now - started) * (1 - share) / share:.0f} s left" if share else ""
        write(f"{what}: {100 * share:.0f} %, {things:,} {unit}, {_rate(things, started, unit)}{left}", err=True)

    return tell


def _rate(things: int, started: float, unit: str) -> str:
    return f"{things / max(time.monotonic() - started, 1e-9):,.0f} {unit}/s"
