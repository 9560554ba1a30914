"""Reports as plain JSON values; the rest of analytics and services come in."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def as_json(report: DataclassInstance) -> dict[str, Any]:
    """A report dataclass as dicts, lists, texts and numbers under the names of its fields.

    Dates and times are ISO 8601 texts, times in UTC with Z. A number that is none (NaN, infinite) becomes None.
    """
    return {field.name: _plain(getattr(report, field.name)) for field in fields(report)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return as_json(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, str) else value
