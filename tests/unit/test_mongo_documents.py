"""The collections hold what their documents declare, and their indexes are there and used."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from social_crm.domain.archived import ArchivedPage
from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.event import Event, EventKind
from social_crm.domain.mention import How
from social_crm.domain.source import Progress, SourceSetup, Step
from social_crm.ports import MentionFilter
from social_crm.storage.mongo.collecting import (
    CoverageRecord,
    EventRecord,
    LeaseRecord,
    PageRecord,
    ProgressRecord,
    SourceRecord,
    SpendRecord,
)
from social_crm.storage.mongo.documents import (
    RECORDS,
    AccountRecord,
    ActivityRecord,
    ExchangeRecord,
    MarkRecord,
    MentionRecord,
)
from social_crm.storage.mongo.mentions import _query
from social_crm.storage.mongo.store import open_mongo
from social_crm.storage.mongo.translation import account_of, account_row, heard_of, mention_row
from social_crm.tables import ACTIVITY, EXCHANGES
from tests.builders import NOON, a_mention, an_account, heard

RICH = a_mention(
    parent="x:1",
    thread="x:1",
    addressed=((How.REPLY, "x:2"),),
    metrics={"likes": 2**40},
    language="en",
    url="https://x.example/100",
    edited_at=NOON,
    deleted_at=None,
)


EVENT = Event("gap", EventKind.SOURCE_GAP, NOON, "acme-x", {"why": "outage"})
PAGE = ArchivedPage("p1", "acme-x", NOON, "[]", ("x:1", "x:2"))
PROGRESS = Progress("acme-x", due_at=NOON, covered_from=NOON, covered_to=NOON, finished_at=NOON, revisited_at=NOON)
GAP = Coverage("gap", "acme-x", "acme", NOON, NOON, "acme", Seen.MISSED, Why.OUTAGE)
SETUP = SourceSetup("acme-x", "x", "acme", "acme", options={"about": "all"}, sealed=b"secret", daily_cap=7)


@pytest.fixture
def store(fresh_mongo_url):
    opened = open_mongo(fresh_mongo_url())
    yield opened
    opened.close()


@pytest.fixture
def connection(store):
    return store._connection


def test_a_mention_is_written_as_its_document_declares():
    row = {**mention_row(heard(RICH)), "take": "0123"}
    document = MentionRecord._from_son(row)
    document.validate()
    assert document.to_mongo().to_dict() == row
    declared = set(MentionRecord.stored_names().values())
    assert set(mention_row(heard(a_mention(deleted_at=NOON)))) <= declared
    assert declared == set(row) | {"deleted_at"}


def test_a_mention_and_an_account_are_read_as_they_were_written():
    assert heard_of(mention_row(heard(RICH))) == heard(RICH)
    account = an_account(name="Ann", followers=3, created_at=NOON, url="https://x.example/1")
    assert account_of(account_row(account)) == account


def test_an_account_is_written_as_its_document_declares():
    row = account_row(an_account(name="Ann", followers=3, created_at=NOON, url="https://x.example/1"))
    document = AccountRecord._from_son(row)
    document.validate()
    assert document.to_mongo().to_dict() == row
    assert set(row) == set(AccountRecord.stored_names().values())


def test_what_collecting_writes_is_as_its_documents_declare(store):
    store.sources.put(SETUP)
    lease = store.leases.claim("collect:acme-x", "first", NOON, NOON + timedelta(minutes=1))
    store.sources.advance(lease, Step(PROGRESS, (GAP,), ((NOON.date(), 5),), (EVENT,)))
    store.archive.keep(PAGE)
    for record in (CoverageRecord, EventRecord, LeaseRecord, PageRecord, ProgressRecord, SourceRecord, SpendRecord):
        (row,) = store._connection.collection(record).find()
        document = record._from_son(row)
        document.validate()
        declared = document.to_mongo().to_dict()
        assert {name: bytes(value) if isinstance(value, bytes) else value for name, value in declared.items()} == row
        assert set(row) == set(record.stored_names().values())


def test_every_field_of_progress_has_one_in_its_document():
    names = {field.name for field in fields(Progress)}
    assert names - {"source"} == set(ProgressRecord.stored_names()) - {"id"}


def test_the_rows_of_tables_have_a_field_for_every_column():
    assert set(ACTIVITY) == set(ActivityRecord.stored_names()) - {"id"}
    assert set(EXCHANGES) == set(ExchangeRecord.stored_names()) - {"id"}


def test_no_two_columns_share_a_stored_name():
    for record in RECORDS:
        names = list(record.stored_names().values())
        assert len(names) == len(set(names)), record


def test_the_declared_indexes_are_there_and_no_others(connection):
    expected = {
        MentionRecord: {
            ("_id",),
            ("brands", "posted_at", "_id"),
            ("author", "posted_at", "_id"),
            ("posted_at", "_id"),
        },
        AccountRecord: {("_id",), ("at",)},
        MarkRecord: {("_id",), ("b", "d")},
        ActivityRecord: {("_id",), ("b", "d")},
        ExchangeRecord: {("_id",), ("b", "d")},
        CoverageRecord: {("_id",), ("source", "end", "start")},
        SpendRecord: {("_id",), ("source", "day")},
        EventRecord: {("_id",), ("position",)},
        PageRecord: {("_id",), ("source", "fetched_at", "_id"), ("fetched_at",), ("mentions",)},
    }
    for record, wanted in expected.items():
        found = connection.collection(record).index_information().values()
        assert {tuple(field for field, _ in index["key"]) for index in found} == wanted


@pytest.mark.parametrize(
    ("record", "query"),
    [
        (MentionRecord, {"brands": "acme"}),
        (MentionRecord, {"brands": "acme", "posted_at": {"$gte": 5, "$lt": 9}}),
        (MentionRecord, _query(MentionFilter(author="x:1"), None)),
        (MentionRecord, _query(MentionFilter(since=NOON), None)),
        (AccountRecord, {"at": {"$in": ["x:@a", "x:@b"]}}),
        (ActivityRecord, {"b": "acme", "d": {"$gte": 5, "$lt": 9}}),
        (ActivityRecord, {"b": "acme", "d": {"$in": [5, 6]}}),
        (CoverageRecord, {"source": "acme-x", "end": {"$gt": 5}}),  # the server of the tests bounds one field only
        (SpendRecord, {"source": "acme-x", "day": {"$gte": 5}}),
        (EventRecord, {"position": {"$gt": 190}}),
        (PageRecord, {"source": "acme-x", "fetched_at": {"$gt": 5, "$lt": 9}}),
        (PageRecord, {"source": "acme-x", "fetched_at": 5, "_id": {"$gt": "p1"}}),
        (PageRecord, {"fetched_at": {"$lt": 9}}),
        (PageRecord, {"mentions": {"$in": ["x:1", "x:2"]}}),
    ],
)
def test_an_index_answers_what_is_asked_often(connection, record, query):
    collection = connection.collection(record)
    names = [index["fields"][0][0] for index in record._meta["index_specs"]]
    # A planner may walk a small collection whole: give it something to choose from.
    collection.insert_many([{field: [n] if field in {"brands", "mentions"} else n for field in names} for n in range(200)])
    assert "IXSCAN" in str(collection.find(query).explain()["queryPlanner"]["winningPlan"])
