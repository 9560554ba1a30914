"""Reports as files for spreadsheets; the doors come in."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RETENTION_COLUMNS = (
    "table",
    "cohort",
    "start",
    "end",
    "size",
    "history_starts",
    "k",
    "n",
    "rate",
    "low",
    "high",
    "state",
    "small",
    "lower_bound",
)

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def retention_csv(body: Mapping[str, Any]) -> str:
    """The body of a retention report (analytics.retention.as_json) as CSV (RFC 4180).

    One line a cell of each table, then one a pooled rate, whose cohort is `pooled`. What is not known is empty, never 0;
    what rests on a degraded period has that `state` and stands in no pooled rate.
    """
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(RETENTION_COLUMNS)
    for kind in ("recurring", "first_time"):
        for line in _lines(body[kind]):
            lines.writerow([_written({"table": kind, **line}.get(name)) for name in RETENTION_COLUMNS])
    return out.getvalue()


def guarded(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: text that could be one gets a ' in front; numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _lines(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for row in table["rows"]:
        for cell in row["cells"]:
            yield {**row, "cohort": row["label"], **cell}  # the state is the cell's
    for pooled in table["pooled"]:
        yield {"cohort": "pooled", "state": "complete", **pooled}


def _written(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else guarded(value)
