"""Fixtures for the contract: each test that asks for a store runs over SQLite and over MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from social_crm.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from social_crm.ports import Store


@pytest.fixture(params=["sqlite", "mongo"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has used."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return request.getfixturevalue("fresh_mongo_url")()


@pytest.fixture
def open_again(url: str) -> Iterator[Callable[[], Store]]:
    """Opens the database of `store` once more, as another process would."""
    opened: list[Store] = []

    def again() -> Store:
        opened.append(open_store(url))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again: Callable[[], Store]) -> Store:
    return open_again()
