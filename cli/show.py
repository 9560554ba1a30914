"""Showing reports on a terminal; the commands come in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import RenderableType

# A pipe or a file has no width: nothing is cut there.
WIDE = 240
# So many distances fit beside each other; who asks for a horizon gets all of it.
MOST_DISTANCES = 12
LEGEND = (
    "~ partial: may still change, not in the average   . not known yet   ? fewer than 30 people   "
    "< first seen where history starts"
)


def say(what: RenderableType) -> None:
    """Print to standard output, as wide as the terminal, or as wide as needed where there is none."""
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False).print(what)


def show_retention(body: Mapping[str, Any], say: Callable[[RenderableType], None] = say) -> None:
    """Print a retention report: both cohort tables, the average, growth, and what they rest on."""
    period = body["definition"]["period"]
    most = min(body["definition"]["horizon"] or MOST_DISTANCES, _room())
    everybody = f"Retention, recurring: of all who spoke in a {period}, % who spoke again so many {period}s later"
    newcomers = f"Retention, first-time: of those who first spoke in a {period}, % who spoke again"
    say(_cohorts(body["recurring"], everybody, most))
    say("")
    say(_cohorts(body["first_time"], newcomers, most))
    say(Text(LEGEND, style="dim"))
    say("")
    say(_growth(body["growth"], f"Growth: who came, stayed and went, {period} by {period}"))
    say(Text(_foundation(body), style="dim"))


def _room() -> int:
    """How many distances fit beside each other; a file or a pipe takes all."""
    return max((Console().width - 18) // 7, 1) if sys.stdout.isatty() else WIDE


def _cohorts(table: Mapping[str, Any], title: str, most: int) -> Table:
    distances = min(most + 1, max((len(row["cells"]) for row in table["rows"]), default=0))
    if not table["rows"]:
        return Table(title=f"{title}: nobody yet", title_justify="left", box=None)
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("cohort")
    shown.add_column("people", justify="right")
    for k in range(1, distances):
        shown.add_column(f"+{k}", justify="right")
    for row in table["rows"]:
        label = ("~" if row["state"] == "partial" else "") + row["label"] + (" <" if row["history_starts"] else "")
        shown.add_row(label, f"{row['size']:,}", *(_cell(cell) for cell in row["cells"][1:distances]))
    pooled = [cell for cell in table["pooled"] if 0 < cell["k"] < distances]
    shown.add_section()
    shown.add_row("average", "", *(_share(cell["rate"]) for cell in pooled), style="bold")
    shown.add_row("95 % from", "", *(_share(cell["low"]) for cell in pooled), style="dim")
    shown.add_row("95 % to", "", *(_share(cell["high"]) for cell in pooled), style="dim")
    return shown


def _cell(cell: Mapping[str, Any]) -> Text:
    if cell["rate"] is None:
        return Text(".", style="dim")
    text = _share(cell["rate"]) + ("?" if cell["small"] else "")
    return Text(f"~{text}", style="dim") if cell["state"] == "partial" else Text(text)


def _share(rate: float | None) -> str:
    return "." if rate is None else f"{100 * rate:.1f}"


def _growth(rows: list[Mapping[str, Any]], title: str) -> Table:
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("period")
    for name in ("active", "new", "retained", "resurrected", "churned", "quick ratio"):
        shown.add_column(name, justify="right")
    for row in rows:
        mark = "~" if row["state"] == "partial" else ""
        figures = [f"{row[name]:,}" for name in ("active", "new", "retained", "resurrected", "churned")]
        ratio = "." if row["quick_ratio"] is None else f"{row['quick_ratio']:.2f}"
        shown.add_row(mark + row["label"], *figures, ratio, style="dim" if mark else None)
    return shown


def _foundation(body: Mapping[str, Any]) -> str:
    definition, given = body["definition"], body["input"]
    pending = f"; {given['pending']:,} days are still being rolled up" if given["pending"] else ""
    watermark = body["watermark"] or "unknown: no source vouches for any span, so every cell is partial"
    return (
        f"{body['people']:,} people; kinds: {', '.join(definition['kinds'])}; calendar: {definition['time_zone']}; "
        f"complete up to: {watermark}{pending}."
    )
