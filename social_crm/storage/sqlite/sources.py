"""Where we listen and how far each source has come, in SQLite; the store comes in."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from social_crm.domain.errors import NotFound
from social_crm.domain.source import Progress, SourceSetup, SourceState, Spend
from social_crm.storage.columns import check_version
from social_crm.storage.sqlite.coverage import note
from social_crm.storage.sqlite.events import tell
from social_crm.storage.sqlite.leases import check_held
from social_crm.storage.sqlite.values import day as day_of
from social_crm.storage.sqlite.values import from_json, micros_or_none, moment_or_none, number, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import date

    from social_crm.domain.lease import Lease
    from social_crm.domain.source import Step
    from social_crm.storage.sqlite.database import Database

_IN_BODY = ("platform", "brand", "query", "schedule", "daily_cap", "state", "reason")
_PUT = """INSERT INTO source (id, version, body, sealed) VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body, sealed = excluded.sealed"""
_SELECT = "SELECT id, version, body, sealed FROM source"
_GO_ON = "INSERT INTO progress (source, body) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET body = excluded.body"
_MOMENTS = ("due_at", "covered_from", "covered_to", "finished_at", "revisited_at")
_CHARGE = """INSERT INTO spend (source, day, units) VALUES (?, ?, ?)
    ON CONFLICT (source, day) DO UPDATE SET units = units + excluded.units"""
_SPEND = "SELECT day, units FROM spend WHERE source = ? AND day >= ? AND units <> 0 ORDER BY day"


class SqliteSources:
    """The protocol Sources over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, setup: SourceSetup, expect: int | None = None) -> SourceSetup:
        """Store a source; raises Conflict or Stale when `expect` is not what is there."""
        with self._database.write() as connection:
            row = connection.execute("SELECT version FROM source WHERE id = ?", (setup.id,)).fetchone()
            there = int(row[0]) if row else 0
            check_version(setup.id, there, expect, "source")
            stored = replace(setup, version=there + 1)
            connection.execute(_PUT, (stored.id, stored.version, _body(stored), stored.sealed))
        return stored

    def get(self, source_id: str) -> SourceSetup:
        """One source. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(f"{_SELECT} WHERE id = ?", (source_id,)).fetchone()
        if row is None:
            raise NotFound(f"there is no source {source_id}: `social-crm source list` shows those there are")
        return _setup(row)

    def list(self) -> tuple[SourceSetup, ...]:
        """All sources, by id."""
        with self._database.read() as connection:
            return tuple(_setup(row) for row in connection.execute(f"{_SELECT} ORDER BY id").fetchall())

    def progress(self) -> Mapping[str, Progress]:
        """How far each source has come, by its id."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT source, body FROM progress ORDER BY source").fetchall()
        return {source: _progress(body) for source, body in rows}

    def charge(self, lease: Lease, source_id: str, day: date, units: int) -> None:
        """Add to what a source has cost on a UTC day. Raises LeaseLost."""
        with self._database.write() as connection:
            check_held(connection, lease)
            _add(connection, source_id, [(day, units)])

    def advance(self, lease: Lease, step: Step) -> None:
        """Write a step whole, in one transaction. Raises LeaseLost, and then nothing is written."""
        with self._database.write() as connection:
            check_held(connection, lease)
            _go_on(connection, step.progress)
            note(connection, step.coverage)
            _add(connection, step.progress.source, step.spent)
            tell(connection, step.events)

    def spend(self, source_id: str, since: date) -> tuple[Spend, ...]:
        """What a source has cost, by day, from a UTC day on."""
        with self._database.read() as connection:
            rows = connection.execute(_SPEND, (source_id, number(since))).fetchall()
        return tuple(Spend(source_id, day_of(day), units) for day, units in rows)


def _go_on(connection: sqlite3.Connection, to: Progress) -> None:
    moments = {name: micros_or_none(getattr(to, name)) for name in _MOMENTS}
    connection.execute(_GO_ON, (to.source, to_json({**asdict(to), **moments})))


def _progress(body: str) -> Progress:
    named = from_json(body)
    return Progress(**{**named, **{name: moment_or_none(named[name]) for name in _MOMENTS}})


def _add(connection: sqlite3.Connection, source_id: str, spent: Iterable[tuple[date, int]]) -> None:
    connection.executemany(_CHARGE, [(source_id, number(day), units) for day, units in spent])


def _body(setup: SourceSetup) -> str:
    return to_json({**{name: getattr(setup, name) for name in _IN_BODY}, "options": dict(setup.options)})


def _setup(row: tuple[Any, ...]) -> SourceSetup:
    source_id, version, body, sealed = row
    named = from_json(body)
    return SourceSetup(id=source_id, version=version, sealed=sealed, **{**named, "state": SourceState(named["state"])})
