"""Joins the parts of reading: which parsers, which clock, in which process; commands and their second process come in."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.files.formats import Format
from connectors.files.source import FileSource
from connectors.reddit.parse import looks_like_reddit, parse_reddit
from connectors.x.parse import looks_like_v1, looks_like_v2, parse_v1, parse_v2
from jobs.read_ahead import ReadAhead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from social_crm.ports import Source

# Which parser reads which kind of JSON: connectors know no connector, so the files are told here.
FORMATS = (
    Format("x-v2", looks_like_v2, parse_v2),
    Format("x-v1", looks_like_v1, parse_v1),
    Format("reddit", looks_like_reddit, parse_reddit),
)
WORTH_A_PROCESS = 8 * 2**20  # bytes on disk: below that, a second process hardly wins what it costs to start


def now() -> datetime:
    """The clock of the service: the time in UTC."""
    return datetime.now(UTC)


def file_source(**given: Any) -> FileSource:
    """A source that reads files of every format that a connector can parse."""
    return FileSource(FORMATS, now, **given)


@contextmanager
def reading(path: Path, checking: Callable[[int, int], None], **given: Any) -> Iterator[Source]:
    """A source that reads this file: a large one ahead, in a second process that ends with the block."""
    if path.stat().st_size <= WORTH_A_PROCESS:
        yield file_source(checking=checking, **given)
        return
    with ReadAhead(file_source, given, checking) as ahead:
        yield ahead
