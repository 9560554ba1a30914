"""Files for spreadsheets: no cell of theirs is a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from social_crm.services.exports import guarded, retention_csv


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("2025-01", "2025-01"),
        ("", ""),
        (-0.5, -0.5),
        (None, None),
    ],
)
def test_no_cell_is_a_formula(cell: object, written: object) -> None:
    assert guarded(cell) == written


def test_a_label_that_looks_like_a_formula_is_defused_in_the_file() -> None:
    cell = {
        "k": 0,
        "state": "complete",
        "n": None,
        "rate": None,
        "low": None,
        "high": None,
        "small": True,
        "lower_bound": False,
    }
    row: dict[str, Any] = {"label": '=HYPERLINK("http://x")', "start": "2025-01-01", "end": "2025-02-01", "size": 0}
    table = {"rows": [{**row, "history_starts": True, "cells": [cell]}], "pooled": []}
    lines = list(csv.reader(io.StringIO(retention_csv({"recurring": table, "first_time": table}), newline="")))
    assert lines[1][:6] == ["recurring", "'" + row["label"], "2025-01-01", "2025-02-01", "0", "true"]
    assert lines[1][6:] == ["0", "", "", "", "", "complete", "true", "false"]
