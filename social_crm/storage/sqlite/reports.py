"""Answers kept as they were given, in SQLite; the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm.domain.errors import Conflict, NotFound
from social_crm.domain.report import SavedReport
from social_crm.storage.columns import packed, unpacked
from social_crm.storage.sqlite.values import from_json, micros, micros_or_none, moment, moment_or_none, to_json

if TYPE_CHECKING:
    from social_crm.storage.sqlite.database import Database

_COLUMNS = "id, name, fingerprint, parameters, watermark, created_at, body"
_SAVE = f"INSERT INTO report ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"  # noqa: S608 - our names
_GET = f"SELECT {_COLUMNS} FROM report WHERE id = ?"  # noqa: S608 - our names
_FIND = f"SELECT {_COLUMNS} FROM report WHERE fingerprint = ? ORDER BY created_at DESC, id DESC LIMIT 1"  # noqa: S608 - our names


class SqliteReports:
    """The protocol Reports over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, report: SavedReport) -> None:
        """Keep a report. Raises Conflict when the id is taken, Invalid when it is too large or not plain values."""
        row = _row(report)
        with self._database.write() as connection:
            if not connection.execute(_SAVE, row).rowcount:
                raise Conflict(f"report {report.id} is kept already: a report is never changed, save it under a new id")

    def get(self, report_id: str) -> SavedReport:
        """One report. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(_GET, (report_id,)).fetchone()
        if row is None:
            raise NotFound(f"there is no report {report_id}")
        return _report(row)

    def find(self, fingerprint: str) -> SavedReport | None:
        """The newest report with that fingerprint."""
        with self._database.read() as connection:
            row = connection.execute(_FIND, (fingerprint,)).fetchone()
        return None if row is None else _report(row)


def _row(report: SavedReport) -> tuple[Any, ...]:
    return (
        report.id,
        report.name,
        report.fingerprint,
        to_json(dict(report.parameters)),
        micros_or_none(report.watermark),
        micros(report.created_at),
        packed(report.body),
    )


def _report(row: tuple[Any, ...]) -> SavedReport:
    report_id, name, fingerprint, parameters, watermark, created_at, body = row
    facts = (from_json(parameters), moment_or_none(watermark), moment(created_at), unpacked(body))
    return SavedReport(report_id, name, fingerprint, *facts)
