"""Which brands an item is about, read from a table beside the data (id, brand); the composition root comes in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connectors.files.opening import existing, opened, verify
from connectors.files.tables import csv_rows
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_SLUG = re.compile(r"[^a-z0-9._-]+")
_LONGEST_BRAND = 64


def brand_id(written: str) -> str:
    """The id of a brand that a file writes as `BRK-A`, `$AAPL` or `Acme Shoes`. Raises Invalid when nothing is left."""
    slug = _NO_SLUG.sub("-", written.strip().lower()).strip("-._")
    if not slug or len(slug) > _LONGEST_BRAND:
        raise Invalid(f"{written[:70]!r} is not a brand: use 1 to {_LONGEST_BRAND} of a-z 0-9 . _ -")
    return slug


def read_brand_map(name: str, id_column: str | None = None, brand_column: str | None = None) -> dict[str, tuple[str, ...]]:
    """The sorted brand ids of each native id, from a CSV file, packed or not, with a header and a row for each pair.

    Without names the first two columns are taken. Raises NotFound and Invalid, with the line where there is one.
    """
    path = existing(name)
    verify(path, lambda _done, _total: None)
    brands: dict[str, tuple[str, ...]] = {}
    same: dict[tuple[str, ...], tuple[str, ...]] = {}  # few different tuples, many ids: keep one of each
    for native, brand in _pairs(path, id_column, brand_column):
        known = brands.get(native, ())
        if brand not in known:
            both = tuple(sorted((*known, brand)))
            brands[native] = same.setdefault(both, both)
    return brands


def _pairs(path: Path, id_column: str | None, brand_column: str | None) -> Iterator[tuple[str, str]]:
    slugs: dict[str, str] = {}
    with opened(path) as file:
        rows = csv_rows(file)
        header = next(rows).value
        ids, about = _column(path, header, id_column, 0), _column(path, header, brand_column, 1)
        for row in rows:
            if row.fault or not isinstance(row.value, dict):
                raise Invalid(f"{path}: line {row.line}: {row.fault}")
            written = row.value[about]
            if written not in slugs:
                slugs[written] = _brand(path, row.line, written)
            yield row.value[ids].strip(), slugs[written]


def _brand(path: Path, line: int, written: str) -> str:
    try:
        return brand_id(written)
    except Invalid as error:
        raise Invalid(f"{path}: line {line}: {error.message}") from error


def _column(path: Path, header: object, wanted: str | None, place: int) -> str:
    names = list(header) if isinstance(header, list | tuple) else []
    if wanted is None and place < len(names):
        return str(names[place])
    if wanted is None or wanted not in names:
        missing = "an id column and a brand column are needed" if wanted is None else f"no column {wanted!r}"
        raise Invalid(f"{path}: {missing}: the columns are {', '.join(names)}")
    return wanted
