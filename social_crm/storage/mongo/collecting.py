"""The collections of collecting: sources and how far they are, leases, events, raw pages; only this package comes in.

The rules are those of the other documents: times and days are integers, ids are strings and natural.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mongoengine import BinaryField, IntField, ListField, MapField, StringField

from social_crm.storage.mongo.record import Record

if TYPE_CHECKING:
    from social_crm.storage.mongo.record import Row


class CoverageRecord(Record):
    """A span that a source vouches for or that it missed; what an early release wrote has no query, seen and why.

    In the index the end comes before the start, because what is asked for is mostly recent.
    """

    id = StringField(primary_key=True)
    source = StringField(required=True)
    brand = StringField(required=True)
    start = IntField(required=True)
    end = IntField(required=True)
    query = StringField()
    seen = StringField()
    why = StringField()
    meta: ClassVar[Row] = {"collection": "coverage", "indexes": [("source", "end", "start")]}


class SourceRecord(Record):
    """A source as it was set up."""

    id = StringField(primary_key=True)
    platform = StringField(required=True)
    brand = StringField(required=True)
    query = StringField(required=True)
    schedule = StringField(required=True)
    options = MapField(StringField())
    sealed = BinaryField(required=True)
    daily_cap = IntField()
    state = StringField(required=True)
    reason = StringField()
    version = IntField(required=True, min_value=1)
    meta: ClassVar[Row] = {"collection": "sources"}


class ProgressRecord(Record):
    """How far a source has come; its id is the source's."""

    id = StringField(primary_key=True)
    query = StringField(required=True)
    cursor = StringField(required=True)
    due_at = IntField()
    covered_from = IntField()
    covered_to = IntField()
    finished_at = IntField()
    revisited_at = IntField()
    revisiting = StringField(required=True)
    failures = IntField(required=True)
    trouble = StringField(required=True)
    delayed_by = StringField(required=True)
    version = IntField()
    meta: ClassVar[Row] = {"collection": "source_progress"}


class SpendRecord(Record):
    """What a source has cost on a UTC day: `_id` is `<source>|<day>`."""

    id = StringField(primary_key=True)
    source = StringField(required=True)
    day = IntField(required=True)
    units = IntField(required=True)
    meta: ClassVar[Row] = {"collection": "source_spend", "indexes": [("source", "day")]}


class LeaseRecord(Record):
    """A lease; it stays when it is let go, since its fence must never fall.

    `until` is missing while nobody holds it. `writes` counts what was written under it: that a transaction touches it is
    what makes it clash with a claim. `session` is where the holder's transactions run (storage.mongo.fencing).
    """

    id = StringField(primary_key=True)
    holder = StringField()
    fence = IntField(required=True, min_value=0)
    until = IntField()
    writes = IntField()
    session = BinaryField()
    meta: ClassVar[Row] = {"collection": "leases"}


class EventRecord(Record):
    """An event of the outbox; `body` is JSON text, so that its keys may hold dots and it comes back as it was."""

    id = StringField(primary_key=True)
    position = IntField(required=True, min_value=1)
    kind = StringField(required=True)
    at = IntField(required=True)
    subject = StringField(required=True)
    body = BinaryField(required=True)
    meta: ClassVar[Row] = {"collection": "events", "indexes": ["position"]}


class PageRecord(Record):
    """A raw page of the archive, compressed; the indexes read a source in order, prune, and find what holds a mention."""

    id = StringField(primary_key=True)
    source = StringField(required=True)
    fetched_at = IntField(required=True)
    raw = BinaryField(required=True)
    mentions = ListField(StringField())
    meta: ClassVar[Row] = {
        "collection": "archive",
        "indexes": [("source", "fetched_at", "id"), ("fetched_at",), ("mentions",)],
    }
