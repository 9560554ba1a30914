"""What is special about talking to a MongoDB server: logins, absence, return, promises."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from urllib.parse import quote

import pytest

from social_crm.domain.errors import Conflict, Invalid, NotFound, StoreUnavailable
from social_crm.domain.span import Span
from social_crm.storage.mongo.documents import CounterRecord, MentionRecord
from social_crm.storage.mongo.store import open_mongo
from tests.builders import NOON, a_brand, a_mention, heard
from tests.mongo_server import free_port

PASSWORD = "open sesame: 100%/@"
ZONES = {"acme": "UTC"}


@pytest.fixture
def url(fresh_mongo_url):
    return fresh_mongo_url()


@pytest.fixture
def store(url):
    opened = open_mongo(url)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mongodb://", "database URL is wrong"),
        ("mongodb://host:port/name", "database URL is wrong"),
        ("mongodb://host:27017", "names no database"),
        ("mongodb://us@er:pw@host/name", "database URL is wrong"),
        ("mongodb://host/name?maxPoolSiz=3", "maxpoolsiz"),
        ("mongodb://host/name?maxPoolSize=many", "maxpoolsize"),
        ("mongodb://host/na$me", "database URL is wrong"),
    ],
)
def test_a_wrong_url_is_one_clear_line(url, hint):
    with pytest.raises(Invalid, match=hint) as caught:
        open_mongo(url)
    assert "\n" not in caught.value.message


def test_a_url_that_cannot_be_read_does_not_show_its_password():
    with pytest.raises(Invalid) as caught:
        open_mongo(f"mongodb://user:{PASSWORD}@host:27017/name")
    assert "sesame" not in caught.value.message


def test_no_server_is_told_within_the_time_that_a_person_waits():
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1.*refused.*start it") as caught:
        open_mongo(f"mongodb://127.0.0.1:{free_port()}/name")
    assert "\n" not in caught.value.message
    assert "Topology" not in caught.value.message
    # Far below pymongo's own 30 seconds, far above the 2 that we set: no measurement, but the setting cannot be missing.
    assert time.monotonic() - began < 15


def test_the_url_may_set_another_patience(store, url):
    with pytest.raises(StoreUnavailable, match="does not answer"):
        open_mongo(f"mongodb://127.0.0.1:{free_port()}/name?serverSelectionTimeoutMS=1")
    impatient = open_mongo(f"{url}?maxPoolSize=3")
    options = impatient._connection.client.options
    impatient.close()
    assert options.pool_options.max_pool_size == 3
    assert store._connection.client.options.pool_options.max_pool_size == 32


def test_what_is_acknowledged_is_journaled_by_a_majority_whatever_the_url_says(url):
    store = open_mongo(f"{url}?w=1&journal=false")
    collection = store._connection.collection(MentionRecord)
    store.close()
    assert collection.write_concern.document == {"w": "majority", "j": True}
    assert collection.read_concern.level == "majority"


@pytest.mark.slow
def test_a_wrong_login_is_one_clear_line(new_mongo_server):
    with new_mongo_server(user="crm", password=PASSWORD) as server:
        right = server.url("crm")
        store = open_mongo(right)
        store.brands.put(a_brand())
        store.close()
        for wrong in (right.replace(quote(PASSWORD, safe=""), "guess"), f"mongodb://127.0.0.1:{server.port}/crm"):
            with pytest.raises(Invalid, match="database") as caught:
                open_mongo(wrong)
            assert "\n" not in caught.value.message
            assert "guess" not in caught.value.message


def test_a_database_of_a_newer_release_is_left_alone(store, url):
    store._connection.collection(CounterRecord).update_one({"_id": "schema"}, {"$set": {"n": 99}})
    with pytest.raises(Conflict, match=r"schema 99.*newer release"):
        open_mongo(url)


def test_two_stores_in_one_process_do_not_meet(fresh_mongo_url):
    one, other = open_mongo(fresh_mongo_url()), open_mongo(fresh_mongo_url())
    one.brands.put(a_brand())
    one.mentions.take([heard()], [], ZONES, NOON)
    assert [brand.id for brand in one.brands.list()] == ["acme"]
    assert other.brands.list() == ()
    assert other.mentions.count() == 0
    one.close()
    assert other.mentions.count() == 0
    other.close()


def test_a_closed_store_says_so(url):
    store = open_mongo(url)
    store.close()
    with pytest.raises(StoreUnavailable, match="open the store again"):
        store.brands.list()


@pytest.mark.slow
def test_every_way_of_asking_says_that_the_server_is_away_and_recovers_when_it_is_back(new_mongo_server):
    with new_mongo_server() as server:
        store = open_mongo(f"{server.url('crm')}?serverSelectionTimeoutMS=100")
        store.mentions.take([heard()], [], ZONES, NOON)
        store.brands.put(a_brand())
        lease = store.leases.claim("collect:a", "first", NOON, NOON + timedelta(minutes=1))
        store.sources.charge(lease, "a", NOON.date(), 1)
        server.kill()
        for ask in (
            store.ping,
            store.brands.list,
            store.mentions.count,
            lambda: store.mentions.get("x:100"),
            lambda: store.mentions.table("acme"),
            lambda: store.rollups.activity(["acme"]),
            lambda: store.rollups.state(["acme"]),
            store.links.version,
            lambda: store.reports.find("print"),
            lambda: store.keys.find("prefix"),
            lambda: store.secret("name"),
            lambda: store.mentions.take([heard(a_mention("x:101"))], [], ZONES, NOON),
            lambda: store.coverage.spans("a", Span(NOON, NOON + timedelta(hours=1))),
            lambda: store.leases.claim("collect:b", "first", NOON, NOON + timedelta(minutes=1)),
            lambda: store.leases.renew(lease, NOON + timedelta(minutes=2)),
            lambda: store.sources.charge(lease, "a", NOON.date(), 1),
            lambda: store.events.after(0, 1),
            lambda: next(store.archive.pages("a", NOON, NOON + timedelta(hours=1))),
        ):
            with pytest.raises(StoreUnavailable):
                ask()
        server.restart()
        assert store.mentions.get("x:100") == heard()
        assert store.brands.get("acme").version == 1
        store.sources.charge(lease, "a", NOON.date(), 1)
        assert [spend.units for spend in store.sources.spend("a", NOON.date())] == [2]
        store.close()


@pytest.mark.slow
def test_a_server_that_dies_between_two_pages_costs_nothing(new_mongo_server):
    with new_mongo_server() as server:
        store = open_mongo(server.url("crm"))
        store.mentions.take([heard()], [], ZONES, NOON)
        server.restart()
        store.mentions.take([heard(a_mention("x:101"))], [], ZONES, NOON)
        assert store.mentions.known(["x:100", "x:101"]) == {"x:100", "x:101"}
        store.close()


def test_a_brand_that_many_put_at_once_counts_every_one(store):
    threads = [threading.Thread(target=store.brands.put, args=(a_brand(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.brands.get("acme").version == 8


def test_a_value_that_bson_cannot_hold_is_refused(store):
    with pytest.raises(Invalid, match="cannot be stored"):
        store.brands.put(a_brand(name="half a character \ud83d"))
    with pytest.raises(NotFound):
        store.brands.get("acme")
