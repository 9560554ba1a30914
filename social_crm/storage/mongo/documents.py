"""The collections: their fields, rules and indexes, as mongoengine documents; only the modules of this package come in.

Those of collecting stand in a module of their own; RECORDS names all of them.

Documents never leave the package: they declare and validate. Single things (brands, keys, reports) are read and written
through them; what comes by the thousand goes to the collection itself, in the form declared here (a mongoengine object
costs 50 microseconds, a projected row 1).

Times are integers: microseconds since 1970 in UTC. A BSON date holds milliseconds, and facts that came back changed would
count as edited. Days are integers as well: days since 1970. There is no ReferenceField: ids are strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mongoengine import (
    BinaryField,
    BooleanField,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

from social_crm.storage.mongo.collecting import (
    CoverageRecord,
    EventRecord,
    LeaseRecord,
    PageRecord,
    ProgressRecord,
    SourceRecord,
    SpendRecord,
)
from social_crm.storage.mongo.record import Record

if TYPE_CHECKING:
    from social_crm.storage.mongo.record import Row


class MentionRecord(Record):
    """A mention and its reading.

    `take` is the token of the write that touched it last: the version for compare-and-set, and the proof that a write
    which seems to meet a stranger met itself (the driver repeats a write whose answer was lost). `print` is the fingerprint
    of the content. `addressed` holds "<how> <account id>", `metrics` pairs, because a platform may name a count as it
    likes. Indexes: listing by brand, by author and of everything, walked backwards for newest first; the first also serves
    roll-ups.
    """

    id = StringField(primary_key=True)
    take = StringField(required=True)
    print = StringField(required=True)
    author = StringField(required=True)
    posted_at = IntField(required=True)
    collected_at = IntField(required=True)
    text = StringField(required=True)
    kind = StringField(required=True)
    parent = StringField()
    thread = StringField()
    addressed = ListField(StringField())
    metrics = ListField(ListField())
    said_language = StringField()
    url = StringField()
    edited_at = IntField()
    deleted_at = IntField()
    brands = ListField(StringField())
    language = StringField()
    basis = StringField(required=True)
    compound = FloatField(min_value=-1, max_value=1)
    label = StringField(required=True)
    scorer = StringField(required=True)
    meta: ClassVar[Row] = {
        "collection": "mentions",
        "indexes": [("brands", "posted_at", "id"), ("author", "posted_at", "id"), ("posted_at", "id")],
    }


class AccountRecord(Record):
    """An account as last observed; `at` is `platform:@handle` in lower case, for finding it by handle."""

    id = StringField(primary_key=True)
    handle = StringField(required=True)
    at = StringField(required=True)
    observed_at = IntField(required=True)
    name = StringField()
    followers = IntField()
    created_at = IntField()
    url = StringField()
    meta: ClassVar[Row] = {"collection": "accounts", "indexes": ["at"]}


class MarkRecord(Record):
    """A (brand, day) that one write changes: `_id` is `<token>|<brand>|<day>`; `open` while that write is under way."""

    id = StringField(primary_key=True)
    brand = StringField(required=True, db_field="b")
    day = IntField(required=True, db_field="d")
    open = BooleanField(required=True)
    at = IntField(required=True)
    meta: ClassVar[Row] = {"collection": "marks", "indexes": [("brand", "day")]}


class ActivityRecord(Record):
    """A row of the table ACTIVITY; names are short and zeros left out, since there are millions of them."""

    brand = StringField(required=True, db_field="b")
    day = IntField(required=True, db_field="d")
    account = StringField(required=True, db_field="a")
    posts = IntField(db_field="p")
    comments = IntField(db_field="c")
    replies = IntField(db_field="r")
    reposts = IntField(db_field="o")
    quotes = IntField(db_field="q")
    reviews = IntField(db_field="v")
    deleted = IntField(db_field="x")
    scored = IntField(db_field="s")
    positive = IntField(db_field="g")
    negative = IntField(db_field="n")
    compound_sum = FloatField(db_field="u")
    meta: ClassVar[Row] = {"collection": "activity", "indexes": [("brand", "day")]}


class ExchangeRecord(Record):
    """A row of the table EXCHANGES, in the same short form."""

    brand = StringField(required=True, db_field="b")
    day = IntField(required=True, db_field="d")
    source = StringField(required=True, db_field="s")
    target = StringField(required=True, db_field="t")
    kind = StringField(required=True, db_field="k")
    n = IntField(db_field="n")
    meta: ClassVar[Row] = {"collection": "exchanges", "indexes": [("brand", "day")]}


class CounterRecord(Record):
    """A number that only rises: `links`, or `rollups:<brand>`."""

    id = StringField(primary_key=True)
    n = IntField(required=True)
    meta: ClassVar[Row] = {"collection": "counters"}


class HandlesRecord(EmbeddedDocument):  # type: ignore[misc]  # mongoengine is untyped
    """A brand's own handles on one platform: a list, because a platform's name may hold a dot and a field's should not."""

    platform = StringField(required=True)
    names = ListField(StringField())


class BrandRecord(Record):
    """A brand."""

    id = StringField(primary_key=True)
    name = StringField(required=True)
    terms = ListField(StringField())
    exclusions = ListField(StringField())
    handles = EmbeddedDocumentListField(HandlesRecord)
    competitors = ListField(StringField())
    staff = ListField(StringField())
    time_zone = StringField(required=True)
    week_start = StringField(required=True)
    version = IntField(required=True, min_value=1)
    meta: ClassVar[Row] = {"collection": "brands"}


class LinkRecord(Record):
    """A link, retracted or not."""

    id = StringField(primary_key=True)
    left = StringField(required=True)
    right = StringField(required=True)
    basis = StringField(required=True)
    author = StringField(required=True)
    linked_at = IntField(required=True)
    retracted_at = IntField()
    meta: ClassVar[Row] = {"collection": "links", "indexes": ["left", "right"]}


class ReportRecord(Record):
    """A report; parameters are JSON text and body the same compressed: they come back exactly as they were given."""

    id = StringField(primary_key=True)
    name = StringField(required=True)
    fingerprint = StringField(required=True)
    parameters = BinaryField(required=True)
    watermark = IntField()
    created_at = IntField(required=True)
    body = BinaryField(required=True)
    meta: ClassVar[Row] = {"collection": "reports", "indexes": [("fingerprint", "created_at", "id")]}


class KeyRecord(Record):
    """An API key; the prefix is its id."""

    id = StringField(primary_key=True)
    digest = StringField(required=True)
    name = StringField(required=True)
    scopes = ListField(StringField())
    created_at = IntField(required=True)
    expires_at = IntField()
    revoked_at = IntField()
    meta: ClassVar[Row] = {"collection": "api_keys"}


class SecretRecord(Record):
    """32 random bytes under a name."""

    id = StringField(primary_key=True)
    value = BinaryField(required=True)
    meta: ClassVar[Row] = {"collection": "secrets"}


RECORDS: tuple[type[Record], ...] = (
    MentionRecord,
    AccountRecord,
    MarkRecord,
    ActivityRecord,
    ExchangeRecord,
    CounterRecord,
    BrandRecord,
    LinkRecord,
    CoverageRecord,
    ReportRecord,
    KeyRecord,
    SecretRecord,
    SourceRecord,
    ProgressRecord,
    SpendRecord,
    LeaseRecord,
    EventRecord,
    PageRecord,
)
