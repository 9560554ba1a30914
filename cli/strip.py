"""A calendar strip: a line a day, a sign an hour, for a ledger on the terminal; the commands come in."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from social_crm.domain.coverage import ONE_HOUR, Seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from social_crm.domain.coverage import Hour

# What says the same without any colour.
SIGNS = {Seen.COVERED: ("█", "green"), Seen.MISSED: ("x", "red"), Seen.UNKNOWN: ("·", "dim")}
LEGEND = "█ covered   x missed   · unknown: not collected yet, or never   (hours in UTC)"
_RULER = "0     6     12    18    "


def calendar_strip(ledger: Sequence[Hour], now: datetime) -> Table:
    """The hours of a ledger as a table: day, 24 signs, share covered of those that have passed, why some were missed."""
    table = Table("day", _RULER, "covered", "why missed", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for day, of_day in groupby(ledger, key=lambda hour: hour.start.date()):
        hours = list(of_day)
        why = sorted({hour.why for hour in hours if hour.why})
        table.add_row(f"{day}", _signs(hours), _share(hours, now), ", ".join(why))
    return table


def _share(hours: Sequence[Hour], now: datetime) -> str:
    """Nothing can vouch yet for the hour that is under way."""
    passed = [hour for hour in hours if hour.start + ONE_HOUR <= now]
    if not passed:
        return "not yet"
    return f"{100 * sum(hour.seen is Seen.COVERED for hour in passed) / len(passed):.0f} %"


def _signs(hours: Sequence[Hour]) -> Text:
    line = Text(" " * hours[0].start.hour)
    for hour in hours:
        line.append(*SIGNS[hour.seen])
    return line
