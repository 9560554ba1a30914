"""Draws docs/retention.svg, the retention report of the demo world as the terminal shows it; `make picture` comes in."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from cli.logs import configure
from cli.show import show_retention
from cli.town import Year
from demo.town import Town
from demo.world import build
from jobs.roll_up import roll_up
from social_crm.services import reports
from social_crm.storage import open_store

PICTURE = Path(__file__).parents[1] / "docs" / "retention.svg"


def main() -> None:
    """Draw it."""
    configure("error")
    console = Console(width=108, record=True, file=io.StringIO(), highlight=False)
    world = build(7)
    with tempfile.TemporaryDirectory() as folder, Town(world) as town:
        store = open_store(f"sqlite:///{folder}/demo.db")
        Year(store, town).collect()
        roll_up(store, town.clock)
        report = reports.retention(store, reports.RetentionQuestion(brands=(world.brands[0].id,)), town.clock())
        store.close()
    show_retention(report.body, console.print)
    drawn = console.export_svg(title=f"social-crm report retention --brand {world.brands[0].id}", unique_id="report")
    # No font is loaded from elsewhere: whoever looks has a monospaced one.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
