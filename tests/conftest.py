"""Fixtures for all tests: a MongoDB server that the suite starts itself."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest

from tests.mongo_server import MISSING, MongoServer, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IN_CI = os.environ.get("CI") == "true"
NAMED_SERVER = os.environ.get("SOCIAL_CRM_TEST_MONGO_URL")


# `make check` runs what most changes can break: one store, and of the platforms the plainest one and X. The same over
# MongoDB, the other platforms and the demo are for `make test`.
_LEFT_OUT = re.compile(r"test_(?:recorded_)?(?:bluesky|discourse|feeds|mastodon|reddit|youtube)|test_demo\.py|mongo")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make check` leaves out."""
    for item in items:
        if _LEFT_OUT.search(item.nodeid.lower()):
            item.add_marker(pytest.mark.slow)


def _need_server() -> None:
    """Skip where no server can be started; in CI that is a failure: half of the suite would be missing."""
    if not is_installed():
        if IN_CI:
            pytest.fail(MISSING)
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def new_mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., MongoServer]:
    """Makes a server of one's own, not started yet: for tests that kill it or ask it for a password."""
    _need_server()
    return lambda **login: MongoServer(tmp_path_factory.mktemp("mongo"), **login)


@pytest.fixture(scope="session")
def mongo_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the server of this session: the one that SOCIAL_CRM_TEST_MONGO_URL names, else a new one."""
    if NAMED_SERVER:
        yield NAMED_SERVER
        return
    with request.getfixturevalue("new_mongo_server")() as server:
        yield server.url("")


@pytest.fixture
def fresh_mongo_url(mongo_url: str) -> Iterator[Callable[[], str]]:
    """Makes URLs of databases that nobody has used; on a server that outlives us they are dropped at the end."""
    names: list[str] = []

    def fresh() -> str:
        names.append(f"social_crm_test_{secrets.token_hex(6)}")
        return urlunsplit(urlsplit(mongo_url)._replace(path=f"/{names[-1]}"))

    yield fresh
    if not NAMED_SERVER:
        return  # the whole server goes at the end, and dropping takes it longer than filling
    with pymongo.MongoClient(mongo_url) as client:
        for name in names:
            client.drop_database(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """In CI nobody may skip a test for lack of the server, whatever way they find."""
    report = yield
    if IN_CI and report.skipped and isinstance(report.longrepr, tuple) and "mongo" in report.longrepr[2].lower():
        report.outcome, report.longrepr = "failed", f"in CI the MongoDB half must run: {report.longrepr[2]}"
    return report
