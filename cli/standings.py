"""How sources stand, for people and for programs: a table that fits its terminal, and JSON; the source commands come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from cli.wording import cost
from social_crm.domain.platform import platform
from social_crm.domain.source import SourceState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from social_crm.services.sources import Standing

COLUMNS = ("id", "platform", "brand", "query", "state", "daily cap", "covered up to", "next", "trouble")
NARROW = ("id", "state", "covered up to", "trouble")
NARROWER_THAN = 140  # characters: there a narrow terminal begins
_FIXED = ("state", "daily cap", "covered up to", "next")
_LEAST_TROUBLE = 20
_GAPS = 2 * len(NARROW)


def listing(known: Sequence[Standing], width: int) -> Table:
    """The sources as a table, `width` characters wide: what must be cut is folded, ids last of all."""
    names = COLUMNS if width >= NARROWER_THAN else NARROW
    rows = [_row(one) for one in known]
    taken = sum(max(len(name), *(len(row[name]) for row in rows)) for name in NARROW[:-1])
    table = Table(box=None, pad_edge=False)
    for name in names:
        whole = name in _FIXED or (name == "id" and taken + _GAPS + _LEAST_TROUBLE <= width)
        table.add_column(name, no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*(row[name] for name in names))
    return table


def as_json(one: Standing) -> dict[str, Any]:
    """A source as JSON: how it is set up and how far it has come, without its credentials."""
    setup, progress = one.setup, one.progress
    return {
        "id": setup.id,
        "platform": setup.platform,
        "brand": setup.brand,
        "query": setup.query,
        "schedule": setup.schedule,
        "options": dict(setup.options),
        "daily_cap": setup.daily_cap,
        "unit": platform(setup.platform).unit,
        "state": setup.state.value,
        "reason": setup.reason,
        "version": setup.version,
        "covered_from": _iso(progress.covered_from),
        "covered_to": _iso(progress.covered_to),
        "finished_at": _iso(progress.finished_at),
        "due_at": _iso(progress.due_at),
        "failures": progress.failures,
        "trouble": progress.trouble,
    }


def _row(one: Standing) -> dict[str, str]:
    setup, progress = one.setup, one.progress
    paused = setup.state is SourceState.PAUSED
    coming = "never" if paused else _short(progress.due_at) if progress.due_at else "at once"
    cap = "none" if setup.daily_cap is None else cost(setup.daily_cap, platform(setup.platform).unit)
    trouble = (setup.reason if paused else progress.trouble) or "none"
    values = (setup.id, setup.platform, setup.brand, setup.query, setup.state.value, cap, _short(progress.covered_to))
    return dict(zip(COLUMNS, (*values, coming, trouble), strict=True))


def _short(moment: datetime | None) -> str:
    return "not yet" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
