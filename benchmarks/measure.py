"""Measuring and printing: medians with their spread, as tables; the benchmarks come in."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of several runs of the same thing."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The run in the middle."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.3f} s ({min(self.seconds):.3f} to {max(self.seconds):.3f})"


def timed(what: Callable[[], object], runs: int = 5, warmup: int = 1) -> Timing:
    """Run it so many times after a warm-up and take the seconds."""
    for _ in range(warmup):
        what()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - started)
    return Timing(tuple(seconds))


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
    """Print a table with the machine that it was measured on."""
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console(width=150, highlight=False)
    console.print(table)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    console.print(f"{note + '; ' if note else ''}{machine}\n", style="dim")
