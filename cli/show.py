"""Showing reports on a terminal; the commands come in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.wording import plain

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
DEGRADED = "! degraded: more than 5 % of the hours were missed; not in the average, and nobody is counted as gone"
MARKS = {"partial": "~", "degraded": "!"}


class Screen(Console):
    """A console on which every text, in a table too, is `plain`; a `rich.text.Text` is ours and must be so already."""

    def render_str(self, text: str, **styled: Any) -> Text:
        """A text as it is shown."""
        return super().render_str(plain(text), **styled)


def say(what: RenderableType) -> None:
    """Print to standard output, as wide as the terminal, or as wide as needed where there is none."""
    Screen(width=width(), highlight=False, markup=False, emoji=False).print(what)


def width() -> int:
    """How many columns there are to write in."""
    return Console().width if sys.stdout.isatty() else WIDE


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
    if body["degraded"]:
        say(Text(DEGRADED, style="dim"))
    say("")
    say(_growth(body["growth"], f"Growth: who came, stayed and went, {period} by {period}"))
    for period in body["degraded"]:
        say(Text(plain(_shortfall(period)), style="dim"))
    say(Text(plain(_foundation(body)), style="dim"))


def _room() -> int:
    """How many distances fit beside each other; a file or a pipe takes all."""
    return max((width() - 18) // 7, 1) if sys.stdout.isatty() else WIDE


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
        label = MARKS.get(row["state"], "") + row["label"] + (" <" if row["history_starts"] else "")
        shown.add_row(label, f"{row['size']:,}", *(_cell(cell) for cell in row["cells"][1:distances]))
    pooled = {cell["k"]: cell for cell in table["pooled"]}
    shown.add_section()
    for heading, name, style in (("average", "rate", "bold"), ("95 % from", "low", "dim"), ("95 % to", "high", "dim")):
        # A distance whose cells are all open or degraded has no average.
        figures = (_share(pooled[k][name]) if k in pooled else "" for k in range(1, distances))
        shown.add_row(heading, "", *figures, style=style)
    return shown


def _cell(cell: Mapping[str, Any]) -> Text:
    if cell["rate"] is None:
        return Text(".", style="dim")
    text = _share(cell["rate"]) + ("?" if cell["small"] else "")
    mark = MARKS.get(cell["state"], "")
    return Text(mark + text, style="dim" if mark else "")


def _share(rate: float | None) -> str:
    return "." if rate is None else f"{100 * rate:.1f}"


def _growth(rows: list[Mapping[str, Any]], title: str) -> Table:
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("period")
    for name in ("active", "new", "retained", "resurrected", "churned", "quick ratio"):
        shown.add_column(name, justify="right")
    for row in rows:
        mark = MARKS.get(row["state"], "")
        figures = [_count(row[name]) for name in ("active", "new", "retained", "resurrected", "churned")]
        ratio = "." if row["quick_ratio"] is None else f"{row['quick_ratio']:.2f}"
        shown.add_row(mark + row["label"], *figures, ratio, style="dim" if mark else None)
    return shown


def _count(people: int | None) -> str:
    return "." if people is None else f"{people:,}"


def _shortfall(period: Mapping[str, Any]) -> str:
    share, who, why = f"{100 * period['missed']:.1f} %", ", ".join(period["sources"]), ", ".join(period["reasons"])
    most = "up to " if len(period["sources"]) > 1 else ""
    return f"! {period['label']}: {most}{share} of the hours were missed by {who} ({why})"


def _foundation(body: Mapping[str, Any]) -> str:
    definition, given = body["definition"], body["input"]
    pending = f"; {given['pending']:,} days are still being rolled up" if given["pending"] else ""
    watermark = body["watermark"] or "unknown: no source vouches for any span, so every cell is partial"
    return (
        f"{body['people']:,} people; kinds: {', '.join(definition['kinds'])}; calendar: {definition['time_zone']}; "
        f"complete up to: {watermark}{pending}."
    )
