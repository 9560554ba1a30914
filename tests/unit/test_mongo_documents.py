"""The collections hold what their documents declare, and their indexes are there and used."""

from __future__ import annotations

import pytest

from social_crm.domain.mention import How
from social_crm.ports import MentionFilter
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


@pytest.fixture
def connection(fresh_mongo_url):
    store = open_mongo(fresh_mongo_url())
    yield store._connection
    store.close()


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
    ],
)
def test_an_index_answers_what_is_asked_often(connection, record, query):
    collection = connection.collection(record)
    names = [index["fields"][0][0] for index in record._meta["index_specs"]]
    # A planner may walk a small collection whole: give it something to choose from.
    collection.insert_many([{field: [n] if field == "brands" else n for field in names} for n in range(200)])
    assert "IXSCAN" in str(collection.find(query).explain()["queryPlanner"]["winningPlan"])
