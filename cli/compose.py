"""Joins the parts: which store, which parsers, which clock; the commands come in, and nothing else does."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from social_crm.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.settings import Settings
    from social_crm.ports import Store


def now() -> datetime:
    """The clock of the service: the time in UTC."""
    return datetime.now(UTC)


@contextmanager
def the_store(settings: Settings) -> Iterator[Store]:
    """The store of the settings, closed at the end. Raises StoreUnavailable or Invalid when it cannot be opened."""
    store = open_store(settings.store)
    try:
        yield store
    finally:
        store.close()
