"""Answers, kept as they were given."""

from __future__ import annotations

import base64
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from social_crm.domain.errors import Conflict, Invalid, NotFound
from social_crm.domain.report import SavedReport
from tests.builders import NOON

if TYPE_CHECKING:
    from social_crm.ports import Store

BODY = {"rows": [[1, 0.1 + 0.2, None], ["\U0001f600", True, 2**53]], "a.b": {"$c": {}, "": []}}


def a_report(report_id: str = "rep_1", **changes: Any) -> SavedReport:
    values = {"id": report_id, "name": "retention", "fingerprint": "f1", "parameters": {"brand": "acme", "months": [1, 2]}}
    return SavedReport(**{**values, "watermark": NOON, "created_at": NOON, "body": BODY, **changes})


@pytest.mark.parametrize("watermark", [NOON + timedelta(microseconds=1), None])
def test_a_report_comes_back_as_it_was_saved(store: Store, watermark):
    report = a_report(watermark=watermark)
    store.reports.save(report)
    assert store.reports.get("rep_1") == report
    assert store.reports.find("f1") == report


def test_the_columns_of_a_body_keep_their_order(store: Store):
    store.reports.save(a_report(body={"z": 1, "a": 2, "m": {"y": 1, "b": 2}}))
    body = store.reports.get("rep_1").body
    assert [*body, *body["m"]] == ["z", "a", "m", "y", "b"]


def test_an_unknown_report_is_not_found(store: Store):
    with pytest.raises(NotFound):
        store.reports.get("rep_1")
    assert store.reports.find("f1") is None


def test_a_report_is_never_changed(store: Store):
    store.reports.save(a_report())
    with pytest.raises(Conflict):
        store.reports.save(a_report(fingerprint="f2", body={}))
    assert store.reports.get("rep_1") == a_report()
    assert store.reports.find("f2") is None


def test_the_newest_report_of_a_fingerprint_is_found(store: Store):
    for number, hours in ((1, 1), (2, 3), (3, 2)):
        store.reports.save(a_report(f"rep_{number}", created_at=NOON + timedelta(hours=hours)))
    store.reports.save(a_report("rep_4", fingerprint="f2", created_at=NOON + timedelta(hours=9)))
    found = store.reports.find("f1")
    assert found is not None
    assert found.id == "rep_2"


def test_a_body_larger_than_a_document_may_be_comes_back_as_it_was_saved(store: Store):
    report = a_report(body={"rows": [[number, f"{number} customers, " * 60] for number in range(20_000)]})
    store.reports.save(report)
    assert store.reports.get("rep_1") == report
    assert store.reports.find("f1") == report


def test_a_body_that_is_too_large_even_compressed_is_refused(store: Store):
    noise = base64.b64encode(random.Random(7).randbytes(12_500_000)).decode()
    with pytest.raises(Invalid, match=r"^this report is too large to keep \(12\.\d MB\): give a horizon"):
        store.reports.save(a_report(body={"noise": noise}))
    assert store.reports.find("f1") is None


def test_a_body_of_more_than_plain_values_is_refused(store: Store):
    with pytest.raises(Invalid, match="JSON"):
        store.reports.save(a_report(body={"rows": object()}))
