"""Joins the parts: which store, which parsers, which clock; the commands come in, and nothing else does."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.files.formats import Format
from connectors.files.source import FileSource
from connectors.reddit.parse import looks_like_reddit, parse_reddit
from connectors.x.parse import looks_like_v1, looks_like_v2, parse_v1, parse_v2
from social_crm.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.settings import Settings
    from social_crm.ports import Store

# Which parser reads which kind of JSON: connectors know no connector, so the files are told here.
FORMATS = (
    Format("x-v2", looks_like_v2, parse_v2),
    Format("x-v1", looks_like_v1, parse_v1),
    Format("reddit", looks_like_reddit, parse_reddit),
)


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


def file_source(**given: Any) -> FileSource:
    """A source that reads files of every format that a connector can parse."""
    return FileSource(FORMATS, now, **given)
