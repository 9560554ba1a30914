"""The SQL that lists mentions newest first under a filter, from the index that fits; only mentions comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm.storage.sqlite.rows import COLUMNS, WORDING
from social_crm.storage.sqlite.values import micros

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.ports import MentionFilter

# A condition and its values.
Term = tuple[str, tuple[Any, ...]]

# CROSS JOIN keeps SQLite from looking at mentions first: the brand's list is already in the order that is asked for.
_BRAND_LIST = "mention_brand AS e CROSS JOIN mention AS m ON m.id = e.mention"
_IS_ABOUT = "EXISTS (SELECT 1 FROM mention_brand AS b WHERE b.brand = ? AND b.posted_at = e.posted_at AND b.mention = e.id)"


def page_query(only: MentionFilter, after: tuple[datetime, str] | None, limit: int) -> tuple[str, list[Any]]:
    """The statement and its values.

    An author's mentions are an index that ends in time. Else the list of the brand, or of all mentions, is walked down
    from the position, and kind, label and platform (the front of the id) are told from its entries alone.
    """
    of_brand = only.brand is not None and only.author is None
    source, key = (_BRAND_LIST, "e.mention") if of_brand else ("mention AS e", "e.id")
    terms = [*_terms(only, key, "e.brand = ?" if of_brand else _IS_ABOUT), *_upper_end(only.until, key, after)]
    where = " AND ".join(term for term, _ in terms) or "TRUE"
    table = "m" if of_brand else "e"
    source += f" CROSS JOIN said AS s ON s.id = {table}.said"
    sql = f"SELECT {columns_of(table)} FROM {source} WHERE {where} ORDER BY e.posted_at DESC, {key} DESC LIMIT ?"  # noqa: S608 - our names
    return sql, [*(value for _, values in terms for value in values), max(limit, 0)]


def columns_of(table: str) -> str:
    """All columns of a mention, where the mention is called `table` and its wording `s`."""
    return ", ".join(f"{'s' if name in WORDING else table}.{name}" for name in COLUMNS)


def _terms(only: MentionFilter, key: str, about: str) -> list[Term]:
    """What the filter asks for, but for its upper end. The plus keeps SQLite from walking the ids instead of the time."""
    possible: list[tuple[str, object, tuple[Any, ...]]] = [
        (about, only.brand, (only.brand,)),
        ("e.author = ?", only.author, (only.author,)),
        (f"+{key} >= ? AND +{key} < ?", only.platform, (f"{only.platform}:", f"{only.platform};")),
        ("e.kind = ?", only.kind, (only.kind,)),
        ("e.label = ?", only.label, (only.label,)),
        ("e.posted_at >= ?", only.since, (only.since and micros(only.since),)),
    ]
    return [(term, values) for term, wanted, values in possible if wanted is not None]


def _upper_end(until: datetime | None, key: str, after: tuple[datetime, str] | None) -> list[Term]:
    """The lower of `until` and the position; given both, SQLite would walk down from the higher one on every page."""
    if after is not None and (until is None or after[0] < until):
        return [(f"(e.posted_at, {key}) < (?, ?)", (micros(after[0]), after[1]))]
    return [] if until is None else [("e.posted_at < ?", (micros(until),))]
