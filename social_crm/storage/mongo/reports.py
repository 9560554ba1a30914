"""Saved reports in MongoDB; only the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from mongoengine.errors import NotUniqueError

from social_crm.domain.errors import Conflict, NotFound
from social_crm.domain.report import SavedReport
from social_crm.storage.columns import packed, unpacked
from social_crm.storage.mongo.documents import ReportRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.translation import json_of, micros, moment_of, some_micros, some_moment

if TYPE_CHECKING:
    from social_crm.storage.mongo.connection import Connection


class MongoReports:
    """Answers, kept as they were given: implements ports.Reports."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @translated
    def save(self, report: SavedReport) -> None:
        """Keep a report. Raises Conflict when the id is taken, Invalid when it is too large or not plain values."""
        document = ReportRecord(
            id=report.id,
            name=report.name,
            fingerprint=report.fingerprint,
            parameters=json_of(report.parameters),
            watermark=some_micros(report.watermark),
            created_at=micros(report.created_at),
            body=packed(report.body),
        )
        document.validate()
        try:
            self._connection.rows(ReportRecord).insert(document, load_bulk=False)
        except NotUniqueError as error:
            raise Conflict(
                f"report {report.id} is kept already: a report is never changed, save it under a new id"
            ) from error

    @translated
    def get(self, report_id: str) -> SavedReport:
        """One report. Raises NotFound."""
        document = self._connection.rows(ReportRecord).filter(id=report_id).first()
        if document is None:
            raise NotFound(f"there is no report {report_id}")
        return _report(document)

    @translated
    def find(self, fingerprint: str) -> SavedReport | None:
        """The newest report with that fingerprint."""
        rows = self._connection.rows(ReportRecord).filter(fingerprint=fingerprint)
        document = rows.order_by("-created_at", "-id").first()
        return None if document is None else _report(document)


def _report(document: Any) -> SavedReport:
    return SavedReport(
        id=document.id,
        name=document.name,
        fingerprint=document.fingerprint,
        parameters=orjson.loads(document.parameters),
        watermark=some_moment(document.watermark),
        created_at=moment_of(document.created_at),
        body=unpacked(document.body),
    )
