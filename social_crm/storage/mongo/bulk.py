"""Many documents at a time: inserts that tell what was there already, look-ups in portions; only this package comes in."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pymongo.collection import Collection

_DUPLICATE_KEY = 11_000
# Ids in one `$in`. A server should not mind, but the one of the tests takes time that grows with the square of their
# number (5,000 at a time take 13 s, 100 at a time 0.4), and to MongoDB a hundred are as good as thousands.
_PORTION = 100


def insert_new(collection: Collection[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert what is not there yet; answers the positions of the rows whose id is taken, and leaves those as they are.

    Raises BulkWriteError when a row fails for another reason or the write is not safe on a majority.
    """
    if not rows:
        return []
    try:
        collection.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        details = error.details or {}
        failures = details["writeErrors"]
        if details.get("writeConcernErrors") or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
            raise
        return [failure["index"] for failure in failures]
    return []


def portions(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values in lists of a length that is good for `$in`."""
    rest = iter(values)
    while portion := list(islice(rest, _PORTION)):
        yield portion


def find_among(
    collection: Collection[dict[str, Any]], field: str, values: Iterable[Any], shown: Mapping[str, int] | None = None
) -> Iterator[dict[str, Any]]:
    """The documents whose field has one of the values, in no particular order; `shown` is the projection."""
    for portion in portions(values):
        yield from collection.find({field: {"$in": portion}}, shown)
