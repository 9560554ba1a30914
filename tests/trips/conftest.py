"""The stores that trips are made over: SQLite and MongoDB."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from social_crm.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Store


@pytest.fixture(params=["sqlite", "mongo"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "mongo":
        return request.getfixturevalue("fresh_mongo_url")()
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(open_store(store_url)) as opened:
        yield opened
