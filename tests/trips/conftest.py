"""The stores that trips are made over: SQLite and MongoDB."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from social_crm.storage import open_store
from tests.sources.stand import Place
from tests.sources.stands.hackernews import STAND
from tests.trips.collecting import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Store


# `make check` makes every trip over SQLite; that both stores do the same is for the contract, and for `make test`.
@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.slow)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "mongo":
        return request.getfixturevalue("fresh_mongo_url")()
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(open_store(store_url)) as opened:
        yield opened


@pytest.fixture
def place() -> Iterator[Place]:
    """Hacker News on loopback: the plainest platform, without sign-in."""
    with Place(STAND) as place:
        yield place


@pytest.fixture
def service(store: Store, place: Place) -> Service:
    return Service(store, place)
