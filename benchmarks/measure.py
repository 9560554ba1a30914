"""Measuring and printing: medians with their spread, as tables; the benchmarks come in."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
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


def peak_together(pid: int, ended: Callable[[], int | None]) -> float:
    """The most megabytes that a process and those it started held together, looked at 20 times a second until it ended.

    What several of them share is counted once (Pss of Linux). `ended` answers None as long as it runs.
    """
    peak = 0
    while ended() is None:
        peak = max(peak, sum(_held(one) for one in _family(pid)))
        time.sleep(0.05)
    return peak / 1024


def _family(pid: int) -> list[int]:
    try:
        found = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    except OSError:  # it has ended meanwhile
        return [pid]
    return [pid, *(one for child in found for one in _family(child))]


def _held(pid: int) -> int:
    words = _words(Path(f"/proc/{pid}/smaps_rollup"))
    return int(words[words.index("Pss:") + 1]) if "Pss:" in words else 0


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
    """Print a table with the machine that it was measured on."""
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console(width=150, highlight=False)
    console.print(table)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    console.print(f"{note + '; ' if note else ''}{machine}\n", style="dim")
